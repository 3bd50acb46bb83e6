"""Memory of the server while sessions look at a set: `python -m benchmarks.session_memory`.

Real script runs of the views on 50,000 pairs x 512 (random vectors with a decaying spectrum), in one process. Each
round moves both thresholds to where they have not been, in every view: what grows with rounds would grow for ever.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks.moved_knob import PAGE, decaying
from sde_explorer.readings.cached import machine as cached_machine

VIEWS = ("overview", "spectrum", "subspaces", "curriculum")


def main() -> None:
    """Print what the process holds after each round, and what a session keeps of its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.session_memory", description=__doc__)
    parser.add_argument("--pairs", type=int, default=50_000, help="default: %(default)s")
    parser.add_argument("--width", type=int, default=512, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=40, help="default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SDE_CACHE"] = str(Path(folder) / "cache")
        data = str(decaying(options.pairs, options.width).save(Path(folder) / "set"))
        size = sum(file.stat().st_size for file in Path(data).rglob("*") if file.is_file())
        print(
            f"The set has {size / 1e6:.0f} MB.\n\n| after | server, MB | a session's own, KB |\n|---|---|---|"
        )
        for turn in range(options.rounds + 1):
            kept = [_look(data, view, turn) for view in VIEWS]
            if turn in (0, 1, 2, 5, 10, 20, 32, 40) or turn == options.rounds:
                held = (cached_machine.memory_in_use() or 0) / 1e6
                print(f"| {turn} moves | {held:.0f} | {max(kept) / 1e3:.1f} |", flush=True)


def _look(data: str, view: str, turn: int) -> int:
    """Open a view in a new session, wait for what it computes; return the size of what the session keeps, as JSON."""
    at = AppTest.from_string(PAGE.format(view=view), default_timeout=600)
    at.query_params["data"] = data
    at.query_params["noise"] = f"{1 + turn / 100:.2f}"
    at.query_params["strong"] = f"{1 - turn / 200:.3f}"
    at.run()
    while at.get("progress"):
        time.sleep(0.5)
        at.run()
    assert not at.exception, (view, at.exception)
    return len(json.dumps(dict(at.session_state._state.filtered_state), default=str))


if __name__ == "__main__":
    main()
