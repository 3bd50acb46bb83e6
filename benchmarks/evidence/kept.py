"""Cells that are kept beside the code, in a few files: where every run goes on from."""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.evidence.store import Cell, Store

FOLDER = Path(__file__).resolve().parent / "results"
_STAGES = ("final-", "tune", "sensitivity", "fifth-")
_TRAINING = ("stage", "regime", "towers", "method", "knobs", "seed")
_NAMES = {
    **dict.fromkeys(("final", "tune", "sensitivity"), _TRAINING),
    "tuned": ("stage", "regime", "towers", "method", "search"),
    **dict.fromkeys(("fifth-tune", "fifth-final"), ("stage", "setting", "method", "knobs", "seed")),
    "fifth-tuned": ("stage", "setting", "method"),
}
"""Stage -> what names a cell of it; the rest is its result."""


def store_of(work: Path) -> Store:
    """Return the cells of a work folder and those that are kept beside the code, which no run makes again."""
    return Store(work / "cells", kept_cells)


def kept_cells(folder: Path = FOLDER) -> Iterator[tuple[Cell, Cell]]:
    """Yield every cell that is kept beside the code, with its result."""
    for path in sorted(folder.glob("*.json")):
        runs = json.loads(path.read_text("utf-8")) if path.stem.startswith(_STAGES) else []
        for run in runs:
            names = _NAMES[run["stage"]]
            yield {n: run[n] for n in names}, {n: value for n, value in run.items() if n not in names}
