import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sde_core import EmbeddingSet
from sde_core.cli import main


def test_encode_writes_a_set_and_says_what(tiny_encoder_folder, write_shard, good_members, tmp_path, capsys):
    shard = write_shard([*good_members, ("bad.webp", b"x"), ("bad.txt", b"bad")])
    output = tmp_path / "out"
    arguments = ["encode", str(shard), "--model", str(tiny_encoder_folder), "--output", str(output), "--json"]
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    facts = json.loads(out)
    loaded = EmbeddingSet.load(output)
    assert facts["fingerprint"] == loaded.fingerprint
    assert (facts["n_images"], facts["n_texts"], facts["width"], facts["skipped"]) == (5, 10, 16, 1)
    assert "1 items skipped" in err
    assert "bad: the picture's format is not known" in err
    assert main(arguments[:-1]) == 0
    assert "fingerprint" in capsys.readouterr().out


def test_spectrum_prints_and_writes_what_the_library_computes(saved_set, tmp_path, capsys):
    import sde_core as sde

    target = tmp_path / "spectrum.csv"
    assert main(["spectrum", str(saved_set), "--json", "--output", str(target)]) == 0
    report = json.loads(capsys.readouterr().out)
    spectrum = sde.compute_spectrum(EmbeddingSet.load(saved_set).text)
    partition = sde.partition_spectrum(spectrum)
    text = report["spectra"][1]
    assert text["singular_values"] == spectrum.singular_values.tolist()
    assert (text["n_strong"], text["n_weak"], text["n_noise"]) == (
        partition.n_strong,
        partition.n_weak,
        partition.n_noise,
    )
    shares = sum(text[f"{band}_energy_share"] for band in ("strong", "weak", "noise"))
    assert shares == pytest.approx(1.0)
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    assert len(rows) == 16
    assert [float(r["singular_value"]) for r in rows if r["modality"] == "text"] == text["singular_values"]
    assert main(["spectrum", str(saved_set), "--modality", "image", "--center", "none"]) == 0
    assert "effective_rank" in capsys.readouterr().out


