"""Checks a release: `check_release.py version` before it is built, `check_release.py contents dist` after."""

import email
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 40 << 20


def main() -> None:
    """Check, and exit 1 with what is wrong."""
    wrong = version() if sys.argv[1] == "version" else contents(Path(sys.argv[2]))
    if wrong:
        sys.exit("\n".join(wrong))
    print("good")


def version() -> list[str]:
    """Return what is wrong with version and changelog: the changelog's newest section is of this version or to be."""
    number = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    sections = re.findall(
        r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M
    )
    wrong = []
    if not re.fullmatch(r"\d+\.\d+\.\d+", number):
        wrong.append(f"version must be three numbers; got {number}")
    if not sections or sections[0][0] not in ("Unreleased", number):
        wrong.append(
            f"CHANGELOG.md must begin with [Unreleased] or [{number}]; it begins with {sections[:1]}"
        )
    if f"builds it, {MOST_BYTES >> 20} MiB at most)" not in (ROOT / "README.md").read_text("utf-8"):
        wrong.append(
            f"README.md must say that the wheel has {MOST_BYTES >> 20} MiB at most, as `contents` holds"
        )
    cited = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.M)
    if cited is None or cited[1] != number:
        wrong.append(f"CITATION.cff must be of version {number}; it says {cited and cited[1]}")
    wrong += [
        f"CHANGELOG.md must date [{name}]" for name, day in sections if name != "Unreleased" and not day
    ]
    return wrong


def contents(folder: Path) -> list[str]:
    """Return what is wrong with archive and wheel: both hold every tracked file that belongs to them, and no other."""
    (wheel,), (archive,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    tracked = [name for name in tracked if name and not (ROOT / name).is_symlink()]
    with tarfile.open(archive) as file:
        sources = {m.name.partition("/")[2] for m in file.getmembers() if m.isfile() or m.issym()}
    with zipfile.ZipFile(wheel) as file:
        installed = set(file.namelist())
        (told,) = (n for n in installed if n.endswith(".dist-info/METADATA"))
        facts = email.message_from_bytes(file.read(told))
    wrong = [
        f"the source archive lacks {name}"
        for name in tracked
        if name not in sources and name != ".gitattributes"
    ]
    expected = {name for name in map(_place, tracked) if name}
    found = {name for name in installed if ".dist-info/" not in name}
    wrong += [f"the wheel lacks {name}" for name in sorted(expected - found)]
    wrong += [f"the wheel has {name}, which nobody tracks" for name in sorted(found - expected)]
    if wheel.stat().st_size > MOST_BYTES:
        wrong.append(
            f"the wheel must have at most {MOST_BYTES >> 20} MiB; it has {wheel.stat().st_size / (1 << 20):.1f}"
        )
    number = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if facts["Version"] != number or number not in wheel.name or number not in archive.name:
        wrong.append(f"version must be {number}; the wheel says {facts['Version']}")
    return wrong


def _place(name: str) -> str:
    """Return where a tracked file stands in the wheel; an empty text if it does not belong there.

    >>> _place("app/sde_explorer/main.py"), _place("data/pairs/README.md"), _place("data/pairs/recipe/sample.py")
    ('sde_explorer/main.py', 'sde_explorer_data/pairs/README.md', '')
    """
    top, _, rest = name.partition("/")
    if top == "sde_core" or name.startswith("app/sde_explorer/"):
        return name.removeprefix("app/")
    is_data = top == "data" and "/recipe/" not in name and not name.endswith("requirements.txt")
    return f"sde_explorer_data/{rest}" if is_data and (not rest.endswith(".py") or "/" not in rest) else ""


if __name__ == "__main__":
    main()
