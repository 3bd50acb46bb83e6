"""Seconds from a healthy server to the first chart in a fresh browser: `python -m benchmarks.first_chart`."""

import argparse
import statistics
import time

from sde_explorer.screenshots import browser_page, dashboard


def main() -> None:
    """Print one row for each view: cold (first visitor of a new server) and warm (second visitor)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_chart", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="new servers for each view; default: %(default)s")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    print("| view | cold, s: median (min to max) | warm, s: median |")
    print("|---|---|---|")
    for path in ("/", "/spectrum"):
        cold, warm = [], []
        for _ in range(options.runs):
            with dashboard() as url:
                cold.append(_seconds(url + path, options.chromium))
                warm.append(_seconds(url + path, options.chromium))
        spread = f"{statistics.median(cold):.1f} ({min(cold):.1f} to {max(cold):.1f})"
        print(f"| `{path}` | {spread} | {statistics.median(warm):.1f} |")


def _seconds(url: str, chromium: str | None) -> float:
    """Return the seconds from asking for the page until the first figure is drawn; the browser runs already."""
    with browser_page(chromium=chromium) as page:
        started = time.monotonic()
        page.goto(url)
        page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=120_000)
        return time.monotonic() - started


if __name__ == "__main__":
    main()
