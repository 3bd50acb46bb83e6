"""What docs/training.md shows is what runs."""

import re
from pathlib import Path

import pytest

from sde_core.cli.main import build_parser
from sde_core.cli.main import main as command_line

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/training.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for line in block.strip().splitlines()
]


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_python_examples_run_as_they_stand(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "training.md", "exec"), {})
    assert " %" in capsys.readouterr().out
    assert list(tmp_path.glob("run*/last.safetensors"))


def test_every_command_parses():
    found = [line.partition("finetune ")[2].split() for line in COMMANDS if "finetune" in line]
    assert len(found) == len(COMMANDS) - 1 >= 5  # all but open_clip's own
    for words in found:
        assert build_parser().parse_args(["finetune", *words]).command == "finetune"


def test_the_first_command_trains_and_open_clips_command_opens_what_comes_out(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    first = COMMANDS[0].split()[1:]
    assert command_line([*first, "--steps", "2", "--device", "cpu"]) == 0
    assert "effective rank" in capsys.readouterr().out
    (code,) = (line for line in COMMANDS if "open_clip." in line)
    exec(re.findall(r'"(.*)"', code)[0], {})


def test_every_link_and_picture_is_there():
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE)
    assert len(targets) >= 4
    for target in targets:
        assert (ROOT / "docs" / target).exists(), target
