"""`sde atlas` reads what it is given, names what it cannot read, and says so by its exit code."""

import json

import numpy as np
import open_clip

from sde_core.cli import main
from sde_core.cli.atlas import known_encoders
from sde_core.embedding_formats.named import open_named


def test_a_page_and_its_numbers(tiny_encoder_folder, write_shard, good_members, tmp_path, capsys):
    shard, page = write_shard(good_members), tmp_path / "atlas.html"
    kept = open_named("clipart/val").select(np.arange(40)).save(tmp_path / "forty")
    listed = tmp_path / "mine.txt"
    listed.write_text(f"# mine\n{tiny_encoder_folder}  # small\n\n{tmp_path / 'none'}\n")
    words = [
        "atlas", f"@{listed}", "--embeddings", str(kept), "--pairs", str(shard), "--output", str(page),
        "--device", "cpu", "--resamples", "20",
    ]  # fmt: skip
    assert main([*words, "--json"]) == 1
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert [one["width"] for one in told["readings"]] == [16, 192]
    assert list(told["failures"]) == [str(tmp_path / "none")]
    assert "not read" in err
    assert "Atlas of encoders" in page.read_text("utf-8")
    assert main(words) == 1
    assert "RMG" in capsys.readouterr().out


def test_interrupted_it_says_where_what_is_done_is_kept(
    tiny_encoder_folder, write_shard, good_members, tmp_path, capsys, monkeypatch
):
    words = ["atlas", str(tiny_encoder_folder), "--pairs", str(write_shard(good_members)), "--device", "cpu"]
    words += ["--output", str(tmp_path / "a.html"), "--resamples", "20"]
    with monkeypatch.context() as pressed:
        pressed.setattr("sde_core.report.atlas.make.read_encoder", _interrupt)
        assert main(words) == 130
    assert f"kept in {tmp_path / 'a.work'}" in capsys.readouterr().err
    assert not (tmp_path / "a.html").exists()
    with monkeypatch.context() as refused:  # the vectors are there: nothing is encoded again
        refused.setattr("sde_core.report.atlas.make.encode_pairs", _interrupt)
        assert main(words) == 0
    assert (tmp_path / "a.html").exists()


def _interrupt(*given, **named):
    raise KeyboardInterrupt


def test_nothing_to_read_is_refused(tmp_path, capsys):
    assert main(["atlas", "--pairs", "clipart/val"]) == 2
    assert "--known" in capsys.readouterr().err
    assert main(["atlas", f"@{tmp_path / 'no.txt'}"]) == 2
    assert "an encoder a line" in capsys.readouterr().err


def test_the_known_encoders_are_encoders_of_open_clip():
    known = known_encoders()
    assert len(known) == len(set(known)) >= 24
    assert set(known) <= {"/".join(pair) for pair in open_clip.list_pretrained()}
