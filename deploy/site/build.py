"""Build the documentation as a site that needs no network: ``python deploy/site/build.py FOLDER``.

Pages are those of docs/, the gallery with what its scripts print and draw, the README as the front, the changelog, how
to contribute, the model card, the protocols, and the reference of every public name from its docstring. Formulas are
drawn by a MathJax that the site holds. A warning is an error: a link that leads nowhere, a docstring that cannot be
read, a script that fails. Search works in the browser, also from the disk.
"""

import argparse
import ast
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from fnmatch import fnmatch
from pathlib import Path

from sphinx.cmd.build import main as sphinx

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ELSEWHERE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "licence.md",
    "CITATION.cff": "citation.md",
    "data/README.md": "bundled-data.md",
    "data/encoders/README.md": "encoders.md",
    "data/pairs/README.md": "bundled-pairs.md",
    "data/pairs/LICENSES.md": "bundled-licences.md",
    "benchmarks/TRAINED_BANDS.md": "trained-bands.md",
    "benchmarks/WHY.md": "why-protocol.md",
    "benchmarks/evidence/PROTOCOL.md": "protocol.md",
}
"""Pages that stand outside docs/ -> their place on the site."""
GROUPS = {
    "Use": (
        "which-tool",
        "gallery/index",
        "guide",
        "cli",
        "decide",
        "atlas",
        "data",
        "deploy",
        "watch",
        "scale",
    ),
    "Method": (
        "method",
        "glossary",
        "knowledge",
        "results",
        "why",
        "protocol",
        "trained-bands",
        "why-protocol",
    ),
    "Train": ("training", "trainers/index", "trainers/*"),
    "Trust": ("reliability", "benchmarks", "dependencies", "encoders", "bundled-data", "bundled-pairs"),
    "Project": ("architecture", "contributing", "changelog", "licence", "citation", "bundled-licences"),
}
"""Pages by their group at the side; the rest follows at the end."""
_LINK = re.compile(
    r"(\]\(|\ssrc=\"|\ssrcset=\"|\shref=\")(?!https?:|#|mailto:|data:)([^)#\s\"]+)(#[^)\s\"]*)?"
)


def build(target: Path) -> int:
    """Build the site and return the exit code of sphinx.

    Args:
        target: folder of the site; it may exist.
    """
    with tempfile.TemporaryDirectory() as stage:
        laid = Path(stage)
        lay_out(laid)
        shutil.copytree(laid / "images", target / "images", dirs_exist_ok=True)  # what raw HTML shows
        return sphinx(["-q", "-W", "--keep-going", "-b", "html", "-c", str(HERE), str(laid), str(target)])


def lay_out(laid: Path) -> None:
    """Write every page of the site as Markdown, and the files that pages show."""
    shutil.copytree(ROOT / "docs", laid, dirs_exist_ok=True, ignore=shutil.ignore_patterns("gallery"))
    for page in sorted(laid.rglob("*.md")):
        place = page.relative_to(laid)
        page.write_text(_moved(page.read_text("utf-8"), Path("docs") / place, place), "utf-8")
    for source, place in ELSEWHERE.items():
        text = _moved((ROOT / source).read_text("utf-8"), Path(source), Path(place))
        title = place.removesuffix(".md").capitalize()
        shown = text if source.endswith(".md") else f"# {title}\n\n```text\n{text}\n```\n"
        (laid / place).write_text(shown, "utf-8")
    rooms = _public()
    (laid / "reference").mkdir()
    for room, names in rooms.items():
        (laid / "reference" / f"{room}.md").write_text(_reference(room, names), "utf-8")
    with (laid / "index.md").open("a", encoding="utf-8") as front:
        front.write(_contents(laid, list(rooms)))


def _moved(text: str, source: Path, place: Path) -> str:
    """Return a page with its links as they must be from its place on the site.

    A link to a file that the site does not hold becomes its words.
    """

    def lead(match: re.Match[str]) -> str:
        start, target, anchor = match[1], match[2], match[3] or ""
        file = (ROOT / source.parent / target).resolve()
        if not file.is_relative_to(ROOT) or not file.exists():
            return match[0]  # sphinx names it
        name = file.relative_to(ROOT).as_posix()
        if name not in ELSEWHERE and not name.startswith("docs/"):
            return match[0]
        if name.startswith("docs/gallery/"):
            name = "docs/gallery/index.rst"  # which sphinx-gallery writes
        up = "../" * (len(place.parts) - 1)
        return f"{start}{up}{ELSEWHERE.get(name, name.removeprefix('docs/'))}{anchor}"

    return _LINK.sub(lead, text)


def _public() -> dict[str, list[tuple[str, str]]]:
    """Return room -> public names of `sde_core`, each with where it is defined."""
    rooms: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for node in ast.parse((ROOT / "sde_core" / "__init__.pyi").read_text("utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [(alias.name, f"sde_core.{node.module}.{alias.name}") for alias in node.names]
            rooms[node.module.split(".")[0]] += names
    return dict(sorted(rooms.items()))


def _reference(room: str, names: list[tuple[str, str]]) -> str:
    parts = [f"# sde_core: {room.replace('_', ' ')}"]
    for name, where in names:
        kind, members = ("class", "\n   :members:") if name[0].isupper() else ("function", "")
        parts.append(f"```{{eval-rst}}\n.. auto{kind}:: {where}{members}\n```")
    return "\n\n".join(parts) + "\n"


def _contents(laid: Path, rooms: list[str]) -> str:
    """Return the trees at the side: the groups, what is in none of them, the reference."""
    pages = [page.relative_to(laid).with_suffix("").as_posix() for page in sorted(laid.rglob("*.md"))]
    left = [page for page in pages if page != "index" and not page.startswith("reference/")]
    left.append("gallery/index")  # sphinx-gallery writes it, from the scripts
    trees: dict[str, list[str]] = {}
    for caption, names in GROUPS.items():
        trees[caption] = []
        for name in names:
            found = [page for page in left if fnmatch(page, name)]
            trees[caption] += found
            left = [page for page in left if page not in found]
    trees |= {"More": left, "Reference": [f"reference/{room}" for room in rooms]}
    drawn = [
        "```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(names)
        for caption, names in trees.items()
        if names
    ]
    return "\n" + "\n```\n\n".join([*drawn, ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="of the site")
    sys.exit(build(parser.parse_args().folder))
