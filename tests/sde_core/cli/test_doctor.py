import json

from sde_core.cli import doctor
from sde_core.cli.main import main


def _findings(capsys, code: int) -> dict[str, dict]:
    assert main(["doctor", "--json"]) == code
    return {finding["what"]: finding for finding in json.loads(capsys.readouterr().out)}


def test_a_working_installation_has_nothing_to_mend(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "new" / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    found = _findings(capsys, 0)
    assert {"Python", "device", "bundled data", "cache", "hub"} <= set(found)
    assert all(finding["state"] != "bad" for finding in found.values())
    assert str(tmp_path / "new") in found["cache"]["found"]
    assert not (tmp_path / "new").exists()  # it looks, and changes nothing
    assert main(["doctor"]) == 0
    assert "bundled data" in capsys.readouterr().out


def test_what_is_missing_comes_with_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SDE_DATA", str(tmp_path / "nowhere"))
    found = _findings(capsys, 2)["bundled data"]
    assert found["state"] == "bad"
    assert "SDE_DATA" in found["found"]
    (tmp_path / "nowhere").mkdir()
    assert "lacks sde-mini" in _findings(capsys, 2)["bundled data"]["found"]


def test_packages_are_those_of_the_project(monkeypatch):
    wanted = [
        "numpy>=1.26,<2",
        "no-such-thing>=1,<2",
        'other-thing>=1,<2; extra == "lora"',
        'ruff>=1; extra == "dev"',
        'furo>=1; extra == "site"',
    ]
    monkeypatch.setattr(doctor, "requires", lambda _: wanted)
    monkeypatch.setattr(doctor, "_version", lambda name: {"numpy": "2.1.3"}.get(name))
    states = {f.what: (f.state, f.remedy) for f in doctor._packages()}
    assert states["numpy"][0] == "note"
    assert states["no-such-thing"] == ("bad", 'pip install "sde-explorer"')
    assert states["other-thing"] == ("note", 'pip install "sde-explorer[lora]"')
    assert not {"ruff", "furo"} & states.keys()


def test_what_killed_writers_left_is_found_and_removed(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))
    mine = tmp_path / "mine"
    left = [tmp_path / "cache" / "embeddings" / ".a.writing-1", mine / ".b.json.writing-2"]
    left[0].mkdir(parents=True)
    mine.mkdir()
    left[1].write_text("half")
    (mine / "b.json").write_text("whole")
    found = _findings(capsys, 0)["unfinished writes"]
    assert (found["state"], found["remedy"]) == ("note", "sde doctor --clean")
    assert all(path.exists() for path in left)
    assert main(["doctor", "--json", "--clean", str(mine)]) == 0
    assert not any(path.exists() for path in left)
    assert (mine / "b.json").read_text() == "whole"
