"""Server time from a moved control to the view's new figures: `python -m benchmarks.moved_knob`.

A real script run of each view on 50,000 pairs x 512 (random vectors with a decaying spectrum), the caches warm as they
are for someone who looks at a set, another value of the control every time; nothing else runs on the machine.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from streamlit.testing.v1 import AppTest

from sde_core import EmbeddingSet

PAGE = """
import streamlit as st
from app.views import {view}
st.set_page_config(layout="wide")
{view}.show()
"""
KNOBS = (
    ("spectrum", "select_slider", "noise_slider"),
    ("curriculum", "slider", "t"),
    ("curriculum", "slider", "rho"),
    ("curriculum", "select_slider", "noise_slider"),
)


def main() -> None:
    """Print one row for each view and control: median and 95th percentile."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moved_knob", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--runs", type=int, default=40, help="values of each control; default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDE_CACHE"] = str(Path(folder) / "cache")
        data = _decaying(options.pairs, options.width).save(Path(folder) / "set")
        print("| view | control | script run, ms: median | p95 |")
        print("|---|---|---|---|")
        for view, kind, key in KNOBS:
            taken = sorted(_milliseconds(str(data), view, kind, key, options.runs))
            median, late = taken[len(taken) // 2], taken[int(0.95 * len(taken))]
            print(f"| `{view}` | `{key}` | {median:.0f} | {late:.0f} |", flush=True)


def _decaying(n_pairs: int, width: int) -> EmbeddingSet:
    rng = np.random.default_rng(0)
    scale = np.geomspace(3, 0.1, width).astype(np.float32)
    shared = rng.normal(size=(n_pairs, width)).astype(np.float32) * scale
    image, text = (shared + 0.3 * scale * rng.normal(size=shared.shape).astype(np.float32) for _ in range(2))
    return EmbeddingSet.from_arrays(image, text, name="decaying")


def _milliseconds(data: str, view: str, kind: str, key: str, runs: int) -> list[float]:
    at = AppTest.from_string(PAGE.format(view=view), default_timeout=600)
    at.query_params["data"] = data
    at.run()
    widget = getattr(at, kind)(key=key)
    options = widget.options if kind == "select_slider" else np.linspace(widget.min, widget.max, 201).round(2)
    middle = len(options) // 4
    taken = []
    for i in range(runs + 3):
        value = options[middle + i]
        getattr(at, kind)(key=key).set_value(float(str(value).split(" ")[0]))
        started = time.perf_counter()
        at.run()
        taken.append(1000 * (time.perf_counter() - started))
        assert not at.exception
    return taken[3:]


if __name__ == "__main__":
    main()
