"""Milliseconds a frame while a threshold is dragged, and what the server hears of it: `python -m benchmarks.drag`.

Two spectra beside each other in Chromium, without a graphics card as in the tests; the noise threshold goes up and down
under the pointer. A frame is the time between two calls of `requestAnimationFrame`; messages are what the browser sends
over its connection while the threshold is held, and after it is let go. Before it, frames of the same page while the
pointer only rests: what is late there is the machine's.
"""

import argparse
import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from sde_explorer.screenshots import browser_page, dashboard, rest

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

FRAMES = """() => { window.frames_ms = []; let last = performance.now();
const next = (now) => { window.frames_ms.push(now - last); last = now; window.sampling = requestAnimationFrame(next); };
window.sampling = requestAnimationFrame(next); }"""
SAMPLED = "() => { cancelAnimationFrame(window.sampling); return window.frames_ms.slice(1); }"


def main() -> None:
    """Print one row for each number of directions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.drag", description=__doc__)
    parser.add_argument("--directions", type=int, nargs="+", default=[192, 4096], help="default: %(default)s")
    parser.add_argument("--moves", type=int, default=240, help="of the pointer; default: %(default)s")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    print(
        "| directions | at rest, ms a frame: median | p95 | dragged: median | p95 | script, ms | sent, held | after |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with dashboard(script=Path(__file__).with_name("drag_page.py")) as url:
        for count in options.directions:
            with browser_page(chromium=options.chromium) as page:
                sent: list[str] = []
                page.on(
                    "websocket",
                    lambda socket, to=sent: socket.on("framesent", lambda _: to.append("message")),
                )
                page.goto(f"{url}/?r={count}")
                page.locator(".line.noise").first.wait_for()
                rest(page)
                print(_row(page, count, sent, options.moves), flush=True)


def _row(page: "Page", count: int, sent: list[str], moves: int) -> str:
    knob = page.locator(".line.noise .knob").first.bounding_box()
    assert knob is not None
    x, y = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
    page.mouse.move(x, y)
    page.evaluate(FRAMES)
    page.wait_for_timeout(1500)
    resting = page.evaluate(SAMPLED)
    page.mouse.down()
    page.mouse.move(x, y - 2)
    sent.clear()
    page.evaluate(FRAMES)
    metrics = page.context.new_cdp_session(page)
    metrics.send("Performance.enable")
    before = _script_ms(metrics)
    for i in range(moves):
        page.mouse.move(x, y - 120 + abs(i % 120 - 60) * 2)
    dragged = page.evaluate(SAMPLED)
    script, held = (_script_ms(metrics) - before) / len(dragged), len(sent)
    page.mouse.up()
    page.get_by_text("releases: 1").wait_for()
    rest(page)
    times = " | ".join(f"{statistics.median(ms):.1f} | {_p95(ms):.1f}" for ms in (resting, dragged))
    return f"| {count:,} | {times} | {script:.1f} | {held} | {len(sent) - held} |"


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _script_ms(metrics: "CDPSession") -> float:
    found = metrics.send("Performance.getMetrics")["metrics"]
    return 1000 * next(float(one["value"]) for one in found if one["name"] == "ScriptDuration")


if __name__ == "__main__":
    main()
