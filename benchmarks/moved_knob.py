"""Server time from a moved control, and from a change of view, to new figures: `python -m benchmarks.moved_knob`.

A real script run of each view on 50,000 pairs x 512 (random vectors with a decaying spectrum), the caches warm as they
are for someone who looks at a set, and what is computed beside the page done; another value of the control every time.
A change of view is the first run of a new session. Time is that of the script run, from its first line to its last, and
the processor's share of it, which a busy machine does not move. Figures are all of a page together, as JSON.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from streamlit.config import set_option
from streamlit.testing.v1 import AppTest

from sde_core import EmbeddingSet

PAGE = """
import time
import streamlit as st
from sde_explorer.{view} import page as {view}
st.set_page_config(layout="wide")
wall, processor = time.perf_counter(), time.thread_time()
{view}.show()
st.session_state["taken_ms"] = (1000 * (time.perf_counter() - wall), 1000 * (time.thread_time() - processor))
"""
KNOBS = (
    ("spectrum", "select_slider", "noise_slider"),
    ("curriculum", "slider", "t_slider"),
    ("curriculum", "slider", "rho_slider"),
    ("curriculum", "select_slider", "noise_slider"),
)


def main() -> None:
    """Print one row for each view and control: median and 95th percentile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moved_knob", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--data", help="a bundled set or the folder of one, instead of random vectors")
    parser.add_argument("--runs", type=int, default=40, help="values of each control; default: %(default)s")
    parser.add_argument("--views", nargs="+", default=["spectrum", "curriculum"], help="default: both")
    options = parser.parse_args()
    set_option("browser.gatherUsageStats", False)  # as the server has it, whatever the working folder
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDE_CACHE"] = str(Path(folder) / "cache")
        data = options.data or decaying(options.pairs, options.width).save(Path(folder) / "set")
        print("| view | control | script run, ms: median | p95 | of it processor: median | p95 |")
        print("|---|---|---|---|---|---|")
        shown = [knob for knob in KNOBS if knob[0] in options.views]
        for view, kind, key in shown:
            taken = _milliseconds(str(data), view, kind, key, options.runs)
            print(f"| `{view}` | `{key}` | {_middle_and_late(taken)} |", flush=True)
        print("\n| view | opened, ms: median | p95 | of it processor: median | p95 | figures, MB |")
        print("|---|---|---|---|---|---|")
        for view in dict.fromkeys(knob[0] for knob in shown):
            taken, size = _openings(str(data), view, options.runs)
            print(f"| `{view}` | {_middle_and_late(taken)} | {size / 1e6:.2f} |", flush=True)


def _middle_and_late(taken: "list[tuple[float, float]]") -> str:
    return " | ".join(f"{np.median(ms):.0f} | {np.quantile(ms, 0.95):.0f}" for ms in zip(*taken, strict=True))


def _opened(data: str, view: str) -> AppTest:
    at = AppTest.from_string(PAGE.format(view=view), default_timeout=600)
    at.query_params["data"] = data
    return at.run()


def _openings(data: str, view: str, runs: int) -> "tuple[list[tuple[float, float]], int]":
    taken = []
    for _ in range(runs):
        at = _opened(data, view)
        taken.append(at.session_state["taken_ms"])
    specs = [chart.proto.spec for chart in at.get("plotly_chart")]
    return taken, sum(map(len, specs + [component.proto.json for component in at.get("bidi_component")]))


def decaying(n_pairs: int, width: int) -> EmbeddingSet:
    """Return pairs of random vectors whose spectrum decays as those of encoders do."""
    rng = np.random.default_rng(0)
    scale = np.geomspace(3, 0.1, width).astype(np.float32)
    shared = rng.normal(size=(n_pairs, width)).astype(np.float32) * scale
    image, text = (shared + 0.3 * scale * rng.normal(size=shared.shape).astype(np.float32) for _ in range(2))
    return EmbeddingSet.from_arrays(image, text, name="decaying")


def _milliseconds(data: str, view: str, kind: str, key: str, runs: int) -> "list[tuple[float, float]]":
    at = _opened(data, view)
    while at.get("progress"):
        time.sleep(1)
        at.run()
    widget = getattr(at, kind)(key=key)
    options = widget.options if kind == "select_slider" else np.linspace(widget.min, widget.max, 201).round(2)
    middle = len(options) // 4
    taken = []
    for i in range(runs + 3):
        value = options[middle + i]
        getattr(at, kind)(key=key).set_value(float(str(value).split(" ")[0]))
        at.run()
        assert not at.exception
        taken.append(at.session_state["taken_ms"])
    return taken[3:]


if __name__ == "__main__":
    main()
