"""The README's moving picture, a short tour of the dashboard: `python -m sde_explorer.recording docs/images/tour.webp`.

What it shows is recorded from the running dashboard: four views, and the noise threshold dragged with the pointer.
Needs Playwright and a Chromium (`--chromium`, or the first one on the PATH).
"""

import argparse
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sde_explorer.screenshots import CHARTS, LEGENDS, VIEWS, await_jobs, browser_page, dashboard, rest, settle

if TYPE_CHECKING:
    from PIL.Image import Image
    from playwright.sync_api import Page

BYTES = 2_000_000
"""The most that the picture may take."""
SIZE = (1280, 800)
"""Pixels of the window."""
_SHOWN = (1024, 640)
_REST_MS, _DRAG_MS = 2600, 90
_MOVES = 16
SCENES = ("overview", "spectrum", "subspaces", "retrieval")
"""Views, in the order they are shown."""


class Frame(NamedTuple):
    """A picture and how long it is shown, in milliseconds."""

    picture: "Image"
    ms: int


def frames(page: "Page", url: str) -> Iterator[Frame]:
    """Yield the frames of the tour."""
    page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
    for view in SCENES:
        page.goto(url + VIEWS[view])
        settle(page, charts=min(CHARTS[view], 1))
        await_jobs(page)
        if view in LEGENDS:
            page.locator(".legendtext, .legend", has_text=LEGENDS[view]).first.wait_for(timeout=120_000)
        rest(page)
        yield Frame(_seen(page), _REST_MS if view != "spectrum" else _REST_MS // 2)
        if view == "spectrum":
            yield from _dragged(page)


def _dragged(page: "Page") -> Iterator[Frame]:
    """Yield the noise threshold on its way up and back."""
    line = page.locator(".line.noise .knob").first
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, _MOVES + 1):
        page.mouse.move(x, y - 70 * min(step, _MOVES - step) / (_MOVES / 2))
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        yield Frame(_seen(page), _DRAG_MS if step != _MOVES // 2 else 8 * _DRAG_MS)
    page.mouse.up()
    rest(page)
    yield Frame(_seen(page), _REST_MS // 2)


def _seen(page: "Page") -> "Image":
    from PIL import Image

    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return picture.resize(_SHOWN, Image.Resampling.LANCZOS)


def save(shown: "list[Frame]", path: Path) -> None:
    """Write an animation that repeats for ever, as sharp as `BYTES` allow."""
    first, *others = (frame.picture for frame in shown)
    for quality in (90, 80, 65, 50):
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=[frame.ms for frame in shown],
            loop=0,
            quality=quality,
            method=4,
        )
        if path.stat().st_size <= BYTES:
            break


def main() -> None:
    """Record the tour."""
    parser = argparse.ArgumentParser(prog="python -m sde_explorer.recording", description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--url", help="of a dashboard that runs already")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()

    @contextmanager
    def given() -> Iterator[str]:
        yield options.url

    with (
        given() if options.url else dashboard() as url,
        browser_page(width=SIZE[0], chromium=options.chromium) as page,
    ):
        save(list(frames(page, url)), options.output)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
