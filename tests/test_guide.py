"""docs/guide.md: a section and a picture for every view, pictures that are small, links that lead somewhere."""

import ast
import re
from pathlib import Path

import pytest

from sde_explorer import screenshots

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "guide.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", GUIDE, re.M | re.S))


def _views() -> list[str]:
    """The titles of app/sde_explorer/pages.py, read without running it."""
    tree = ast.parse((ROOT / "app" / "sde_explorer" / "pages.py").read_text())
    [pages] = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "VIEWS"
    ]
    return [key.value for key in pages.keys]


@pytest.mark.parametrize("view", _views())
def test_every_view_has_its_section_and_its_picture(view):
    section = SECTIONS[view]
    for part in ("**Question.**", "**How to read it.**", "**What next.**"):
        assert section.count(part) == 1
    assert re.findall(r"!\[(.{20,})\]\((.+?)\)", section)[0][1] == f"images/guide/{view.lower()}.png"


def test_the_script_makes_the_pictures_and_they_are_small():
    shown = set(re.findall(r"\(images/guide/(\w+)\.png\)", GUIDE))
    assert shown == set(screenshots.GUIDE_HEIGHT) == {*screenshots.VIEWS, *screenshots.TOUR}
    for name in shown:
        assert 5_000 < (ROOT / "docs/images/guide" / f"{name}.png").stat().st_size < screenshots.GUIDE_BYTES


def test_links_lead_somewhere():
    anchors = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in SECTIONS}
    targets = re.findall(r"\]\(([^)]+)\)", GUIDE)
    assert len(targets) > 15
    for target in targets:
        path, _, anchor = target.partition("#")
        if not path:
            assert anchor in anchors, target
        elif not path.startswith("http"):
            assert (ROOT / "docs" / path).exists(), target


def test_numbers_of_a_set_come_from_a_command():
    """A measured number ages; the guide has none outside its commands and limits."""
    words = re.sub(r"```.*?```|`[^`]*`|\([^)]*\.(?:md|png)[^)]*\)", "", GUIDE, flags=re.S)
    assert not re.findall(r"\d+\.\d+ ?%|R@1 (?:of|is) \d", words)