def test_evaluate_of_saved_sets_prints_benchmark_names(saved_set, capsys):
    assert main(["evaluate", "--embeddings", str(saved_set), "--captions", "primary", "--json"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert report["task"] == "zeroshot_retrieval"
    for direction in ("image", "text"):
        for k in (1, 5, 10):
            name = f"{direction}_retrieval_recall@{k}"
            assert report["metrics"][name] > report["chance"][name]
    assert main(["evaluate", "--embeddings", str(saved_set)]) == 0
    assert "i→t R@10" in capsys.readouterr().out


def test_evaluate_encodes_pairs(tiny_encoder_folder, write_shard, good_members, capsys):
    shard = str(write_shard(good_members))
    assert main(["evaluate", shard, "--model", str(tiny_encoder_folder), "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert [(r["captions"], r["n_images"], r["n_texts"]) for r in reports] == [
        ("each", 5, 10),
        ("primary", 5, 5),
        ("all", 5, 10),
    ]


def test_evaluate_compares_all_treatments_fitted_on_another_split(make_set, capsys):
    from sde_core.treatments.table import comparison_names

    train, test = str(make_set("train", 1)), str(make_set("test", 2))
    arguments = ["evaluate", "--embeddings", test, "--captions", "all", "--fit-on", train]
    assert main([*arguments, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert tuple(row["treatment"] for row in rows) == comparison_names()
    assert {row["fit_on"] for row in rows} == {"train"}
    name = "text_retrieval_recall@1"
    for row in rows:
        low, high = row["intervals"][name]
        assert low <= row["metrics"][name] <= high
    assert main([*arguments, "--baselines", "csls,nnn"]) == 0
    out = capsys.readouterr().out
    assert "csls" in out
    assert "whitening" not in out


def test_evaluate_of_two_versions_of_a_set_has_no_joint_row(make_set, capsys):
    sets = [str(make_set("a", 1)), str(make_set("b", 2))]  # both number their pictures from 0
    assert main(["evaluate", "--embeddings", *sets, "--captions", "all", "--json"]) == 0
    assert [r["dataset"] for r in json.loads(capsys.readouterr().out)] == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spectrum", "no-such-folder"], "there is no no-such-folder"),
        (["spectrum", "SET", "--rule", "magic"], "rule must be one of mp-iqr"),
        (["spectrum", "SET", "--output", "/no/such/place.csv"], "output must be a writable file"),
        (["evaluate", "nowhere.tar"], "there is no nowhere.tar"),
        (["encode", "nowhere.tar", "--output", "x"], "there is no nowhere.tar"),
        (["evaluate", "--embeddings", "SET", "--fit-on", "SET"], "must be another split"),
        (["evaluate", "--embeddings", "SET", "--fit-on", "emoji/val"], "must have the width"),
        (["evaluate", "--embeddings", "SET", "--baselines", "csls"], "must come with --fit-on"),
        (["app", "--port", "99999"], "port must lie in"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(saved_set, capsys, arguments, message):
    assert main([str(saved_set) if a == "SET" else a for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1


def test_wrong_options_exit_with_2_and_help_has_an_example(capsys):
    assert main([]) == 2
    for arguments in (["nonsense"], ["encode", "emoji", "--output", "x", "--batch-size", "0"]):
        with pytest.raises(SystemExit) as exit_:
            main(arguments)
        assert exit_.value.code == 2
    for command in ("encode", "spectrum", "evaluate", "transform", "app"):
        with pytest.raises(SystemExit) as exit_:
            main([command, "--help"])
        assert exit_.value.code == 0
        assert f"examples:\n  sde {command}" in capsys.readouterr().out


def test_the_module_runs_as_a_program():
    out = subprocess.run(
        [sys.executable, "-m", "sde_core", "--version"], capture_output=True, text=True, check=True
    )
    assert out.stdout.startswith("sde ")


def test_an_interrupted_encode_goes_on_with_the_same_command(
    write_shard, good_members, tiny_encoder_folder, tmp_path, monkeypatch, capsys
):
    from sde_core import encoding
    from sde_core.encoding import blocks

    command = [
        "encode",
        str(write_shard(good_members)),
        "--model",
        str(tiny_encoder_folder),
        "--batch-size",
        "2",
    ]
    assert main([*command, "--output", str(tmp_path / "whole")]) == 0
    encode_pairs = encoding.encode_pairs

    def interrupt(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(blocks, "_SECONDS", 0.0)
        patch.setattr(
            encoding, "encode_pairs", lambda *a, **k: encode_pairs(*a, **{**k, "progress": interrupt})
        )
        assert main([*command, "--output", str(tmp_path / "set")]) == 130
    assert "set.blocks: the same command goes on there" in capsys.readouterr().err
    assert list((tmp_path / "set.blocks").glob("images-*"))
    assert main([*command[:4], "--output", f"{tmp_path / 'set'}/"]) == 0  # "auto" takes the size of before
    assert (
        EmbeddingSet.load(tmp_path / "set").fingerprint == EmbeddingSet.load(tmp_path / "whole").fingerprint
    )
    assert not (tmp_path / "set.blocks").exists()


def test_encode_refuses_a_file_as_its_output_before_any_work(tmp_path, capsys):
    taken = tmp_path / "taken"
    taken.write_text("mine")
    assert main(["encode", "emoji/val", "--output", str(taken)]) == 2
    assert (
        capsys.readouterr().err == f"sde encode: output must be a folder; {taken} is a file: name another\n"
    )
    assert taken.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_an_interrupt_without_a_word_of_its_own_says_that_nothing_was_written(monkeypatch, capsys):
    from sde_core.cli import spectrum

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(spectrum, "_report", interrupt)
    assert main(["spectrum", "emoji"]) == 130
    assert capsys.readouterr().err == "sde spectrum: interrupted, nothing was written\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_sentence(saved_set):
    command = [sys.executable, "-m", "sde_core", "spectrum", str(saved_set), "--json"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    sentence = (
        "sde spectrum: the output could not be written, the disk is full: make room, or choose another place"
    )
    assert (done.returncode, done.stderr.strip()) == (2, sentence)


def test_a_format_of_pairs_is_no_format_of_embeddings(saved_set, capsys):
    assert main(["evaluate", "--embeddings", str(saved_set), "--input-format", "folder"]) == 2
    assert "--input-format names a format of pairs" in capsys.readouterr().err


def test_threads_are_told_to_sleep_before_the_libraries_are_loaded():
    code = (
        "import os, sys; from sde_core.cli import main; main(['spectrum', 'no-such-set']);"
        "assert 'numpy' in sys.modules; print(os.environ['OMP_WAIT_POLICY'])"
    )
    given = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    for environment, wanted in ((given, "PASSIVE"), (given | {"OMP_WAIT_POLICY": "active"}, "active")):
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == wanted
