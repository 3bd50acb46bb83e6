"""Compute the results of the bundled sets that come along again: `python -m data.results_recipe`.

They are what the server looks ahead to: what every view of a set shows first and what takes longest, of each bundled
set and each of its splits. With `--missing` those that are there stay, and what is not there is added. With `--check`
nothing is written: every result is computed and compared with the one that is there, bit by bit, and a difference
ends the command with 1.
"""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sde_core.files import bundled
from sde_core.files.value_file import header_of, plain_value
from sde_explorer import ahead
from sde_explorer.readings.cached import sets
from sde_explorer.readings.kept import came_along
from sde_explorer.state import DEFAULT


def main() -> None:
    """Compute them in an empty folder, and put them in the place of those that are there, or compare."""
    parser = argparse.ArgumentParser(prog="python -m data.results_recipe", description=__doc__)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="compare, and write nothing")
    way.add_argument("--missing", action="store_true", help="add what is not there")
    options = parser.parse_args()
    there = bundled.results_folder()
    with tempfile.TemporaryDirectory() as room:
        os.environ["SDE_CACHE"] = room
        aside = Path(room) / "those that are there"
        if there.exists() and not options.missing:
            shutil.copytree(there, aside)
            shutil.rmtree(there)
        try:
            computed = {came_along(header_of(path)): path for path in results_of(Path(room))}
        finally:
            if aside.exists():
                shutil.copytree(aside, there)
        if options.check:
            old = {path.name: _without_seconds(path) for path in there.glob("*.npz")}
            new = {name: _without_seconds(path) for name, path in computed.items()}
            wrong = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
            print(f"{len(new)} results, {len(wrong)} differ from those that come along", *wrong, sep="\n")
            sys.exit(bool(wrong))
        if not options.missing:
            shutil.rmtree(there, ignore_errors=True)
        there.mkdir(exist_ok=True)
        for name, path in computed.items():
            shutil.copyfile(path, there / name)
    total = sum(path.stat().st_size for path in there.iterdir())
    print(f"{there}: {len(computed)} results, {total / 1e6:.2f} MB")


def _without_seconds(path: Path) -> object:
    """Return what a file holds, but for the time that it took."""
    result, _ = plain_value(path)["tuple"]
    return result


def results_of(room: Path) -> list[Path]:
    """Compute the results of all sets and splits, and return their files in the cache folder ``room``."""
    for data in datas():
        for pieces in (ahead.first_pieces, ahead.slow_pieces):
            for ask in pieces(data):
                for job in ask():
                    job.wait()
                    if job.status != "done":
                        raise RuntimeError(f"{data.embeddings.name}: {job.title}, {job.error}")
        print(f"{data.embeddings.name}, {data.embeddings.n_rows:,} images", flush=True)
    return sorted((room / "results").glob("*.npz"))


def datas() -> Iterator[sets.Dataset]:
    """Yield each bundled set and its splits."""
    for name in bundled.PAIR_SETS:
        state = replace(DEFAULT, data=name)
        whole = sets.dataset(sets.entry_of(state))
        yield whole
        for part in whole.filters:
            if part.startswith("split="):
                yield sets.dataset(sets.entry_of(state), (part,))


if __name__ == "__main__":
    main()
