"""What has run, as compact files beside the code: what the report is made from."""

import json
import platform
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from benchmarks.evidence.kept import FOLDER, kept_cells
from benchmarks.evidence.methods import METHODS
from benchmarks.evidence.plan import SEEDS
from benchmarks.evidence.store import Cell, Store, key_of, rounded
from sde_core.files.claims import claimed_file

_PACKAGES = ("torch", "numpy", "open_clip_torch", "timm", "transformers", "sde-explorer")


def collect(store: Store, folder: Path = FOLDER) -> str:
    """Write every cell of a store into a few files and return what was added, in words.

    A file a stage and setting, so that half a search is kept too; a line a cell, sorted. What is there stays: nothing
    is taken out or changed, and a file to which nothing is added is not touched. Tables are made by ``--report``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = {key_of(cell) for cell, _ in kept_cells(folder)}
    runs: dict[str, dict[str, Cell]] = {}
    for cell, result in chain(kept_cells(folder), store.all()):
        runs.setdefault(_file_of(cell), {}).setdefault(key_of(cell), {**cell, **result})
    lines = []
    for name, found in sorted(runs.items()):
        added = len(found.keys() - before)
        if added:
            _write(folder / f"{name}.json", found.values())
            lines.append(f"{name}: {added} added, {len(found)} in all")
    return "\n".join(lines) or "nothing new"


def _file_of(cell: Cell) -> str:
    """Return the name of the file that a cell is kept in."""
    if cell["stage"].startswith("fifth-"):
        return f"{cell['stage']}-{cell['setting']}"
    return f"final-{cell['regime']}-{cell['towers']}" if cell["stage"] == "final" else str(cell["stage"])


def write_facts(folder: Path = FOLDER) -> str:
    """Write how much has run, when and with what, if that is more than the file says; return it in words."""
    cells = list(kept_cells(folder))
    count = sum(cell["stage"] not in ("tuned", "fifth-tuned") for cell, _ in cells)
    hours = round(sum(result.get("seconds", 0) for _, result in cells) / 3600, 2)
    said = read("facts", folder) or {"trainings": 0}
    if said["trainings"] != count:
        facts = {
            "date": datetime.now(UTC).date().isoformat(),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "versions": {name: version(name) for name in _PACKAGES},
            "trainings": count,
            "hours": hours,
        }
        (folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    return f"{count} trainings, {hours} h."


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
    lines = [json.dumps(rounded(run), sort_keys=True, separators=(",", ":")) for run in runs]
    with claimed_file(path) as out:
        out.write(("[\n" + ",\n".join(sorted(lines)) + "\n]\n").encode())
