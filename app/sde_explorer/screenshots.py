"""Pictures of every view in both themes: `python -m sde_explorer.screenshots FOLDER`.

`python -m sde_explorer.screenshots docs/images/guide --guide` those of docs/guide.md,
`python -m sde_explorer.screenshots docs/images --watch runs` that of docs/watch.md.

Needs Playwright and a Chromium (`--chromium`, or the first one on the PATH); starts the dashboard itself unless a
url is given.
"""

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Playwright

# Pixels of the guide's pictures, one for every view and one for the tour.
GUIDE_HEIGHT = {
    "overview": 940,
    "data": 900,
    "spectrum": 1000,
    "subspaces": 1420,
    "curriculum": 1000,
    "retrieval": 1160,
    "training": 900,
    "compare": 1000,
    "share": 900,
    "tour": 800,
}
GUIDE_BYTES = 300_000
WATCH_HEIGHT = 740
VIEWS = {
    "overview": "/",
    "data": "/data",
    "spectrum": "/spectrum",
    "subspaces": "/subspaces",
    "curriculum": "/curriculum",
    "retrieval": "/retrieval?query=a+red+heart",
    "training": "/training",
    "compare": "/compare?other=this+set%2C+enhanced",
    "share": "/share",
}
TOUR = {"tour": "/spectrum?tour=2&overlay=none"}
CHARTS = {
    "overview": 0,
    "data": 0,
    "spectrum": 1,
    "subspaces": 3,
    "retrieval": 1,
    "compare": 2,
    "share": 0,
    "training": 3,
    "curriculum": 3,
    "tour": 1,
}
# Legends that come with what is computed beside the page, further down than the picture reaches.
LEGENDS = {"spectrum": "shuffled columns"}
WIDTHS = (1440, 900)
_PATIENCE_S = 120.0  # on a machine that does much else a server takes a minute to start
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


@contextmanager
def dashboard(
    environment: dict[str, str] | None = None,
    *,
    script: Path | None = None,
    log: Path | None = None,
    folder: Path | None = None,
) -> Iterator[str]:
    """Start the dashboard, or another script of Streamlit, on a free port; yield its address once it is healthy.

    Args:
        environment: of its process.
        script: of Streamlit; None is the dashboard.
        log: takes what the server writes down.
        folder: in which it works, another checkout for its page; None is this one.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = folder or Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "streamlit", "run", str(script or root / "app" / "main.py")]
    command += ["--server.headless", "true", "--server.port", str(port), "--server.fileWatcherType", "none"]
    with open(log or os.devnull, "w", encoding="utf-8") as written:
        process = subprocess.Popen(
            command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=written
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=10).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server of {url} did not begin to answer within {_PATIENCE_S:.0f} s, or it ended")


def launch(playwright: "Playwright", chromium: str | None = None) -> "Browser":
    """Return a headless Chromium: the given one, or the first on the path."""
    path = chromium or shutil.which("chromium") or shutil.which("chromium-browser")
    return playwright.chromium.launch(executable_path=path, args=list(FLAGS))


@contextmanager
def browser_page(*, width: int = 1440, dark: bool = False, chromium: str | None = None) -> "Iterator[Page]":
    """Yield a page of a headless Chromium in one of the two themes."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = launch(playwright, chromium)
        options: dict[str, Any] = {"color_scheme": "dark" if dark else "light", "reduced_motion": "reduce"}
        context = browser.new_context(viewport={"width": width, "height": 1000}, **options)
        try:
            yield new_page(context)
        finally:
            browser.close()


def new_page(context: "BrowserContext") -> "Page":
    """Return a page of which ``rest`` can tell whether the server still has something to say."""
    context.add_init_script(path=Path(__file__).with_name("script_runs.js"))  # of further pages as well
    return context.new_page()


def settle(page: "Page", charts: int = 1) -> None:
    """Wait until ``charts`` figures are drawn and the server has nothing more to say."""
    if charts:
        page.locator(".js-plotly-plot .main-svg").nth(0).wait_for(timeout=120_000)
    else:
        page.get_by_test_id("stHeading").first.wait_for(timeout=120_000)
    page.wait_for_function(
        f"document.querySelectorAll('.js-plotly-plot').length >= {charts}", timeout=120_000
    )
    rest(page)


