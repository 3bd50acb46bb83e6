import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.cli import main


def test_what_is_written_is_what_the_library_computes(make_set, tmp_path, capsys):
    train, test = make_set("train", 1), make_set("test", 2)
    maps, out = tmp_path / "maps", tmp_path / "out"
    arguments = [
        "transform",
        str(train),
        "--output",
        str(maps),
        "--apply",
        str(test),
        "--output-set",
        str(out),
    ]
    assert main([*arguments, "--progress", "0.5", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    rows = sde.EmbeddingSet.load(train).text
    spectrum = sde.compute_spectrum(rows)
    partition = sde.partition_spectrum(spectrum)
    gains = sde.enhancement_gains(spectrum, partition, 0.5)
    transform = sde.SpectralTransform.fit(spectrum, gains)
    saved = sde.SpectralTransform.load(maps / "text.safetensors")
    torch.testing.assert_close(saved.gains, transform.gains, rtol=0, atol=0)
    before, after = sde.EmbeddingSet.load(test), sde.EmbeddingSet.load(out)
    np.testing.assert_array_equal(after.text, transform(np.array(before.text)))
    assert (facts["text"]["n_strong"], facts["text"]["n_noise"]) == (partition.n_strong, partition.n_noise)
    bound = facts["text"]["certificate"]["bounds"]["relative_change"]
    assert 0 < bound["measured"] <= bound["bound"] == pytest.approx(float((gains - 1).abs().max()))
    assert after.provenance.transform == facts["label"]
    assert after.captions == before.captions
    assert facts["output_set"]["fingerprint"] == after.fingerprint


def test_a_saved_transform_does_the_same_again(make_set, tmp_path, capsys):
    train, test = make_set("train", 1), make_set("test", 2)
    first, second = tmp_path / "first", tmp_path / "second"
    fit = ["transform", str(train), "--kind", "prune", "--output", str(tmp_path / "maps")]
    assert main([*fit, "--apply", str(test), "--output-set", str(first)]) == 0
    assert "turn of a row" in capsys.readouterr().out
    load = ["transform", "--load", str(tmp_path / "maps"), "--apply", str(test), "--output-set", str(second)]
    assert main(load) == 0
    assert sde.EmbeddingSet.load(first).fingerprint == sde.EmbeddingSet.load(second).fingerprint
    pruned = sde.EmbeddingSet.load(first)
    centred = np.array(pruned.image) - sde.EmbeddingSet.load(train).image.mean(axis=0)
    assert np.linalg.matrix_rank(centred, tol=1e-3) == 3  # the directions that were planted


def test_thresholds_come_as_factors_or_as_numbers(saved_set, capsys):
    def counts(*more):
        assert main(["transform", str(saved_set), "--json", *more]) == 0
        image = json.loads(capsys.readouterr().out)["image"]
        return image["n_strong"], image["n_weak"], image["n_noise"], image["tau_noise"]

    own = counts()
    assert counts("--noise-factor", "2")[3] == pytest.approx(2 * own[3])
    assert counts("--tau-strong", "1e9", "--tau-noise", "0")[:3] == (0, 8, 0)
    assert counts("--tau_strong", "0", "--tau_noise", "0")[:3] == (8, 0, 0)


def test_bad_input_is_one_sentence(make_set, tmp_path, capsys):
    train, narrow = make_set("train", 1), make_set("narrow", 2, width=6)
    maps = tmp_path / "maps"
    assert main(["transform", str(train), "--output", str(maps)]) == 0
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "diary.txt").write_text("dear diary")
    broken = tmp_path / "broken"
    assert main(["transform", str(train), "--output", str(broken)]) == 0
    (broken / "image.safetensors").write_bytes((maps / "text.safetensors").read_bytes())
    capsys.readouterr()
    cases = [
        (["transform"], "needs a reference set to fit on or --load"),
        (["transform", str(train), "--load", str(maps)], "one of the two"),
        (["transform", "--load", str(maps), "--output-set", "x"], "must come with --apply"),
        (["transform", str(train), "--apply", str(train)], "must come with --output-set"),
        (["transform", str(train), "--output", str(tmp_path / "other")], "holds something else"),
        (["transform", "--load", str(tmp_path), "--apply", str(train), "--output-set", "x"], "is missing"),
        (["transform", "--load", str(broken), "--apply", str(train), "--output-set", "x"], "is not the file"),
        (["transform", "--load", str(maps), "--apply", str(narrow), "--output-set", "x"], "8 columns"),
        (["transform", str(train), "--progress", "2"], "progress must lie in [0, 1]"),
        (["transform", str(train), "--rule", "magic"], "rule must be one of"),
        (["transform", str(train), "--tau-noise", "1"], "must be given together"),
        (["transform", str(train), "--tau-noise", "2", "--tau-strong", "1"], "tau_noise <= tau_strong"),
        (["transform", str(train), "--noise-factor", "nan"], "finite factor"),
    ]
    for arguments, message in cases:
        assert main(arguments) == 2, arguments
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1), arguments
        assert message in err


def test_the_label_of_a_second_transform_keeps_the_first(make_set, tmp_path):
    from sde_core.treatments.treatment import load_treatment

    train = make_set("train", 1)
    assert main(["transform", str(train), "--output", str(tmp_path / "maps")]) == 0
    made = load_treatment(tmp_path / "maps")
    loaded = sde.EmbeddingSet.load(train)
    marked = replace(loaded, provenance=replace(loaded.provenance, transform="something"))
    assert made(marked).provenance.transform == f"something, then {made.facts['label']}"


def test_a_set_is_not_written_over_a_file(tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert main(["transform", "emoji/val", "--apply", "emoji/val", "--output-set", str(taken)]) == 2
    assert f"folder must be new or an embedding set; {taken} is a file" in capsys.readouterr().err
    assert taken.read_text() == "mine"
