"""How long the server's interpreter is held while visitors wait: `python -m benchmarks.held`.

A thread of the server sleeps for 2 ms again and again and notes by how much it wakes too late: for that long nothing
else of the server ran either. Two servers answer the same requests, in pairs in one run: as shipped, and with
Streamlit's own settings (a whole collection of garbage after every run, a watcher of files). The first runs, with the
imports, are not counted.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.client import Client, free_port, started

SERVER = """
import json, os, threading, time

late = []

def sample():
    while True:
        before = time.perf_counter()
        time.sleep(0.002)
        ms = 1000 * (time.perf_counter() - before - 0.002)
        if ms > 5:
            late.append((before, ms))

def write():
    while True:
        time.sleep(0.5)
        with open({log!r} + ".new", "w") as out:
            json.dump(late, out)
        os.replace({log!r} + ".new", {log!r})

if not any(t.name == "sampler" for t in threading.enumerate()):
    threading.Thread(target=sample, daemon=True, name="sampler").start()
    threading.Thread(target=write, daemon=True, name="writer").start()

import streamlit as st
from sde_explorer.server import MIDDLEWARE, PAGES, lifespan

app = st.App(PAGES, lifespan=lifespan, middleware=MIDDLEWARE)
"""
OTHER = ("--runner.postScriptGC", "true", "--server.fileWatcherType", "poll")
VIEWS = ("spectrum", "curriculum", "")


def main() -> None:
    """Print how often and how long the interpreter was held, a row for each server."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.held", description=__doc__)
    parser.add_argument("--runs", type=int, default=12, help="requests of each view; default: %(default)s")
    parser.add_argument("--data", default="", help="a set's folder instead of the bundled set")
    parser.add_argument(
        "--views", nargs="*", default=VIEWS, help='paths, "" is the Overview; default: %(default)s'
    )
    parser.add_argument("--only-shipped", action="store_true", help="leave out Streamlit's own settings")
    options = parser.parse_args()
    print("| server | longest, ms | over 50 ms | of the time | a run, ms: median | p95 |")
    print("|---|---|---|---|---|---|")
    for name, more in (("as shipped", ()), ("Streamlit's settings", OTHER))[
        : 1 if options.only_shipped else 2
    ]:
        with tempfile.TemporaryDirectory() as folder:
            late, taken = _measured(Path(folder), more, options)
        over = late[late > 50]
        print(
            f"| {name} | {late.max(initial=0):.0f} | {len(over)} times | {over.sum() / (taken.sum() or 1):.0%} "
            f"| {np.median(taken):.0f} | {np.quantile(taken, 0.95):.0f} |",
            flush=True,
        )


def _measured(
    folder: Path, more: tuple[str, ...], options: argparse.Namespace
) -> "tuple[np.ndarray, np.ndarray]":
    """Return by how many ms the sampler woke too late, and how many ms each request took."""
    log, script = folder / "late.json", folder / "main.py"
    script.write_text(SERVER.format(log=str(log)))
    import sde_explorer

    shutil.copytree(Path(sde_explorer.__file__).parent / ".streamlit", folder / ".streamlit")
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
    command += ["--server.port", str(port), *more]
    with started(command, port, folder=folder, environment={"SDE_CACHE": str(folder / "cache")}) as (
        url,
        _,
        _,
    ):
        client = Client(url)
        data = f"data={options.data}&" if options.data else ""
        for view in (*options.views, *options.views):
            client.run(view, data)
        time.sleep(5)  # what is computed beside the page
        begin, taken = time.perf_counter(), []
        for number in range(options.runs):
            for view in options.views:
                before = time.perf_counter()
                client.run(view, f"{data}noise={0.5 + number / 20}&back=1")
                taken.append(1000 * (time.perf_counter() - before))
                time.sleep(0.1)
        time.sleep(1)
        client.close()
        late = [ms for at, ms in json.loads(log.read_text()) if at >= begin]
    return np.array(late), np.array(taken)


if __name__ == "__main__":
    main()