def rest(page: "Page") -> None:
    """Wait until what was asked of the server is answered and shown, for two frames, with all images.

    Shown: nothing of it waits for a part of the client that the browser still reads.
    """
    page.wait_for_function(
        """() => new Promise(done => {
          let kept = 0;
          const app = "[data-testid=stApp][data-test-script-state=notRunning]";
          const part = "[data-testid=stSkeleton]";
          const look = () => {
            const rests = !window.scriptRuns?.busy() && document.querySelector(app) && !document.querySelector(part);
            kept = rests && [...document.images].every(i => i.complete) ? kept + 1 : 0;
            if (kept === 2) done(true); else requestAnimationFrame(look);
          };
          look();
        })""",
        timeout=120_000,
    )


def await_jobs(page: "Page") -> None:
    """Wait until the numbers that are computed beside the page are there: no job of it runs.

    What runs since less than a second is in no line of the side panel yet: its place there is empty.
    """
    page.wait_for_function(
        """() => {
          const jobs = document.querySelector('.st-key-jobs');
          const runs = jobs && (jobs.textContent === '' || /\\bStop\\b/.test(jobs.innerText));
          return !runs && !document.querySelector('.st-key-recall_stop');
        }""",
        timeout=300_000,
    )


def capture(page: "Page", url: str, view: str, *, tallest: int | None = None) -> bytes:
    """Return a view as PNG from top to bottom, or its upper ``tallest`` pixels."""
    width = page.evaluate("innerWidth")
    page.set_viewport_size({"width": width, "height": 1000})
    page.goto(url + (VIEWS | TOUR)[view])
    settle(page, charts=CHARTS.get(view, 4))
    await_jobs(page)
    page.wait_for_function(
        "end => [...document.querySelectorAll('[data-testid=stProgress]')]"
        ".every(e => e.getBoundingClientRect().top > end)",
        arg=tallest or 1_000_000,
        timeout=300_000,
    )
    if view in LEGENDS:
        page.locator(".legendtext, .legend", has_text=LEGENDS[view]).first.wait_for(timeout=120_000)
    rest(page)
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight + 20")
    height = max(700, int(height)) if tallest is None else min(int(height), tallest)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(800)  # figures and the transitions of the page follow the new size
    return page.screenshot()


def save_small(png: bytes, path: Path, most_bytes: int | None = None) -> None:
    """Write a picture as small as it gets without losing a colour, or with 256 of them if it is larger than asked."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.save(path, optimize=True)
    if most_bytes is not None and path.stat().st_size > most_bytes:
        picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def main() -> None:
    """Take the pictures of the guide or of watched runs, or every view in both themes and widths, whole."""
    parser = argparse.ArgumentParser(prog="python -m sde_explorer.screenshots", description=__doc__)
    parser.add_argument("folder", type=Path)
    some = parser.add_mutually_exclusive_group()
    some.add_argument(
        "--guide", action="store_true", help="the pictures of docs/guide.md: one width and theme"
    )
    some.add_argument("--watch", metavar="RUNS", help="runs of SpectralMonitor, side by side")
    parser.add_argument("--url", help="of a dashboard that runs already")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    heights: dict[str, int | None] = dict(GUIDE_HEIGHT) if options.guide else dict.fromkeys(VIEWS)
    if options.watch:
        VIEWS["watch"], CHARTS["watch"] = f"/training?watch={quote(options.watch)}", 1
        heights = {"watch": WATCH_HEIGHT}
    is_page = options.guide or bool(options.watch)  # of the docs: one theme and width, its name alone

    @contextmanager
    def given() -> Iterator[str]:
        yield options.url

    with given() if options.url else dashboard() as url:
        for dark in (False,) if is_page else (False, True):
            for width in (1280,) if is_page else WIDTHS:
                theme = "dark" if dark else "light"
                with browser_page(width=width, dark=dark, chromium=options.chromium) as page:
                    for view, tallest in heights.items():
                        png = capture(page, url, view, tallest=tallest)
                        name = view if is_page else f"{view}-{theme}-{width}"
                        path = options.folder / f"{name}.png"
                        save_small(png, path, GUIDE_BYTES if is_page else None)
                        print(path, flush=True)


if __name__ == "__main__":
    main()
