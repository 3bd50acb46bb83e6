"""Every command of docs/cli.md is run as it stands there, and what it prints is compared number by number."""

import re
from pathlib import Path

import pytest

from sde_core.cli.main import build_parser, main

DOCS = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
BLOCKS = re.findall(r"```console\n\$ sde ([^\n]*)\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def _words_and_numbers(text):
    text = " ".join(_HASH.sub("HASH", text).replace("…", "").split())
    return _NUMBER.sub("#", text), _NUMBER.findall(text)


def _last_digit(number):
    """Return what the last printed digit is worth; of 1.2e-05, which is as good as 0, no less than of 0.1."""
    _, point, digits = number.partition(".")
    return 10.0 ** -len(digits) if point and "e" not in number else 0.1


def test_every_command_is_on_the_page():
    (action,) = (a for a in build_parser()._actions if a.dest == "command")
    text = DOCS.read_text("utf-8")
    for command in action.choices:
        assert f"sde {command}`" in text
    assert {line.split()[0] for line, _ in BLOCKS} == set(action.choices) - {
        "app",
        "completion",
        "doctor",
        "mcp",
        "open",
        "schema",
        "series",
        "watch",
    }


def test_the_page_shows_what_is_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for line, expected in BLOCKS:  # in order: later commands read what earlier ones wrote
        assert main(line.split()) == 0, line
        found = capsys.readouterr().out
        if "…" in expected:
            found = "\n".join(found.splitlines()[: expected.count("\n") - 1])
        words, numbers = _words_and_numbers(found)
        expected_words, expected_numbers = _words_and_numbers(expected)
        assert words == expected_words, line
        # Other processors round float32 sums otherwise, and a training goes on from there: the last digit may differ.
        loose = 6 if line.startswith("finetune") else 1.1
        for number, wanted in zip(numbers, expected_numbers, strict=True):
            off = loose * _last_digit(wanted)
            assert float(number) == pytest.approx(float(wanted), rel=2e-3, abs=off), (line, number, wanted)
    assert (tmp_path / "again.html").read_bytes() == (tmp_path / "vectors.html").read_bytes()
