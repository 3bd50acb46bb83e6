"""One answer for all shards: by this process, resumed, and by the command; what is missing is said in one sentence."""

import json
import sys

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.cli.main import main
from sde_core.embedding_formats.cluster import spectra
from sde_core.embedding_formats.cluster.spectra import spectra_of_shards
from sde_core.embedding_formats.shards import Shard, shards_of
from sde_core.errors import ConfigError, DataError


@pytest.fixture
def folder(tmp_path):
    r = np.random.default_rng(0)
    for name in ("image", "text"):
        np.save(tmp_path / f"{name}.npy", r.standard_normal((400, 6)).astype(np.float32))
    return tmp_path


def test_what_was_kept_is_not_read_again_and_changes_no_bit(folder, tmp_path, monkeypatch):
    shards = shards_of(str(folder), rows=10)
    told = []
    whole = spectra_of_shards(shards, progress=lambda done, total: told.append((done, total)))
    assert told == [(8, 40), (16, 40), (24, 40), (32, 40), (40, 40)]
    read = spectra.shard_sums

    def stopped(shard, center, cross):
        if shard.start == 200:
            raise KeyboardInterrupt
        return read(shard, center, cross)

    monkeypatch.setattr(spectra, "shard_sums", stopped)
    with pytest.raises(KeyboardInterrupt):
        spectra_of_shards(shards, resume=tmp_path / "kept")
    again = []
    monkeypatch.setattr(spectra, "shard_sums", lambda *given: (again.append(given[0]), read(*given))[1])
    found = spectra_of_shards(shards, resume=tmp_path / "kept")
    assert again == shards[16:]
    for name in ("image", "text"):
        one, other = (sums.sides[name].spectrum().singular_values for sums in (found, whole))
        torch.testing.assert_close(one, other, rtol=0, atol=0)
        rows = np.load(folder / f"{name}.npy")
        torch.testing.assert_close(one, sde.compute_spectrum(rows).singular_values, rtol=1e-12, atol=0)


def test_a_group_with_a_skipped_shard_is_tried_again(folder, tmp_path):
    shards = [*shards_of(str(folder), rows=10), Shard(path=str(tmp_path / "late.npy"))]
    kept = tmp_path / "kept"
    first = spectra_of_shards(shards, resume=kept)
    assert len(first.skipped) == 1
    np.save(tmp_path / "late.npy", np.load(folder / "image.npy")[:5])
    assert spectra_of_shards(shards, resume=kept).sides["image"].count == 405


def test_nothing_to_read_and_engines_that_are_not_there(folder, monkeypatch, capsys):
    with pytest.raises(
        DataError, match="must hold at least one usable row; 1 could not be read; the first: no"
    ):
        spectra_of_shards([Shard(path="no.npy")])
    with pytest.raises(ConfigError, match=r'engine must be "process" or "ray"; got .spark.'):
        spectra_of_shards(shards_of(str(folder)), engine="spark")
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main(["spectrum", str(folder), "--engine", "ray"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert 'engine ray needs the package ray: pip install "sde-explorer[cluster]"' in said


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--address", "here:1"], "--address is of an engine: add --engine"),
        (["--engine", "ray", "--rule", "parallel"], "rule parallel looks at more than the spectrum"),
        (["--engine", "ray", "--memory", "2G"], "--memory is of this process alone"),
    ],
)
def test_options_that_do_not_go_together(folder, more, sentence, capsys):
    assert main(["spectrum", str(folder), *more]) == 2
    assert sentence in capsys.readouterr().err


def test_every_rule_says_itself_whether_it_needs_more_than_the_spectrum():
    """The command refuses those before any work; this is the list that it goes by."""
    from sde_core.cli.engine import OF_ROWS

    spectrum = sde.compute_spectrum(np.random.default_rng(0).standard_normal((80, 20)))
    refused = set()
    for rule in sde.rule_names():
        try:
            sde.partition_spectrum(spectrum, rule)
        except DataError:
            refused.add(rule)
        except ConfigError:
            pass  # wants thresholds
    assert refused == set(OF_ROWS)


def test_the_command_says_what_it_took(folder, capsys):
    assert main(["spectrum", str(folder), "--json"]) == 0
    here = json.loads(capsys.readouterr().out)
    assert main(["spectrum", str(folder), "--engine", "process", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["engine"], found["n_shards"], found["skipped"]) == ("process", 1, [])
    for mine, theirs in zip(found["spectra"], here["spectra"], strict=True):
        assert mine["singular_values"] == pytest.approx(theirs["singular_values"], rel=1e-12)
        assert (mine["modality"], mine["bands"]) == (theirs["modality"], theirs["bands"])
