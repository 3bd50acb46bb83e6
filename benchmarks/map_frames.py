"""Frames a second of the map of many points in a headless Chromium: `python -m benchmarks.map_frames`.

The map's own script on a page of its own, with points of eight clusters. Printed for each number of points:
milliseconds from the data to the first picture, of a frame of all that is in view (drawing waited for), and of the
choice of points that follows once one rests; then frames a second while one zooms by the wheel, with the points that
the map draws meanwhile. Headless Chromium without a GPU renders in software.
"""

import argparse
import base64
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np

from sde_explorer.screenshots import browser_page
from sde_explorer.subspaces.numbers.maps import Colours
from sde_explorer.subspaces.point_map.component import HTML, SCRIPT, STYLE
from sde_explorer.subspaces.point_map.sent import point_data

if TYPE_CHECKING:
    from playwright.sync_api import Page

_BEGIN = """async ({ script, html, data }) => {
  document.body.innerHTML = `<div style="width:1100px">${html}</div>`;
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const { default: show } = await import(url);
  const begin = performance.now();
  show({ data: [data], parentElement: document.body });
  const { points } = document.querySelector('.sde-points').map;
  points.draw();
  points.gl.finish();
  window.show = show;
  return performance.now() - begin;
}"""
_FRAMES = """frames => {
  const { points } = document.querySelector('.sde-points').map;
  const taken = [], pixel = new Uint8Array(4);
  for (let i = 0; i < frames; i++) {
    const begin = performance.now(), half = 0.54 * Math.cos(i / frames);
    points.view = [0.5 - half, 0.5 - half, 0.5 + half, 0.5 + half];
    points.draw();
    points.gl.readPixels(0, 0, 1, 1, points.gl.RGBA, points.gl.UNSIGNED_BYTE, pixel); // waits until it is drawn
    taken.push(performance.now() - begin);
  }
  const begin = performance.now();
  points.choose();
  return { taken, choice: performance.now() - begin, drawn: points.drawn, inside: points.inside };
}"""


_ZOOM = """frames => new Promise(done => {
  const { map } = document.querySelector('.sde-points'), { canvas } = map.points, taken = [];
  let last = 0;
  const step = now => {
    if (last) taken.push(now - last);
    last = now;
    if (taken.length === frames) return done({ taken: taken.slice(frames / 2), most: map.most });
    const box = canvas.getBoundingClientRect();
    canvas.dispatchEvent(new WheelEvent('wheel', {
      deltaY: taken.length % 20 < 10 ? -20 : 20, clientX: box.x + 500, clientY: box.y + 200, cancelable: true,
    }));
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
})"""


def clusters(count: int) -> "tuple[np.ndarray, Colours]":
    """Return places of eight clusters, and the cluster as colour."""
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 8, count)
    centres = rng.normal(size=(8, 2)) * 3
    flat = (centres[kind] + rng.normal(size=(count, 2))).astype(np.float32)
    return flat, Colours(title="cluster", kinds=tuple("abcdefgh"), kind=kind.astype(np.int8))


def shown(page: "Page", data: dict[str, Any]) -> float:
    """Put the map on an empty page; return the milliseconds to its first picture."""
    page.add_style_tag(content=STYLE)
    whole = {"first": 0, "alt": "A map of clusters.", "axes": "axis", **data}
    taken: float = page.evaluate(_BEGIN, {"script": SCRIPT, "html": HTML, "data": whole})
    return taken


def main() -> None:
    """Print one row for each number of points."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.map_frames", description=__doc__)
    parser.add_argument("--points", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--frames", type=int, default=60, help="default: %(default)s")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    print(
        "| points | sent, MB | first picture, ms | drawn at rest | a frame of them, ms: median | p95 | choice, ms "
        "| while it moves: frames a second | p5 | drawn |\n|" + "---:|" * 10
    )
    for count in options.points:
        flat, colours = clusters(count)
        data = point_data(flat, colours, None)
        size = (
            sum(len(base64.b64decode(data[part]["base64"])) for part in ("places", "colours")) * 4 / 3 / 1e6
        )
        with browser_page(chromium=options.chromium) as page:
            page.goto("about:blank")
            first = shown(page, data)
            found = page.evaluate(_FRAMES, options.frames)
            moved = page.evaluate(_ZOOM, 4 * options.frames)
        rates = [1000 / ms for ms in moved["taken"]]
        taken = sorted(found["taken"])
        print(
            f"| {count:,} | {size:.1f} | {first:.0f} | {found['drawn']:,} | {statistics.median(taken):.0f} "
            f"| {taken[int(0.95 * len(taken))]:.0f} | {found['choice']:.0f} "
            f"| {statistics.median(rates):.0f} | {np.quantile(rates, 0.05):.0f} | {moved['most']:,} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
