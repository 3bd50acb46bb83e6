"""Bands across the views: one answer to factors that a rule cannot follow, and each spectrum split once a run."""

from collections import Counter

import pytest

import sde_core as sde
from sde_core.cli import main
from sde_core.partition import nothing_to_move
from sde_core.report import ReportSpec, SetSpec, make_report
from sde_core.vocabulary import Modality
from sde_explorer.readings.matrices import Matrix

SENTENCE = nothing_to_move("cross-modal")
VIEWS = ("overview", "spectrum", "curriculum", "subspaces", "retrieval", "compare", "share")


def said(at) -> str:
    kinds = ("markdown", "caption", "info", "warning")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws_the_rules_bands_and_says_that_there_is_nothing_to_move(
    view, open_page, spiked_folder
):
    link = {"data": str(spiked_folder), "rule": "cross-modal", "noise": "2"}
    at = open_page(view, **link, **({"other": str(spiked_folder)} if view == "compare" else {}))
    assert not at.exception
    assert not at.error
    assert SENTENCE in said(at)
    assert "moved by hand" not in said(at)


@pytest.mark.parametrize("view", ["overview", "spectrum"])
def test_a_rule_with_thresholds_says_that_they_were_moved(view, open_page, spiked_folder):
    at = open_page(view, data=str(spiked_folder), noise="2")
    assert "Thresholds were moved by hand." in said(at)
    assert "nothing to move" not in said(at)


def test_commands_say_the_same_and_leave_the_labels(spiked_folder, tmp_path, capsys):
    rule = ["--rule", "cross-modal"]
    for command in (["spectrum", str(spiked_folder)], ["transform", str(spiked_folder)]):
        texts = []
        for factor in ("1", "2"):
            assert main([*command, *rule, "--noise-factor", factor]) == 0
            texts.append(capsys.readouterr().out)
        assert SENTENCE not in texts[0]
        assert texts[1].replace(f" {SENTENCE}", "") == texts[0]
        assert texts[1].count(SENTENCE) == 2


def test_the_report_says_the_same(spiked_folder):
    spec = ReportSpec(
        title="moved",
        sets=(SetSpec(embeddings=str(spiked_folder)),),
        rule="cross-modal",
        noise_factor=2.0,
        treatments=("raw", "sde-pruned"),
        n_resamples=20,
    )
    assert SENTENCE in make_report(spec).html()


@pytest.mark.parametrize("view", VIEWS)
def test_each_spectrum_is_split_once_a_run_whoever_reads_its_bands(view, open_page, tmp_path, monkeypatch):
    from tests.app.conftest import spiked

    folder = spiked(seed=VIEWS.index(view) + 7001).save(tmp_path / "own")  # that no other test has read
    other = spiked(seed=7099).save(tmp_path / "other")
    made, moved = Counter(), Counter()
    of, move = sde.Bands.of.__func__, sde.Bands.moved

    def counted_of(cls, spectrum, partition, *, modality=""):
        made[modality, spectrum.singular_values.sum().item()] += 1
        return of(cls, spectrum, partition, modality=modality)

    def counted_move(self, **factors):
        moved[self.modality, self.values.sum(), tuple(factors.items())] += 1
        return move(self, **factors)

    monkeypatch.setattr(sde.Bands, "of", classmethod(counted_of))
    monkeypatch.setattr(sde.Bands, "moved", counted_move)
    link = {"data": str(folder), "noise": "2", **({"other": str(other)} if view == "compare" else {})}
    at = open_page(view, **link)
    assert not at.exception
    if view != "retrieval":  # whose rows are fitted on a part of the set
        assert {modality for modality, _ in made} >= {"image"}
    assert set(made.values()) <= {1}
    assert set(moved.values()) <= {1}


def test_a_matrix_says_the_same_whatever_word_named_it():
    one, other = Matrix(kind="image"), Matrix(kind=Modality.IMAGE)
    assert repr(one) == repr(other)
    assert type(other.kind) is str
