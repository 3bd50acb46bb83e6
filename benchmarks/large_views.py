"""Seconds until Retrieval and Compare say something of 50,000 pairs: `python -m benchmarks.large_views`.

Generates the set (seeded, 512 wide, 40 shared directions above noise), opens each view in a fresh browser of a new
server, and prints when the picture and the finding stood there, and when nothing was on its way any more.
"""

import argparse
import os
import re
import tempfile
import time
from pathlib import Path

import numpy as np

import sde_core as sde
from sde_explorer.screenshots import browser_page, dashboard

PICTURE = ".st-key-main_picture :is(.js-plotly-plot .main-svg, .sde-answer)"
INTERVAL = re.compile(r"\[[^\]]+, [^\]]+\]")


def generated(n_pairs: int, width: int, seed: int = 0) -> sde.EmbeddingSet:
    """Return pairs that share 40 directions of falling size above noise of each side's own."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n_pairs, 40)).astype(np.float32) * np.linspace(3, 1, 40, dtype=np.float32)
    basis = np.linalg.qr(rng.normal(size=(width, 40)))[0].astype(np.float32)
    image, text = (
        shared @ basis.T + 1.1 * rng.normal(size=(n_pairs, width)).astype(np.float32) for _ in range(2)
    )
    captions = [f"item {i} of the generated set" for i in range(n_pairs)]
    return sde.EmbeddingSet.from_arrays(image, text, captions=captions, name="generated")


def main() -> None:
    """Print one row for each view."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large_views", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--views", nargs="*", default=["retrieval", "compare"])
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = generated(options.pairs, options.width).save(Path(folder) / "generated")
        print(f"{options.pairs:,} x {options.width}, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n")
        print("| view | picture, s | finding with interval, s | all of it, s |\n|---|---:|---:|---:|")
        for view in options.views:
            with dashboard({**os.environ, "SDE_CACHE": folder}) as url:
                print(f"| {view} | {_times(f'{url}/{view}?data={made}', options.chromium)} |", flush=True)


def _times(address: str, chromium: str | None) -> str:
    with browser_page(chromium=chromium) as page:
        started = time.monotonic()

        def now() -> str:
            return f"{time.monotonic() - started:.1f}"

        page.goto(address)
        page.locator(PICTURE).first.wait_for(timeout=300_000)
        picture = now()
        page.get_by_role("heading", level=1, name=INTERVAL).wait_for(timeout=300_000)
        finding = now()
        page.wait_for_function(
            "() => !document.querySelector('[data-testid=stProgress], .st-key-recall_stop')", timeout=590_000
        )
        return f"{picture} | {finding} | {now()}"


if __name__ == "__main__":
    main()
