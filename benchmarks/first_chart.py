"""Seconds to the main picture of every view of the bundled set: `python -m benchmarks.first_chart`.

Cold is the first visitor of a new server that answers; warm the second one, in a browser of its own; a switch is a
press in the navigation by a visitor who has seen the view before. A browser runs already when the clock starts. In
brackets the processor's seconds of the server until then, which a busy machine does not move.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.large_views import processor_s
from benchmarks.marks import VIEWS, Mark, marks
from sde_explorer.screenshots import browser_page, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_S = 60


def main() -> None:
    """Print one row for each view; with a file the rows are kept, and another run goes on."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_chart", description=__doc__)
    parser.add_argument("--runs", type=int, default=1, help="new servers for each view; default: %(default)s")
    parser.add_argument("--views", nargs="*", default=list(VIEWS), help="default: all nine")
    parser.add_argument("--rows", type=Path, help="a file that keeps them")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    known = json.loads(options.rows.read_text()) if options.rows and options.rows.exists() else {}
    print("| view | cold, s | cold, settled, s | warm, s | switch, s | switch, settled, s |")
    print("|---|---:|---:|---:|---:|---:|")
    for view in options.views:
        if view not in known:
            runs = [_run(view, options.chromium) for _ in range(options.runs)]
            known[view] = [_middle(column) for column in zip(*runs, strict=True)]
            if options.rows:
                options.rows.write_text(json.dumps(known))
        print(f"| {view} | {' | '.join(known[view])} |", flush=True)


def _run(view: str, chromium: str | None) -> list[Mark]:
    with dashboard() as url:
        with browser_page(chromium=chromium) as page:
            _, cold, settled = _opened(page, f"{url}/{VIEWS[view]}", view)
        with browser_page(chromium=chromium) as page:
            _, warm, _ = _opened(page, f"{url}/{VIEWS[view]}", view)
            other = "spectrum" if view == "overview" else "overview"
            _pressed(page, other)
            _, there, rest = _pressed(page, view)
    return [cold, settled, warm, there, rest]


def _opened(page: "Page", address: str, view: str) -> list[Mark]:
    begin, worked = time.monotonic(), processor_s()
    page.goto(address)
    return marks(page, view, begin, PATIENCE_S, lambda: processor_s() - worked)


def _pressed(page: "Page", view: str) -> list[Mark]:
    begin, worked = time.monotonic(), processor_s()
    link = page.get_by_test_id("stTopNavLink").filter(has_text=view.capitalize()).locator("visible=true")
    link.click()
    return marks(page, view, begin, PATIENCE_S, lambda: processor_s() - worked)


def _middle(column: "tuple[Mark, ...]") -> str:
    found = [one for one in column if one is not None]
    if len(found) < len(column):
        return f"over {PATIENCE_S}"
    return " ".join(
        (f"{statistics.median(s for s, _ in found):.1f}", f"({statistics.median(w for _, w in found):.1f})")
    )


if __name__ == "__main__":
    main()
