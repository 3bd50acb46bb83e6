"""Whether vectors are the named encoder's is said wherever a set is opened: Python, every command, the report."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.report.inspection import check_path
from sde_core.report.make import make_report
from sde_core.report.spec import ReportSpec, SetSpec

SAME = "The vectors are those of bundled: "
OTHER = "The vectors are not those of bundled: "


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Folders of vectors that say they are the bundled encoder's: one tells the truth."""
    folder = tmp_path_factory.mktemp("sets")
    whole = sde.open_embeddings("clipart")
    some = whole.select(np.arange(40), name="some")
    named = replace(some, provenance=replace(some.provenance, encoder="bundled", weights_sha256=""))
    rng = np.random.default_rng(0)
    image, text = (rng.normal(size=x.shape).astype(np.float32) for x in (named.image, named.text))
    return {
        True: named.save(folder / "honest"),
        False: replace(named, image=image, text=text).save(folder / "other"),
    }


@pytest.mark.parametrize("is_honest", [True, False])
def test_python_says_it_where_an_encoder_is_named(sets, is_honest):
    made = sde.open_embeddings(sets[is_honest], encoder="bundled")
    assert made.remarks[-1].startswith(SAME if is_honest else OTHER)
    assert not [r for r in sde.open_embeddings(sets[is_honest]).remarks if r.startswith((SAME, OTHER))]
    untold = sde.open_embeddings(sets[is_honest], encoder="bundled", compare_encoder=False)
    assert made.fingerprint == untold.fingerprint
    assert not untold.remarks


def test_vectors_of_others_are_compared_with_the_encoder_that_is_named(tmp_path):
    np.savez(tmp_path / "x.npz", image=np.eye(6, 64, dtype=np.float32), text=np.eye(6, 64, 3, np.float32))
    made = sde.open_embeddings(tmp_path / "x.npz", captions=list("abcdef"), encoder="bundled")
    assert made.remarks[-1].startswith(OTHER)
    # One that is nowhere on this machine is not fetched for it.
    assert not sde.open_embeddings(tmp_path / "x.npz", encoder="ViT-B-32/openai").remarks


@pytest.mark.parametrize(
    ("is_honest", "words"),
    [
        (True, ["spectrum", "SET"]),
        (False, ["spectrum", "SET"]),
        (False, ["evaluate", "--embeddings", "SET"]),
        (False, ["knows", "--embeddings", "SET"]),
        (False, ["transform", "SET", "--output-set", "made"]),
        (False, ["check", "SET", "--allow", "near_duplicates,shared_captions,tied_vectors,leaks"]),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else str(value),
)
def test_every_command_says_it(sets, is_honest, words, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    main([str(sets[is_honest]) if word == "SET" else word for word in words])
    said = " ".join("".join(capsys.readouterr()).split())
    assert (SAME if is_honest else OTHER) in said


def test_the_facts_of_a_check_hold_it_unless_told_not_to(sets):
    def remarks(**options):
        odd = check_path(sets[False], **options).odd
        return [text for each in odd if each.kind == "remarks" for text in each.examples]

    assert [text for text in remarks() if text.startswith(OTHER)]
    assert not remarks(compare_encoder=False)


@pytest.mark.parametrize("is_honest", [True, False])
def test_the_report_says_it(sets, is_honest):
    report = make_report(ReportSpec(sets=(SetSpec(embeddings=str(sets[is_honest])),)))
    assert (SAME if is_honest else OTHER) in json.dumps(report.content)
