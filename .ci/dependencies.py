"""What the project depends on, why, and under which licence: checks docs/dependencies.md, or writes it anew.

python .ci/dependencies.py           checks that every direct dependency stands there with bounds, licence and reason
python .ci/dependencies.py --write   writes both tables from pyproject.toml and what is installed; reasons stay
"""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "dependencies.md"
_NAME = re.compile(r"([\w.-]+)(?:\[([\w,-]+)\])?\s*([^;]*)(?:;\s*(.*))?")
# What packages say in many ways, under the names of SPDX; some say it in their classifiers only.
_SPDX = {
    "apache": "Apache-2.0", "apache 2.0": "Apache-2.0", "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0", "apache license, version 2.0": "Apache-2.0", "apache-2.0": "Apache-2.0",
    "mit license": "MIT", "mit": "MIT", "bsd": "BSD", "bsd license": "BSD", "bsd-3-clause license": "BSD-3-Clause",
    "python software foundation license": "PSF-2.0", "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "gnu general public license v3 (gplv3)": "GPL-3.0", "isc license (iscl)": "ISC",
}  # fmt: skip


def direct() -> dict[str, dict[str, str]]:
    """Return name -> bounds of what pyproject.toml names, by extra; the extra "" is what everybody installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    found: dict[str, dict[str, str]] = {}
    for extra, lines in groups.items():
        for line in lines:
            match = _NAME.match(line)
            assert match is not None, line
            if match[1] != project["name"]:
                found.setdefault(extra, {})[match[1]] = match[3].strip()
    return found


def rows_of(text: str) -> dict[str, list[str]]:
    """Return the cells of each row of the tables by the first cell; of two rows of a name the one with a reason."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    rows.sort(key=len)
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in rows}


def problems(text: str) -> list[str]:
    """Return what the page lacks or says wrongly about direct dependencies, one sentence each."""
    rows, found = rows_of(text), []
    for group in direct().values():
        for name, bounds in group.items():
            cells = rows.get(name)
            if cells is None or len(cells) != 3:
                found.append(f"{name} has no row")
            elif cells[0] != f"`{bounds}`":
                found.append(f"{name} is {bounds} in pyproject.toml and {cells[0]} on the page")
            elif not cells[1] or cells[1] == "unknown":
                found.append(f"{name} has no licence")
            elif len(cells[2]) < 15 or not cells[2].endswith("."):
                found.append(f"{name} has no reason")
    known = {name for group in direct().values() for name in group}
    found += [
        f"{name} is no direct dependency any more"
        for name, c in rows.items()
        if len(c) == 3 and name not in known
    ]
    return found


def licence(name: str) -> str:
    """Return the licence that an installed package states, as SPDX has it where it can be told."""
    try:
        data = distribution(name).metadata
    except PackageNotFoundError:
        return "unknown"
    stated = data.get("License-Expression") or ""
    short = (data.get("License") or "").strip().splitlines()[:1]
    classes = [
        c.rpartition("::")[2].strip() for c in data.get_all("Classifier") or [] if c.startswith("License")
    ]
    for candidate in (stated, *short, *classes):
        if (
            1 < len(candidate) < 120
            and not candidate.startswith("Copyright")
            and candidate.lower() not in ("unknown", "osi approved")
        ):
            return _SPDX.get(candidate.lower(), candidate).replace(" License", "")
    return "unknown"


def below(names: list[str]) -> dict[str, set[str]]:
    """Return what comes along with packages, however deep, each with what asks for it; only what is installed."""
    found: dict[str, set[str]] = {}
    left = [(name, frozenset[str]()) for name in names]
    seen = {_plain(name) for name in names}
    while left:
        name, _ = left.pop()
        try:
            wanted = distribution(name).requires or []
        except PackageNotFoundError:
            continue
        for line in wanted:
            match = _NAME.match(line)
            if match is None or "extra" in (match[4] or ""):
                continue
            other = _plain(match[1])
            try:
                distribution(other)
            except PackageNotFoundError:
                continue  # of another system
            found.setdefault(other, set()).add(_plain(name))
            if other not in seen:
                seen.add(other)
                left.append((other, frozenset()))
    return {name: by for name, by in found.items() if name not in {_plain(n) for n in names}}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def written(text: str) -> str:
    """Return the page with its tables made anew; reasons, and licences of what is not installed, are kept."""
    rows = rows_of(text)
    parts = [text.partition("\n## ")[0].rstrip()]
    titles = {"": "What everybody installs", "dev": "For tests, linters and benchmarks"}
    for extra, group in direct().items():
        parts.append(f"## {titles.get(extra, f'The extra `{extra}`')}\n")
        lines = ["| package | versions | licence | why this one |", "|---|---|---|---|"]
        for name, bounds in group.items():
            before = rows.get(name, ["", "unknown", ""])
            now = licence(name)
            now = before[1] if now == "unknown" or before[1].startswith("(") else now
            lines.append(f"| `{name}` | `{bounds}` | {now} | {before[-1]} |")
        parts[-1] += "\n" + "\n".join(lines)
    along = ["| package | licence | comes with |", "|---|---|---|"]
    for name, by in sorted(below(list(direct()[""])).items()):
        known = licence(name)
        known = rows[name][0] if known == "unknown" and name in rows else known
        along.append(f"| `{name}` | {known} | {', '.join(sorted(by))} |")
    parts.append("## What comes along\n\n" + "\n".join(along))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Check the page, or write it."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else "# Dependencies\n"
    if sys.argv[1:] == ["--write"]:
        text = written(text)
        PAGE.write_text(text, "utf-8")
    found = problems(text)
    print("\n".join(found) or f"{sum(map(len, direct().values()))} direct dependencies, each with its reason")
    new = sorted(set(below(list(direct()[""]))) - set(rows_of(text)))
    if new:  # depends on what was released since: no fault
        print(f"not on the page yet: {', '.join(new)}; python .ci/dependencies.py --write")
    raise SystemExit(bool(found))


if __name__ == "__main__":
    main()
