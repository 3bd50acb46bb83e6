"""Whether kept results come out again: some cells, drawn at random, trained once more and compared."""

import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.evidence.evaluation import KS, Hits
from benchmarks.evidence.fifth_part import FifthPart
from benchmarks.evidence.fifth_settings import SETTINGS
from benchmarks.evidence.kept import FOLDER, kept_cells
from benchmarks.evidence.plan import Study
from benchmarks.evidence.store import Cell, rounded

_AGAIN = ("tune", "sensitivity", "final", "fifth-tune", "fifth-final")
_NOT_ALONE = ("styles-last-block",)  # its tower is trained too, by a study of its own


def verified(work: Path, count: int, *, seed: int | None = None, folder: Path = FOLDER) -> int:
    """Print a line a cell and return the exit code: 0 if all gave what is kept, 1 if one did not.

    Args:
        work: folder of features; what is kept in it answers nothing, and nothing is kept.
        count: cells; at most all that are kept.
        seed: of the draw; a new one each time where it is None, and printed.
        folder: of the kept results.
    """
    seed = int(np.random.default_rng().integers(2**31)) if seed is None else seed
    cells = [(cell, result) for cell, result in kept_cells(folder) if _can_run(cell)]
    chosen = np.random.default_rng(seed).permutation(len(cells))[:count]
    print(f"{len(chosen)} of {len(cells)} kept trainings, drawn with seed {seed}", flush=True)
    worst = 0.0
    for line, apart in compared(work, [cells[int(i)] for i in chosen]):
        print(line, flush=True)
        worst = max(worst, apart)
    print(f"largest difference of a score: {100 * worst:.3f} points")
    return int(worst > 0)


def compared(work: Path, cells: list[tuple[Cell, Cell]]) -> Iterator[tuple[str, float]]:
    """Train cells again and yield a line and the largest difference of a score for each.

    Args:
        work: folder of features.
        cells: each with the result that is kept.
    """
    for cell, kept in cells:
        again = _again(work, cell)
        apart = {"val": abs(rounded(again["val"]) - kept["val"])}
        for part, packed in kept.get("parts", {}).items():
            apart[part] = _apart(Hits.unpacked(packed), Hits.unpacked(again["parts"][part]))
        worst = max(apart, key=lambda name: apart[name])
        where = " ".join(
            str(cell[key])
            for key in ("stage", "setting", "regime", "towers", "method", "seed")
            if key in cell
        )
        verdict = (
            "the same" if apart[worst] == 0 else f"differs by {100 * apart[worst]:.3f} points on {worst}"
        )
        yield f"{where}: {verdict}", apart[worst]


def _apart(first: Hits, second: Hits) -> float:
    """Return the mean over queries by which scores differ, of the way that differs more."""
    ways = ((first.image, second.image), (first.text, second.text))
    return max(float(np.abs(a.astype(float) - b).mean()) / len(KS) for a, b in ways if len(a))


def _again(work: Path, cell: Cell) -> Cell:
    if cell["stage"].startswith("fifth-"):
        setting = next(s for s in SETTINGS if s.name == cell["setting"])
        return _fifth(work).trained_again(cell["stage"], setting, cell["method"], cell["knobs"], cell["seed"])
    return _study(work).trained_again(cell)


@cache  # pictures and features are read once, whatever the number of cells
def _fifth(work: Path) -> FifthPart:
    return FifthPart(work, deadline=math.inf)


@cache
def _study(work: Path) -> Study:
    return Study(work, deadline=math.inf)


def _can_run(cell: Cell) -> bool:
    return cell["stage"] in _AGAIN and cell.get("regime") not in _NOT_ALONE
