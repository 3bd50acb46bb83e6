"""How far each view jumps while it is drawn: `python -m benchmarks.layout_shift`.

The cumulative layout shift of the Layout Instability specification, as Chromium reports it: the worst burst of shifts
(a second apart at most, five seconds in all). Below 0.1 is called good. A view is opened by its address and left alone
until nothing is computed any more; a new dashboard for every width, and each view once before, so that what is measured
is the drawing and not the first import.
"""

import argparse
from typing import TYPE_CHECKING

from sde_explorer.screenshots import CHARTS, VIEWS, WIDTHS, browser_page, dashboard, settle

if TYPE_CHECKING:
    from playwright.sync_api import Page

_WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const e of list.getEntries()) {
    if (!e.hadRecentInput) shifts.push({at: e.startTime, by: e.value, what: e.sources.map(s => {
      const n = s.node && s.node.nodeType === 1 ? s.node : s.node && s.node.parentElement;
      return n ? (n.getAttribute('data-testid') || n.className || n.tagName).toString().slice(0, 60) : '?';
    })});
  }
}).observe({type: 'layout-shift', buffered: true});
"""
_WORST = """() => {
  let worst = 0, sum = 0, first = -1e9, last = -1e9;
  for (const s of shifts) {
    if (s.at - last > 1000 || s.at - first > 5000) { sum = 0; first = s.at; }
    sum += s.by; last = s.at; worst = Math.max(worst, sum);
  }
  return worst;
}"""


def main() -> None:
    """Print the cumulative layout shift of every view at both widths."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.layout_shift", description=__doc__)
    parser.add_argument("--views", nargs="+", choices=VIEWS, default=list(VIEWS), help="default: all")
    parser.add_argument("--what", action="store_true", help="what moved, largest first")
    options = parser.parse_args()
    found: dict[str, list[float]] = {view: [] for view in options.views}
    for width in WIDTHS:
        with dashboard() as url:
            for view in options.views:
                with browser_page(width=width) as page:
                    _open(page, url, view)
                with browser_page(width=width) as page:
                    page.add_init_script(_WATCH)
                    _open(page, url, view)
                    found[view].append(page.evaluate(_WORST))
                    if options.what:
                        for shift in sorted(page.evaluate("shifts"), key=lambda s: -s["by"])[:6]:
                            print(f"{width} {view} {shift['at']:.0f} ms {shift['by']:.3f} {shift['what']}")
    print(f"| view | {' | '.join(f'{width} pixels' for width in WIDTHS)} |")
    print("|---|" + "---:|" * len(WIDTHS))
    for view, values in found.items():
        print(f"| `{view}` | {' | '.join(f'{value:.3f}' for value in values)} |")


def _open(page: "Page", url: str, view: str) -> None:
    page.goto(url + VIEWS[view])
    settle(page, CHARTS.get(view, 4))
    page.wait_for_function(
        "document.querySelectorAll('[data-testid=stProgress]').length === 0", timeout=300_000
    )
    page.wait_for_timeout(1_000)


if __name__ == "__main__":
    main()
