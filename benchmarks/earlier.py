"""Seconds until a view is complete, beside those of an earlier checkout: `python -m benchmarks.earlier FOLDER`.

The folder holds the earlier code, `git worktree add FOLDER COMMIT`; its page runs in this environment. New servers of
both take turns, so that what else the machine does meets both. A first chart is there once Plotly has drawn one; a
page is complete once its script has ended, nothing on it is on its way (a bar, a place that waits, an old element, a
card without its number) and that stays so for a while. Neither server watches files. A page that is not complete in
time counts as that long, and its row says so.
"""

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.marks import STILL_S, VIEWS
from sde_explorer.screenshots import browser_page, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_S = 300
# Only what Streamlit and Plotly call things, as the pages of two versions share nothing else.
_MARKS = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  if (!main) return [false, false];
  const all = (root, what) => [
    ...root.querySelectorAll(what),
    ...[...root.querySelectorAll('*')].flatMap(e => e.shadowRoot ? all(e.shadowRoot, what) : []),
  ];
  const seen = e => e.getClientRects().length > 0;
  const charts = all(main, '.js-plotly-plot .main-svg').filter(seen);
  const waits = '[data-testid=stProgress], [data-testid=stSkeleton], [data-testid=stSpinner], [data-stale=true]';
  return [
    charts.length > 0,
    charts.length > 0
      && document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
      && !all(main, waits).some(seen)
      && !all(main, 'b').some(b => b.innerText === '…'),
  ];
}"""


def main() -> None:
    """Print a row for each pair, then the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.earlier", description=__doc__)
    parser.add_argument("folder", type=Path, help="checkout of the earlier code")
    parser.add_argument("--view", choices=[v for v in VIEWS if v != "overview"], default="spectrum")
    parser.add_argument("--pairs", type=int, default=3, help="new servers of each; default: %(default)s")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    earlier = options.folder.resolve()
    if not (earlier / "app" / "main.py").is_file():
        parser.error(
            f"{earlier} holds no app/main.py; make it with: git worktree add {options.folder} COMMIT"
        )
    print("| pair | earlier: first chart, s | complete, s | now: first chart, s | complete, s |")
    print("|---|---:|---:|---:|---:|")
    rows = []
    for pair in range(options.pairs):
        # Whoever goes first finds a colder disk: they take turns.
        order = (earlier, None) if pair % 2 == 0 else (None, earlier)
        found = {}
        for folder in order:
            with browser_page(chromium=options.chromium) as page:
                found[folder] = cold(page, folder, options.view)
        rows.append((*found[earlier], *found[None]))
        print(_row(f"{pair + 1}", rows[-1]), flush=True)
    middle = [statistics.median(column) for column in zip(*rows, strict=True)]
    print(_row("median", middle))
    print(f"\nNow by earlier: first chart {middle[2] / middle[0]:.2f}, complete {middle[3] / middle[1]:.2f}")


def _row(name: str, seconds: Sequence[float]) -> str:
    return f"| {name} | {' | '.join(f'over {s}' if s == PATIENCE_S else f'{s:.1f}' for s in seconds)} |"


def cold(
    page: "Page", folder: Path | None, view: str, *, patience_s: float = PATIENCE_S
) -> tuple[float, float]:
    """Return the seconds of a new server's first visitor to a first chart and to a complete page.

    Args:
        page: of a browser.
        folder: of a checkout; None is this one.
        view: that is opened.
        patience_s: after which what has not come counts as that long.
    """
    environment = None if folder is None else os.environ | {"PYTHONPATH": str(folder)}
    with dashboard(environment, folder=folder) as url:
        begin = time.monotonic()
        page.goto(f"{url}/{VIEWS[view]}")
        first = complete = None
        while (now := time.monotonic() - begin) < patience_s:
            chart, rest = page.evaluate(_MARKS)
            first = first or (now if chart else None)
            complete = (complete or now) if rest else None
            if first and complete and now - complete > STILL_S:
                return first, complete
            page.wait_for_timeout(50)
        return first or patience_s, patience_s


if __name__ == "__main__":
    main()
