"""Kills at random moments: `python -m benchmarks.kills --count 50 --seed 0`.

Work of every kind runs in a process of its own that is killed (SIGKILL) at a random moment of it, up to three times in
a row. After each kill every file is read: it must be whole, or absent. Then the same command runs to its end in the
same folder: its result must be that of a run that nothing disturbed, and no hidden file may stay.
"""

import argparse
import json
import math
import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks.kinds import KINDS, Kind

_FORK = multiprocessing.get_context("fork")
"""Children of a process that has imported everything and computed nothing: no second goes into imports."""
LIMIT_S = 300


@dataclass
class Row:
    """What the kills of one kind came to.

    Attributes:
        runs: that were started to be killed.
        kills: that hit the work.
        whole: files or folders that were read whole after a kill.
        partial: kills that left named, resumable parts.
        lost: sentences on what was broken, differed or stayed.
    """

    runs: int = 0
    kills: int = 0
    whole: int = 0
    partial: int = 0
    lost: list[str] | None = None

    def __post_init__(self) -> None:
        self.lost = []


def main() -> None:
    """Print the table; end with 1 if anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="kills that hit; default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="of the moments; default: %(default)s")
    parser.add_argument(
        "--only", nargs="+", choices=list(KINDS), default=list(KINDS), help="kinds of work; default: all"
    )
    parser.add_argument(
        "--seconds", type=float, default=3600, help="after which no other begins; default: %(default)s"
    )
    options = parser.parse_args()
    begin = time.monotonic()
    rows = campaign(options.count, options.seed, options.only, until=begin + options.seconds)
    print(table(rows))
    kills, lost = (
        sum(row.kills for row in rows.values()),
        [s for row in rows.values() for s in row.lost or ()],
    )
    print(f"\n{kills} kills, seed {options.seed}, {time.monotonic() - begin:.0f} s; {len(lost)} lost.")
    for sentence in lost:
        print(f"- {sentence}")
    raise SystemExit(bool(lost))


def table(rows: dict[str, Row]) -> str:
    """Return the rows as Markdown."""
    head = "| work | killed | read whole after a kill | resumable parts | lost |\n|---|---:|---:|---:|---:|"
    lines = [
        f"| {KINDS[name].title} | {row.kills} of {row.runs} | {row.whole} | {row.partial} | {len(row.lost or ())} |"
        for name, row in rows.items()
    ]
    return "\n".join((head, *lines))


def campaign(count: int, seed: int, names: list[str], *, until: float = math.inf) -> dict[str, Row]:
    """Kill until so many kills hit their work, kind after kind, and return what came of it.

    Args:
        count: kills that shall hit.
        seed: of kinds' moments.
        names: of the kinds.
        until: moment of `time.monotonic` after which no other run begins.
    """
    draw, rows = random.Random(seed), {name: Row() for name in names}
    with tempfile.TemporaryDirectory(prefix="sde-kills-") as folder:
        wanted: dict[str, tuple[float, Any]] = {}
        for name in names:
            place = Path(folder) / f"undisturbed-{name}"
            seconds = seconds_to_the_end(KINDS[name], place)
            wanted[name] = (seconds, in_child(KINDS[name].result, place))
        number = 0
        while sum(r.kills for r in rows.values()) < count and number < 5 * count and time.monotonic() < until:
            name = min(names, key=lambda kind: (rows[kind].kills, rows[kind].runs))  # as often each
            number += 1
            place = Path(folder) / f"{name}-{number}"
            seconds, result = wanted[name]
            wanted[name] = (_chain(KINDS[name], place, seconds, result, draw, rows[name]), result)
            shutil.rmtree(place, ignore_errors=True)
    return rows


def _chain(kind: Kind, place: Path, seconds: float, wanted: object, draw: random.Random, row: Row) -> float:
    """Kill the work up to three times, look after each, then let it end and compare; return how long it takes.

    A run that ends before its kill says how fast this machine is by now.
    """
    assert row.lost is not None
    for turn in range(draw.choice((1, 2, 3))):
        moment = draw.uniform(0.02, 1.0) * seconds
        row.runs += 1
        begin = time.monotonic()
        if not killed(kind.work, place, moment):
            if not turn:  # a later run goes on from what was there, and is shorter
                seconds = min(seconds, time.monotonic() - begin)
            break
        row.kills += 1
        try:
            whole, partial = in_child(kind.look, place)
        except RuntimeError as error:
            row.lost.append(f"{kind.title}, killed after {moment:.2f} s: {error}")
            return seconds
        row.whole += whole
        row.partial += partial > 0
    try:
        seconds_to_the_end(kind, place)
        found = in_child(kind.result, place)
    except RuntimeError as error:
        row.lost.append(f"{kind.title}, run again after a kill: {error}")
        return seconds
    if found != wanted:
        row.lost.append(
            f"{kind.title}, killed after {moment:.2f} of {seconds:.2f} s: {found} instead of {wanted}"
        )
    hidden = [str(path.relative_to(place)) for path in place.rglob(".*")]
    if hidden:
        row.lost.append(f"{kind.title}: {', '.join(hidden)} stays")
    return seconds


def killed(work: Callable[[Path], Any], place: Path, moment: float) -> bool:
    """Start the work and kill it at a moment; return False if it had ended before."""
    process, mine = started(work, place)
    try:
        mine.poll(LIMIT_S)
        mine.recv()  # it begins
        process.join(moment)
        if process.exitcode is not None:
            return False
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        return process.exitcode == -signal.SIGKILL
    finally:
        mine.close()


def seconds_to_the_end(kind: Kind, place: Path) -> float:
    """Do the work, and return the seconds that it took.

    Raises:
        RuntimeError: it failed.
    """
    begin = time.monotonic()
    in_child(kind.work, place)
    return time.monotonic() - begin


def in_child(work: Callable[[Path], Any], place: Path) -> Any:  # noqa: ANN401  (what the work returns)
    """Return what ``work`` returns in a child.

    Raises:
        RuntimeError: it failed, or took too long.
    """
    process, mine = started(work, place)
    try:
        answers = []
        while len(answers) < 2 and mine.poll(LIMIT_S):
            answers.append(json.loads(mine.recv()))
    except EOFError:
        pass
    finally:
        process.kill()
        process.join()
        mine.close()
    if len(answers) < 2 or "error" in answers[1]:
        raise RuntimeError(answers[1]["error"] if len(answers) > 1 else "it ended without a word")
    return answers[1]["result"]


def started(work: Callable[[Path], Any], place: Path) -> tuple[Any, Connection]:
    """Start work in a child; return its process and the end of a pipe that gets two lines: begun, and what came."""
    mine, its = _FORK.Pipe(duplex=False)
    process = _FORK.Process(target=_child, args=(work, place, its), daemon=True)
    process.start()
    its.close()
    return process, mine


def _child(work: Callable[[Path], Any], place: Path, its: Connection) -> None:
    place.mkdir(parents=True, exist_ok=True)
    os.chdir(place)
    os.environ["SDE_CACHE"] = str(place / "cache")
    its.send(json.dumps({"begun": True}))
    try:
        with open(os.devnull, "w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
            result = work(place)
        its.send(json.dumps({"result": result}))
    except BaseException as error:
        its.send(json.dumps({"error": f"{type(error).__name__}: {error}"}))


if __name__ == "__main__":
    main()
