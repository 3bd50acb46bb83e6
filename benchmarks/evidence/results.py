"""What has run, as compact files beside the code: what the report is made from."""

import json
import platform
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.evidence.methods import METHODS
from benchmarks.evidence.plan import SEEDS
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
_PACKAGES = ("torch", "numpy", "open_clip_torch", "timm", "transformers", "sde-explorer")


def collect(work: Path, folder: Path = FOLDER) -> str:
    """Write the cells of ``work`` into a few files and return what was written, in words.

    ``tuning.json`` holds every validation score, ``final-<regime>-<towers>.json`` every final run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cells = list(Store(work / "cells").all())
    finals: dict[str, list[Cell]] = {}
    for cell, result in cells:
        if cell["stage"] == "final":
            finals.setdefault(f"{cell['regime']}-{cell['towers']}", []).append({**cell, **result})
    for name, runs in finals.items():
        _write(folder / f"final-{name}.json", runs)
    for stage in ("fifth-tune", "fifth-tuned", "fifth-final"):
        for setting in sorted({c["setting"] for c, _ in cells if c["stage"] == stage}):
            runs = [{**c, **r} for c, r in cells if c["stage"] == stage and c["setting"] == setting]
            _write(folder / f"{stage}-{setting}.json", runs)
    for stage in ("tune", "tuned", "sensitivity"):
        _write(folder / f"{stage}.json", [{**c, **r} for c, r in cells if c["stage"] == stage])
    seconds = sum(result.get("seconds", 0) for _, result in cells)
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "versions": {name: version(name) for name in _PACKAGES},
        "trainings": sum(cell["stage"] not in ("tuned", "fifth-tuned") for cell, _ in cells),
        "hours": round(seconds / 3600, 2),
    }
    (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return f"{facts['trainings']} trainings, {len(finals)} regimes with final runs."


def restore(work: Path, folder: Path = FOLDER) -> int:
    """Put the results that are kept beside the code back as cells, so that a fresh clone goes on from them.

    Cells that are there already stay as they are.

    Returns:
        number of cells put back.
    """
    store, count = Store(work / "cells"), 0
    for cell, result in kept_cells(folder):
        if store.find(cell) is None:
            store.keep(cell, result)
            count += 1
    return count


def kept_cells(folder: Path = FOLDER) -> Iterator[tuple[Cell, Cell]]:
    """Yield every cell that is kept beside the code, with its result."""
    for path in sorted(folder.glob("*.json")):
        runs = json.loads(path.read_text("utf-8")) if path.stem.startswith(_STAGES) else []
        for run in runs:
            names = _NAMES[run["stage"]]
            yield {n: run[n] for n in names}, {n: value for n, value in run.items() if n not in names}


def read(name: str, folder: Path = FOLDER) -> Any:  # noqa: ANN401
    """Return the content of a file of the results, or an empty list where it is not there."""
    path = folder / f"{name}.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else []


def winners(search: int = 3, folder: Path = FOLDER) -> list[Cell]:
    """Return the configurations that won a search, by the number that the protocol gives it."""
    return [run for run in read("tuned", folder) if run["search"] == search]


def finals(
    seeds: Sequence[int] = SEEDS, folder: Path = FOLDER
) -> dict[tuple[str, str], dict[str, list[Cell]]]:
    """Return the final runs by (regime, towers) and method, methods as in `METHODS` and seeds in order.

    A method whose last seed has not run is left out.

    Args:
        seeds: of a part of the study.
        folder: of the results.
    """
    found: dict[tuple[str, str], dict[str, list[Cell]]] = {}
    for path in sorted(folder.glob("final-*.json")):
        for run in (run for run in json.loads(path.read_text("utf-8")) if run["seed"] in seeds):
            methods = found.setdefault((run["regime"], run["towers"]), {})
            methods.setdefault(run["method"], []).append(run)
    order = list(METHODS)
    for key, methods in found.items():
        names = sorted(methods, key=lambda m: (order.index(m) if m in order else len(order), m))
        runs = {name: sorted(methods[name], key=lambda run: run["seed"]) for name in names}
        found[key] = {name: some for name, some in runs.items() if len(some) == len(seeds)}
    return found


def _write(path: Path, runs: Iterable[Cell]) -> None:
    # A line a run: small, and a change shows as one.
    lines = [json.dumps(_rounded(run), sort_keys=True, separators=(",", ":")) for run in runs]
    path.write_text("[\n" + ",\n".join(sorted(lines)) + "\n]\n", "utf-8")


def _rounded(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(x) for key, x in value.items()}
    return [_rounded(x) for x in value] if isinstance(value, list) else value
