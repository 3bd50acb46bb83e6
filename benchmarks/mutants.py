"""Which changes of the code would no test notice? ``python -m benchmarks.mutants``.

Draws mutants of the pure modules (an operator of cosmic-ray at one place of one file), each tried in a copy of the
checkout: the tests of the module's own path first, then its doctests, then those of its room, up to one that fails.
A mutant that lives is printed with its difference, unless the list of the reviewed ones below names why it may.

Needs ``pip install cosmic-ray``.
"""

import argparse
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "glossary",
    "checks",
    "spectra",
    "retrieval",
    "partition",
    "shaping",
    "geometry",
    "losses",
    "vocabulary.py",
)
_SILENT = ("Decorator", "ExceptionReplacer", "ReplaceBinaryOperator_BitOr", "Variable")
"""Operators left out: annotations hold most of the bars, and some need words of their own."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change.

    Attributes:
        path: of the module, from the root.
        operator: cosmic-ray's name.
        occurrence: which of the places that it fits, from 0.
    """

    path: str
    operator: str
    occurrence: int


REVIEWED: dict[tuple[str, str], str] = {
    # (module, changed line as it stands) -> why the change may live
}


def main() -> None:
    """Print one line a mutant that lived, and the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mutants", description=__doc__)
    parser.add_argument("paths", nargs="*", default=[f"sde_core/{room}" for room in ROOMS])
    parser.add_argument("--draw", type=int, default=100, help="mutants in all (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--limit", type=float, default=60.0, help="seconds after which a mutant counts as found"
    )
    options = parser.parse_args()
    files = sorted({file for path in options.paths for file in _modules(ROOT / path)})
    everything = [mutant for file in files for mutant in _mutants(file)]
    drawn = random.Random(options.seed).sample(everything, min(options.draw, len(everything)))
    _preload()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(
            ROOT,
            copy,
            symlinks=True,
            ignore=shutil.ignore_patterns(".git", "__pycache__", ".hypothesis", "*.egg-info"),
        )
        lived = [(m, diff) for m in sorted(drawn, key=str) if (diff := _tried(m, copy, options.limit))]
    excused = [m for m, diff in lived if (m.path, _changed(diff)) in REVIEWED]
    print(f"{len(everything)} mutants in {len(files)} files, {len(drawn)} drawn with seed {options.seed}")
    print(f"found {len(drawn) - len(lived)}, lived {len(lived)}, of these reviewed {len(excused)}")
    print(f"share found or reviewed: {1 - (len(lived) - len(excused)) / max(len(drawn), 1):.1%}")


def _modules(path: Path) -> list[Path]:
    found = [path] if path.is_file() else sorted(path.rglob("*.py"))
    return [file for file in found if file.name != "__init__.py"]


def _mutants(file: Path) -> Iterator[Mutant]:
    from cosmic_ray.ast import get_ast_from_path
    from cosmic_ray.plugins import get_operator, operator_names

    tree = get_ast_from_path(file)
    nodes = list(_nodes(tree))
    name = str(file.relative_to(ROOT))
    for operator in operator_names():
        if any(word in operator for word in _SILENT):
            continue
        made = get_operator(operator)()
        places = sum(1 for node in nodes for _ in made.mutation_positions(node))
        for occurrence in range(places):
            yield Mutant(name, operator, occurrence)


def _nodes(node: object) -> Iterator[object]:
    yield node
    for child in getattr(node, "children", ()):
        yield from _nodes(child)


def _tried(mutant: Mutant, copy: Path, limit: float) -> str:
    """Return the difference of a mutant that lived, or "" for one that was found."""
    from difflib import unified_diff

    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    file = copy / mutant.path
    before = file.read_text("utf-8")
    after = mutate_code(before, get_operator(mutant.operator)(), mutant.occurrence)
    if after is None or after == before:
        return ""
    file.write_text(after, "utf-8")
    try:
        if _fails(copy, mutant.path, limit):
            return ""
    finally:
        file.write_text(before, "utf-8")
    diff = "".join(unified_diff(before.splitlines(True), after.splitlines(True), n=0)).split("\n", 2)[2]
    print(f"lived: {mutant.path} {mutant.operator}\n{diff}", flush=True)
    return diff


def _changed(diff: str) -> str:
    lines = re.findall(r"^-(.*)$", diff, re.MULTILINE)
    return lines[0].strip() if lines else ""


def _preload() -> None:
    """Import what every test needs, once: each mutant runs in a fork of this process."""
    import hypothesis  # noqa: F401
    import open_clip  # noqa: F401
    import pytest  # noqa: F401
    import scipy.stats  # noqa: F401
    import torch

    torch.set_num_threads(1)


def _fails(copy: Path, path: str, limit: float) -> bool:
    """Return whether a test fails, or does not end in time."""
    child = os.fork()
    if child == 0:
        os.setsid()
        os._exit(_run(copy, path))
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _run(copy: Path, path: str) -> int:
    import pytest

    os.chdir(copy)
    sys.path[:] = [str(copy), str(copy / "app"), *(p for p in sys.path if not p.startswith(str(ROOT)))]
    sys.dont_write_bytecode = True
    os.environ["HYPOTHESIS_DATABASE_FILE"] = ""
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 1)
    os.dup2(void, 2)
    module = Path(path)
    own = Path("tests") / module.parent / f"test_{module.name}"
    room = Path("tests") / (module.parent if len(module.parts) > 2 else module.with_suffix(""))
    chosen = [str(p) for p in (own, module, room) if (copy / p).exists()]
    return int(
        pytest.main(
            [
                *dict.fromkeys(chosen),
                "-x",
                "-q",
                "-p",
                "no:cacheprovider",
                "-p",
                "no:xdist",
                "-m",
                "not browser",
            ]
        )
    )


if __name__ == "__main__":
    main()
