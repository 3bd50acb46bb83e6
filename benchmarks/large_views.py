"""Seconds until every view says something of a large set: `python -m benchmarks.large_views`.

Generates the set (seeded, 512 wide, 40 shared directions above noise) and opens each view of it in a fresh browser.
Each view has a new server, warm from one look at the bundled set, that never saw the large one. Printed: when the first
number stood in the finding or on a card, when the main picture was drawn, and when nothing was on its way any more; in
brackets the processor's seconds of the server until then, which a busy machine does not move.

    python -m benchmarks.large_views --folder F              # keeps the set and the rows in F: run again to go on
    python -m benchmarks.large_views --folder F --views retrieval compare --pairs 500000
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

import sde_core as sde
from benchmarks.marks import VIEWS, marks
from sde_explorer.screenshots import browser_page, dashboard

PATIENCE_S = 60
"""After which one looks elsewhere, though something is on its way."""


def generated(n_pairs: int, width: int, seed: int = 0) -> sde.EmbeddingSet:
    """Return pairs that share 40 directions of falling size above noise of each side's own, in four groups."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n_pairs, 40)).astype(np.float32) * np.linspace(3, 1, 40, dtype=np.float32)
    basis = np.linalg.qr(rng.normal(size=(width, 40)))[0].astype(np.float32)
    image, text = (
        shared @ basis.T + 1.1 * rng.standard_normal((n_pairs, width), np.float32) for _ in range(2)
    )
    group = (shared[:, 0] > 0) + 2 * (shared[:, 20] > 0)
    words = np.array(["red heart", "blue house", "green tree", "old clock"])[group]
    captions = [f"{said}, number {i}" for i, said in enumerate(words)]
    made = sde.EmbeddingSet.from_arrays(image, text, captions=captions, name="generated")
    return replace(made, metadata={"group": words})


def main() -> None:
    """Print one row for each view."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_views", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--views", nargs="*", default=list(VIEWS), help="default: all nine")
    parser.add_argument("--folder", type=Path, help="keeps the set and the rows; default: a temporary one")
    parser.add_argument("--patience", type=float, default=PATIENCE_S, help="seconds; default: %(default)s")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    with _folder(options.folder) as folder:
        name = f"generated-{options.pairs}x{options.width}"
        if not (folder / name).exists():
            generated(options.pairs, options.width).save(folder / name)
        rows = folder / f"{name}.json"
        known = json.loads(rows.read_text()) if rows.exists() else {}
        print(f"{options.pairs:,} x {options.width}, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n")
        print("| view | first numbers, s | picture, s | all of it, s |\n|---|---:|---:|---:|")
        for view in options.views:
            if view not in known:
                with (
                    tempfile.TemporaryDirectory() as cache,
                    dashboard({**os.environ, "SDE_CACHE": cache}) as url,
                ):
                    known[view] = _times(url, view, str(folder / name), options)
                rows.write_text(json.dumps(known))
            print(f"| {view} | {' | '.join(known[view])} |", flush=True)


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


def _times(url: str, view: str, data: str, options: argparse.Namespace) -> tuple[str, ...]:
    path = VIEWS[view]
    with browser_page(chromium=options.chromium) as page:
        page.goto(f"{url}/{path}")  # the bundled set: imports, and the browser's own files
        marks(page, view, time.monotonic(), 25)
        page.goto("about:blank")
        begin, worked = time.monotonic(), processor_s()
        page.goto(f"{url}/{path}?data={data}")
        found = marks(page, view, begin, options.patience, processor_s)
    late = f"over {options.patience:.0f}"
    return tuple(late if one is None else f"{one[0]:.1f} ({one[1] - worked:.1f})" for one in found)


def processor_s() -> float:
    """Return the processor's seconds of the server that this process started."""
    spent = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == os.getpid() and b"streamlit" in (stat.parent / "cmdline").read_bytes():
                spent += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except OSError:  # it ended meanwhile
            continue
    return spent


if __name__ == "__main__":
    main()
