"""Kills at random moments: `python -m benchmarks.kills --count 50 --seed 0`.

Work of every kind runs in a process of its own that is killed (SIGKILL) at a random moment of it, two to four times in
a row. The moment is one of the processor time that the work takes, which other work on the machine does not change, so
nearly every kill hits. After each kill every file is read: it must be whole, or absent. Then the same command runs to
its end in the same folder: its result must be that of a run that nothing disturbed, and no hidden file may stay.
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
from contextlib import redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from benchmarks import kinds
from benchmarks.kinds import KINDS, Kind

_FORK = multiprocessing.get_context("fork")
"""Children of a process that has imported everything and computed nothing: no second goes into imports."""
LIMIT_S = 300
MOST_AFTER_S = 0.02
_LOOK_S = 0.002
_OF_A_PROCESS = 2
"""Of clock ids on Linux: the scheduler's clock of another process, to the nanosecond (clock_getcpuclockid(3))."""


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
    parser.add_argument("--pairs", default=kinds.PAIRS, help="what is encoded; default: %(default)s")
    options = parser.parse_args()
    kinds.PAIRS = options.pairs
    begin = time.monotonic()
    rows = campaign(options.count, options.seed, options.only, until=begin + options.seconds)
    print(table(rows))
    kills = sum(row.kills for row in rows.values())
    lost = [s for row in rows.values() for s in row.lost or ()]
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
            seconds = processor_seconds(KINDS[name], place)
            wanted[name] = (seconds, in_child(KINDS[name].result, place))
        number = 0
        while sum(r.kills for r in rows.values()) < count and number < 5 * count and time.monotonic() < until:
            name = min(names, key=lambda kind: (rows[kind].kills, rows[kind].runs))  # as often each
            number += 1
            place = Path(folder) / f"{name}-{number}"
            _chain(KINDS[name], place, *wanted[name], draw, rows[name])
            shutil.rmtree(place, ignore_errors=True)
    return rows


def _chain(kind: Kind, place: Path, seconds: float, wanted: object, draw: random.Random, row: Row) -> None:
    """Kill the work up to four times, look after each, then let it end and compare.

    Args:
        kind: of the work.
        place: folder that it writes to.
        seconds: of processor time that it takes undisturbed.
        wanted: its result.
        draw: of the moments.
        row: takes what came of it.
    """
    assert row.lost is not None
    left = seconds
    for _ in range(draw.choice((2, 3, 4))):
        moment = draw.uniform(0.02, 0.98) * left
        row.runs += 1
        try:
            if not killed(kind.work, place, moment, draw.uniform(0, MOST_AFTER_S)):
                break
            row.kills += 1
            whole, partial = in_child(kind.look, place)
        except RuntimeError as error:
            row.lost.append(f"{kind.title}, killed after {moment:.2f} s: {error}")
            return
        row.whole += whole
        row.partial += partial > 0
        if partial:  # the next run goes on from what is there, and is shorter
            left -= moment
    try:
        in_child(kind.work, place)
        found = in_child(kind.result, place)
    except RuntimeError as error:
        row.lost.append(f"{kind.title}, run again after a kill: {error}")
        return
    if found != wanted:
        row.lost.append(
            f"{kind.title}, killed after {moment:.2f} of {seconds:.2f} s: {found} instead of {wanted}"
        )
    hidden = [str(path.relative_to(place)) for path in place.rglob(".*")]
    if hidden:
        row.lost.append(f"{kind.title}: {', '.join(hidden)} stays")


def killed(work: Callable[[Path], Any], place: Path, moment: float, after: float = 0.0) -> bool:
    """Start the work and kill it at a moment; return False if it had ended before.

    Args:
        work: that is done.
        place: folder that it writes to.
        moment: seconds of its processor time.
        after: seconds of the clock from then on, in which it may wait for a disk.

    Raises:
        RuntimeError: a process that it had started is left.
    """
    process, mine = started(work, place)
    try:
        mine.poll(LIMIT_S)
        mine.recv()  # it begins
        assert process.pid is not None
        begin, until = used_by(process.pid), time.monotonic() + LIMIT_S
        while process.is_alive() and used_by(process.pid) < begin + moment and time.monotonic() < until:
            process.join(_LOOK_S)
        process.join(after)
        if not process.is_alive():
            return False
        below = children_of(process.pid)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        _wait_until_gone(below)
        return process.exitcode == -signal.SIGKILL
    finally:
        mine.close()


def used_by(pid: int) -> float:
    """Return the seconds of processor time of a process and those that it started; infinite once it has ended."""
    below = sum(used for used in map(_clock_of, children_of(pid)) if used < math.inf)
    return _clock_of(pid) + below


def _clock_of(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | _OF_A_PROCESS)
    except OSError:
        return math.inf


def children_of(pid: int) -> list[int]:
    """Return the processes that the threads of a process started, and theirs."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # the thread has just ended
            for child in map(int, thread.read_text("ascii").split()):
                found += [child, *children_of(child)]
    return found


def _wait_until_gone(processes: list[int]) -> None:
    """Wait until they have ended, which they do when the one that started them is gone."""
    until = time.monotonic() + LIMIT_S
    while any(_clock_of(pid) < math.inf for pid in processes):
        if time.monotonic() > until:
            raise RuntimeError(f"{len(processes)} processes are left")
        time.sleep(_LOOK_S)


def processor_seconds(kind: Kind, place: Path) -> float:
    """Do the work, and return the seconds of processor time that it took.

    Raises:
        RuntimeError: it failed.
    """
    before = os.times()
    in_child(kind.work, place)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


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
