import json

import pytest

from sde_core.cli.main import main


def test_shares_as_json_and_as_a_table(tmp_path, capsys):
    target = tmp_path / "knows.json"
    asked = ["knows", "--embeddings", "emoji", "--column", "group", "--column", "concept"]
    assert main([*asked, "--json", str(target)]) == 0
    printed = capsys.readouterr().out
    content = json.loads(target.read_text())
    shares = content["shares"]["group"]
    assert sum(shares.values()) == pytest.approx(1, abs=1e-10)
    assert shares["strong"] == pytest.approx(0.905, abs=0.0006)
    assert f"{100 * shares['strong']:.1f}" in printed
    assert "concept says nothing: it has 1,914 values" in printed
    assert main([*asked, "--noise-factor", "1.5", "--json"]) == 0
    moved = json.loads(capsys.readouterr().out)
    assert moved["shares"]["group"]["noise"] > shares["noise"]


def test_bad_input_is_one_sentence(capsys, tmp_path):
    assert main(["knows", "--embeddings", "emoji", "--column", "colour"]) == 2
    assert "column must be one of" in capsys.readouterr().err
    assert main(["knows", "--column", "group", "--json", str(tmp_path)]) == 2
    assert "must be a writable file" in capsys.readouterr().err


def test_what_is_known_beyond_another_column(capsys):
    assert main(["knows", "--column", "group", "--column", "style", "--given", "group", "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["given"] == "group"
    assert list(told["shares"]) == ["style"]
    assert told["columns"]["group"]["reason"] == "it is the column that was taken off"
    assert main(["knows", "--given", "colour"]) == 2
    assert "given must be one of" in capsys.readouterr().err


def test_a_word_and_a_statistic_of_the_images_are_columns(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path))
    part = ["knows", "--embeddings", "clipart", "--json", "-"]
    assert main([*part, "--column", "brightness", "--column", "flag"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told["columns"]) == ["brightness", "flag"]
    assert told["columns"]["brightness"]["kind"] == "number"
    assert not (tmp_path / "statistics").exists()  # those of the bundled sets come along


def test_directions_are_named(capsys):
    assert main(["knows", "--column", "subgroup", "--column", "brightness", "--names", "3"]) == 0
    assert "person, − country-flag" in capsys.readouterr().out.replace("\n", " ")


def test_what_can_be_read_out_stands_beside_the_shares(capsys):
    part = ["knows", "--embeddings", "clipart", "--column", "group", "--read-out"]
    assert main([*part, "--twins", "concept", "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)["readout"]
    assert told["twins"] == "concept"
    assert 0.3 < told["columns"]["group"]["probe"]["strong"] < 1
    assert len(told["columns"]["group"]["probe_rotated"]["weak"]) == 5
    assert main(part) == 0
    printed = capsys.readouterr().out
    assert "a linear probe reads (random rotations)" in printed
    assert "ten nearest that are no twins agree" in printed
    assert main([*part, "--twins", "colour"]) == 2
    assert "twins must be one of captions, links, vectors" in capsys.readouterr().err


def test_a_rule_that_hears_columns_is_measured_on_another_part(capsys):
    asked = ["knows", "--embeddings", "clipart/train", "--column", "group", "--held-out", "clipart/test"]
    assert main([*asked, "--json", "-"]) == 0
    told = json.loads(capsys.readouterr().out)["rule_known"]
    assert told["columns"] == ["group"]
    assert len(told["retrieval"]) == 5
    assert main(asked) == 0
    printed = capsys.readouterr().out
    assert "rule known, hearing group: image " in printed
    assert "prune by known" in printed
