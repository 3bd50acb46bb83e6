"""Processor time of every action of one visitor at a time: `python -m benchmarks.walk_cost`.

Of each set the first visitor pays for what all visitors share, one with the same thresholds for the page alone, one
with thresholds of their own for what depends on these. What other programs take of the machine hardly changes it.
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.client import server
from benchmarks.load import ACTIONS, memory_of, seconds_of
from benchmarks.tab import Tab

_REST_S = 0.4
"""After an action, for what the server does once the page has settled."""
WALKS = (
    ("emoji", "split=train", 1.0, "the first"),
    ("emoji", "split=train", 1.0, "the same thresholds"),
    ("emoji", "split=train", 0.83, "thresholds of their own"),
    ("clipart", "split=train", 1.0, "the first"),
    ("clipart", "split=train", 0.83, "thresholds of their own"),
)


def main() -> None:
    """Print a row for each walk."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.walk_cost", description=__doc__)
    parser.add_argument("--patience", type=float, default=120.0, help="seconds; default: %(default)s")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        cache = {"SDE_CACHE": str(folder / "cache")}
        with server("--many-users", folder=folder, environment=cache) as (url, process, _):
            first = Tab(url)
            first.open("")  # imports are the start's
            first.close()
            _until_idle(process.pid)
            print("| set | visitor | " + " | ".join(ACTIONS) + " | looks | KB |")
            print("|---|---|" + "---:|" * (len(ACTIONS) + 2))
            for data, part, noise, who in WALKS:
                print(
                    f"| {data}, {part} | {who} | {_walk(url, process.pid, data, part, noise, options)} |",
                    flush=True,
                )
            print(f"\nSeconds of processor time; memory at the end {memory_of(process.pid) / 1e9:.2f} GB.")


def _walk(url: str, pid: int, data: str, part: str, noise: float, options: argparse.Namespace) -> str:
    """Return the cells of a walk: seconds of each action, looks at what runs, kilobytes of what was shown."""
    tab, cells, size = Tab(url, timeout_s=300), list[str](), 0
    try:
        for action in ACTIONS:
            moved = noise if ACTIONS.index(action) >= 2 else 1.0
            page = {"overview": "", "threshold": "spectrum"}.get(action, action)
            before = seconds_of(pid)
            tab.open(page, f"data={data}&noise={moved}&back=1&part={part}", patience_s=options.patience)
            time.sleep(_REST_S)
            cells.append(f"{seconds_of(pid) - before:.2f}")
            size += sum(message.ByteSize() for message in tab.messages)
    finally:
        tab.close()
    return " | ".join((*cells, str(tab.polls), f"{size / 1e3:.0f}"))


def _until_idle(pid: int) -> None:
    """Wait until the server uses next to nothing of the processor for eight seconds."""
    last, still = seconds_of(pid), 0
    while still < 4:
        time.sleep(2)
        now = seconds_of(pid)
        still, last = (still + 1 if now - last < 0.1 else 0), now


if __name__ == "__main__":
    main()
