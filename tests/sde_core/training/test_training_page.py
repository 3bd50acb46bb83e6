"""What docs/training.md shows is what runs; its commands run in tests/test_code_blocks.py."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/training.md").read_text()


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
def test_the_python_examples_run_as_they_stand(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "training.md", "exec"), {})
    assert " %" in capsys.readouterr().out
    assert list(tmp_path.glob("run*/last.safetensors"))


def test_every_link_and_picture_is_there():
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", PAGE)
    assert len(targets) >= 4
    for target in targets:
        assert (ROOT / "docs" / target).exists(), target
