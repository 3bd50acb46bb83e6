"""What the README shows is what runs."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()


def test_the_python_example_runs_as_it_stands(capsys):
    (code,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
    assert "image_retrieval_recall@10" in capsys.readouterr().out


def test_the_command_line_examples_parse():
    from sde_core.cli.main import build_parser

    (block,) = re.findall(r"```\n(sde encode.*?)```", README, re.DOTALL)
    for line in block.strip().splitlines():
        words = line.split("#")[0].split()
        assert build_parser().parse_args(words[1:]).command == words[1]


def test_every_link_and_picture_is_there():
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', README)
    assert len(pictures) == 4
    for target in [*pictures, *re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", README)]:
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


def test_pictures_are_small():
    for path in (ROOT / "docs/images").glob("*.png"):
        assert path.stat().st_size < 400_000, path
