"""Many visitors at once on one server: `python -m benchmarks.load`, over real WebSockets.

Every visitor has a set, a part and thresholds of their own, and walks Overview, Spectrum, a moved threshold,
Subspaces, Retrieval, and looks at each for a while; with `--think 0` all begin in the same instant and nobody looks.
"Answered" is the end of the run of the page; "settled" is when nothing on it is on its way any more, the retrieval
table of one's own thresholds included. What each page shows is compared with the visitor's own set and thresholds,
and its counts of directions with those that the library computes in this process.
"""

import argparse
import math
import os
import random
import re
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

import sde_core as sde
from benchmarks.client import server
from benchmarks.tab import Tab
from sde_core.embedding_formats.named import rows_of_part
from sde_core.files.bundled import embeddings_folder
from sde_core.partition import Bands

ACTIONS = ("overview", "spectrum", "threshold", "subspaces", "retrieval")
SETS = tuple((name, part) for part in ("", "split=train", "split=val") for name in ("emoji", "clipart"))
GOAL_S, GOAL_GB = 3.0, 2.0


@dataclass
class Walk:
    """What the visitors of one level met.

    Attributes:
        answered: seconds until a page had run, by action.
        settled: seconds until nothing was on its way, by action.
        checks: what was compared with a visitor's own set and thresholds.
        wrong: what was not theirs.
        failed: what ended a visit.
    """

    answered: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    settled: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    checks: int = 0
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    polls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def main() -> None:
    """Print a table for each number of visitors."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 5, 20], help="default: 1 5 20")
    parser.add_argument("--rounds", type=int, default=2, help="walks of each visitor; default: %(default)s")
    parser.add_argument(
        "--think", type=float, default=5.0, help="mean seconds a page is looked at; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the pauses; default: %(default)s")
    parser.add_argument(
        "--patience", type=float, default=30.0, help="seconds to wait for what settles; default: %(default)s"
    )
    parser.add_argument(
        "--warm", action="store_true", help="begin once the server has computed ahead what it can"
    )
    options = parser.parse_args()
    for number in options.clients:
        with tempfile.TemporaryDirectory() as folder:
            _level(number, options, Path(folder))


def _level(number: int, options: argparse.Namespace, folder: Path) -> None:
    environment = {"SDE_CACHE": str(folder / "cache")}
    with server("--many-users", folder=folder, environment=environment) as (url, process, log):
        tab = Tab(url)
        tab.open("")  # imports are the start's, not a visitor's
        tab.close()
        if options.warm:
            _wait_until_it_looked_ahead(log)
        before, begin, load = seconds_of(process.pid), time.monotonic(), os.getloadavg()[0]
        with largest_memory(process.pid) as held:
            walk = visit(url, number, options)
        took = time.monotonic() - begin
        used = seconds_of(process.pid) - before
        errors = log.read_text("utf-8").count('"event": "error"')
    count = sum(map(len, walk.answered.values()))
    print(
        f"\n{number} visitors, {options.think:g} s of looking between, {count} actions in {took:.0f} s; ",
        end="",
    )
    print(f"load of the machine {load:.1f} before, {os.getloadavg()[0]:.1f} after; ", end="")
    print(f"processor {used / max(count, 1):.2f} s an action, {used / took:.2f} cores.\n")
    print("| action | answered, s: median | p95 | settled, s: median | p95 |\n|---|---:|---:|---:|---:|")
    for name in (*ACTIONS, "all"):
        first, last = (
            np.concatenate([by[a] for a in ACTIONS]) if name == "all" else np.array(by[name])
            for by in (walk.answered, walk.settled)
        )
        if len(first):
            shown = (quantile(first, 0.5), quantile(first, 0.95), quantile(last, 0.5), quantile(last, 0.95))
            print(f"| {name} | " + " | ".join(said(value, options.patience) for value in shown) + " |")
    print(
        f"\nMemory at most {max(held) / 1e9:.2f} GB (goal {GOAL_GB}); {walk.polls} looks at what runs; ",
        end="",
    )
    print(f"{walk.checks} checks of own sets and thresholds, {len(walk.wrong)} wrong; ", end="")
    print(f"{len(walk.failed)} visits failed, {errors} errors in the log.", flush=True)
    for line in (*walk.wrong[:5], *walk.failed[:5]):
        print(f"- {line}")


def _wait_until_it_looked_ahead(log: Path) -> None:
    """Wait until the server has computed what it computes while nobody asks.

    Raises:
        TimeoutError: it had not within five minutes.
    """
    until = time.monotonic() + 300
    while '"event": "looked ahead"' not in log.read_text("utf-8"):
        if time.monotonic() > until:
            raise TimeoutError("the server did not look ahead within five minutes")
        time.sleep(0.5)


def quantile(values: npt.NDArray[np.float64], share: float) -> float:
    """Return the least value that ``share`` of the values do not exceed; it may be infinite."""
    return float(np.sort(values)[math.ceil(share * len(values)) - 1])


def said(seconds: float, patience: float) -> str:
    """Return seconds as a table has them."""
    return f"{seconds:.2f}" if math.isfinite(seconds) else f"> {patience:.0f}"


def visit(url: str, number: int, options: argparse.Namespace) -> Walk:
    """Let visitors walk through a server at once, and return what they met."""
    walk = Walk()
    threads = [
        threading.Thread(target=_visitor, args=(url, who, options, walk), daemon=True)
        for who in range(number)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return walk


def _visitor(url: str, who: int, options: argparse.Namespace, walk: Walk) -> None:
    draw, think = random.Random(f"{options.seed}/{who}"), options.think
    data, part = SETS[who % len(SETS)]
    time.sleep(draw.uniform(0, think))
    tab = Tab(url, timeout_s=600)
    try:
        for turn in range(options.rounds):
            # Nobody else has these: who sees another's sees it at once.
            noise = round(0.7 + 0.013 * who + 0.003 * turn, 4)
            for action in ACTIONS:
                moved = noise if ACTIONS.index(action) >= 2 else 1.0
                link = f"data={data}&noise={moved}&back=1" + (f"&part={part}" if part else "")
                page = {"overview": "", "threshold": "spectrum"}.get(action, action)
                answered, settled = tab.open(page, link, patience_s=options.patience)
                problems = list(strange(tab, data, part, moved, counts=page == "spectrum"))
                with walk.lock:
                    walk.answered[action].append(answered)
                    walk.settled[action].append(settled)
                    walk.checks += 1
                    walk.wrong += [f"visitor {who}, {action}: {problem}" for problem in problems]
                time.sleep(draw.uniform(0.5, 1.5) * think)
    except Exception as error:
        with walk.lock:
            walk.failed.append(f"visitor {who}: {type(error).__name__} {error}")
    finally:
        walk.polls += tab.polls
        tab.close()


def strange(tab: Tab, data: str, part: str, noise: float, *, counts: bool) -> Iterator[str]:
    """Yield what a page shows and should not: another set, other thresholds, other counts, an error."""
    rows, texts, noisy = expected(data, part, noise)
    bodies = [str(getattr(e, "body", "")) for e in (*tab.elements("markdown"), *tab.elements("heading"))]
    words = [body.replace("\N{NO-BREAK SPACE}", " ") for body in bodies]
    if not any(f"{rows:,}" in text and text.endswith(f" · {texts:,} texts") for text in words):
        yield f"no words of its {rows:,} images and {texts:,} texts"
    shown = [
        e.default  # type: ignore[attr-defined]
        for e in tab.elements("number_input")
        if getattr(e, "label", "") == "Noise × rule"
    ]
    if shown != [noise]:
        yield f"noise factors {shown} are shown, {noise} was set"
    told = re.compile(rf"\b{noisy:,} (noise|lies? below the noise edge)")
    if counts and not any(told.search(text) for text in words):
        yield f"its {noisy} directions of noise are not told"
    if any(getattr(e, "format", None) == 1 for e in tab.elements("alert")):
        yield "an error is shown"


@cache
def expected(data: str, part: str, noise: float) -> tuple[int, int, int]:
    """Return rows and texts of a set, and the directions of noise of its images, as the library has them."""
    found = sde.EmbeddingSet.load(embeddings_folder(data))
    if part:
        found = found.select(rows_of_part(found, (part,)))
    spectrum = sde.compute_spectrum(found.image)
    bands = Bands.of(spectrum, sde.partition_spectrum(spectrum, rule="mp-iqr"), modality="image")
    return found.n_rows, found.n_texts, int((bands.moved(noise=noise, strong=1.0).labels == 2).sum())


@contextmanager
def largest_memory(pid: int) -> Iterator[list[int]]:
    """Yield a list that takes the bytes a process and its children hold, four times a second."""
    held, is_over = [memory_of(pid)], threading.Event()

    def sample() -> None:
        while not is_over.wait(0.25):
            held.append(memory_of(pid))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        is_over.set()
        thread.join()


def processes(pid: int) -> list[int]:
    """Return a process and all below it."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return []
    return [pid, *(found for child in below for found in processes(int(child)))]


def memory_of(pid: int) -> int:
    """Return the bytes of memory that a process and all below it hold."""
    total = 0
    for one in processes(pid):
        try:
            total += int(Path(f"/proc/{one}/statm").read_text("ascii").split()[1])
        except OSError:
            continue
    return total * os.sysconf("SC_PAGE_SIZE")


def seconds_of(pid: int) -> float:
    """Return the seconds of processor time that a process and all below it have used."""
    total = 0
    for one in processes(pid):
        try:
            words = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
        except OSError:
            continue
        total += int(words[11]) + int(words[12])
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
