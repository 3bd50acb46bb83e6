"""Faults other than kills: `python -m benchmarks.faults`.

A full disk (a limit on the size of files), a folder that may not be written, an encoder's file that is gone, a clock
that was set back, two writers at once. Each command must say one sentence and leave what was there as it was; where
the fault is over, the same command must come to the result of a run that nothing disturbed.
"""

import contextlib
import ctypes
import io
import json
import os
import random
import resource
import shutil
import struct
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import kinds
from benchmarks.kills import in_child, killed, processor_seconds, started
from benchmarks.kinds import KINDS, Kind
from sde_core.cli import main as cli
from sde_core.files.bundled import encoder_folder

COMMANDS = ("encode", "train", "transform", "report")
_SMALL = 4 << 10
_OVERRIDE, _CAPABILITIES_3 = 0b10, 0x20080522  # of capset(2): CAP_DAC_OVERRIDE


@dataclass
class Row:
    """What came of one kind of fault.

    Attributes:
        tried: runs.
        lost: sentences on what was broken, differed, stayed, or was said badly.
    """

    tried: int = 0
    lost: list[str] = field(default_factory=list)


def main() -> None:
    """Print the table; end with 1 if anything was lost."""
    rows = campaign()
    print(table(rows))
    for row in rows.values():
        for sentence in row.lost:
            print(f"- {sentence}")
    raise SystemExit(any(row.lost for row in rows.values()))


def table(rows: dict[str, Row]) -> str:
    """Return the rows as Markdown."""
    lines = [
        f"| {name} | {row.tried} | {row.tried - len(row.lost)} | {len(row.lost)} |"
        for name, row in rows.items()
    ]
    return "\n".join(("| fault | tried | survived | lost |", "|---|---:|---:|---:|", *lines))


def campaign(commands: tuple[str, ...] = COMMANDS) -> dict[str, Row]:
    """Try every fault, and return what came of it.

    Args:
        commands: kinds of work that meet a full disk, a closed folder and a clock set back.
    """
    with tempfile.TemporaryDirectory(prefix="sde-faults-") as quiet:
        wanted = Undisturbed(Path(quiet))
        faults: dict[str, Callable[[Path, Row], None]] = {
            "full disk": partial(_full_disk, commands=commands, wanted=wanted),
            "folder that may not be written": partial(_closed_folder, commands=commands, wanted=wanted),
            "clock set back after a kill": partial(_clock_set_back, commands=commands, wanted=wanted),
            "encoder's file gone after a kill": partial(_encoder_gone, wanted=wanted),
            "two writers at once": partial(_two_writers, wanted=wanted),
        }
        rows = {name: Row() for name in faults}
        for name, fault in faults.items():
            with tempfile.TemporaryDirectory(prefix="sde-faults-") as folder:
                os.chmod(folder, 0o755)  # also for who has no rights
                fault(Path(folder), rows[name])
    return rows


class Undisturbed:
    """What each kind of work comes to when nothing disturbs it, done once in a campaign.

    Args:
        folder: to work in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._done: dict[Kind, tuple[Any, float]] = {}

    def result(self, kind: Kind) -> Any:  # noqa: ANN401
        """Return what comes of a kind of work, as JSON has it."""
        return self._of(kind)[0]

    def seconds(self, kind: Kind) -> float:
        """Return the seconds of processor time that a kind of work took here."""
        return self._of(kind)[1]

    def _of(self, kind: Kind) -> tuple[Any, float]:
        if kind not in self._done:
            place = self._folder / str(len(self._done))
            seconds = processor_seconds(kind, place)
            self._done[kind] = in_child(kind.result, place), seconds
        return self._done[kind]


def _full_disk(folder: Path, row: Row, *, commands: tuple[str, ...], wanted: Undisturbed) -> None:
    for name in commands:
        _refused_and_again(KINDS[name], folder / name, row, _no_room, f"{name}, full disk", wanted)


def _closed_folder(folder: Path, row: Row, *, commands: tuple[str, ...], wanted: Undisturbed) -> None:
    for name in commands:
        place = folder / name
        place.mkdir()
        place.chmod(0o555)
        _refused_and_again(KINDS[name], place, row, _no_rights, f"{name}, closed folder", wanted)


def _refused_and_again(
    kind: Kind, place: Path, row: Row, handicap: Callable[[], None], title: str, wanted: Undisturbed
) -> None:
    row.tried += 1
    said = in_child(partial(_with_words, kind.work, handicap), place)
    problem = _badly_said(said)
    place.chmod(0o755)
    hidden = _hidden(place)
    if problem or hidden:
        row.lost.append(f"{title}: {problem or f'{hidden} stays'}")
        return
    _compare(kind, place, row, title, wanted)


def _with_words(work: Callable[[Path], Any], handicap: Callable[[], None], place: Path) -> dict[str, str]:
    """Do the work under a handicap; return how it ended and what it said."""
    words, ended = io.StringIO(), "well"
    with contextlib.redirect_stderr(words), contextlib.redirect_stdout(words):
        handicap()
        try:
            work(place)
        except RuntimeError as error:  # the command ended with a code
            ended = str(error)
        except BaseException:
            ended = traceback.format_exc()
    return {"ended": ended, "said": words.getvalue()}


def _badly_said(told: dict[str, str]) -> str:
    if told["ended"] == "well":
        return "the command did not notice"
    if "Traceback" in told["ended"] + told["said"]:
        trace = (told["said"] + told["ended"]).rpartition("Traceback")[2]
        return f"a traceback: {trace.strip()[-400:]}"
    return "" if told["said"].strip() else "not a word"


def _no_room() -> None:
    sys.dont_write_bytecode = True  # Python would keep what it compiles now cut off, for good
    resource.setrlimit(resource.RLIMIT_FSIZE, (_SMALL, resource.RLIM_INFINITY))


def _no_rights() -> None:
    """Give up the right of an administrator to write where the folder's mode forbids it."""
    if os.geteuid() or not Path("/proc/self/status").exists():
        return
    may = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff")
    )
    words = int(may.split()[1], 16) & ~_OVERRIDE
    header = struct.pack("=Ii", _CAPABILITIES_3, 0)
    data = b"".join(
        struct.pack("=III", words >> shift & 0xFFFFFFFF, words >> shift & 0xFFFFFFFF, 0) for shift in (0, 32)
    )
    if ctypes.CDLL(None, use_errno=True).capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


def _hidden(place: Path) -> list[str]:
    return [str(path.relative_to(place)) for path in place.rglob(".*")]


def _compare(
    kind: Kind, place: Path, row: Row, title: str, wanted: Undisturbed, like: Kind | None = None
) -> None:
    """Run the work to its end; it must come to what nothing disturbed, or what work like it came to."""
    try:
        in_child(kind.work, place)
        same = in_child(kind.result, place) == wanted.result(like or kind)
    except RuntimeError as error:
        row.lost.append(f"{title}, afterwards: {error}")
        return
    if not same:
        row.lost.append(f"{title}: another result afterwards")
    if hidden := _hidden(place):
        row.lost.append(f"{title}: {hidden} stays")


def _clock_set_back(folder: Path, row: Row, *, commands: tuple[str, ...], wanted: Undisturbed) -> None:
    """Kill the work, give all that it left a time in the future, and let it go on."""
    for name in commands:
        row.tried += 1
        kind, place = KINDS[name], folder / name
        killed(kind.work, place, wanted.seconds(kind) * random.Random(name).uniform(0.4, 0.9))
        for path in place.rglob("*"):
            os.utime(path, (4e9, 4e9))
        _compare(kind, place, row, f"{name}, clock set back", wanted)


def _encode_by_folder(place: Path) -> None:
    words = ["encode", kinds.PAIRS, "--model", "encoder", "--output", "set", "--quiet", "--device", "cpu"]
    words += ["--batch-size", "16"]  # as KINDS["encode"], whose result it must come to
    if code := cli(words):
        raise RuntimeError(f"sde {' '.join(words)} ended with {code}")


def _encoder_gone(folder: Path, row: Row, *, wanted: Undisturbed) -> None:
    row.tried += 1
    place = folder / "gone"
    place.mkdir()
    shutil.copytree(encoder_folder(), place / "encoder")
    kind = Kind("", _encode_by_folder, KINDS["encode"].look, KINDS["encode"].result)
    killed(kind.work, place, 0.6 * wanted.seconds(KINDS["encode"]))
    weights = max((place / "encoder").iterdir(), key=lambda path: path.stat().st_size)
    kept = weights.read_bytes()
    weights.unlink()
    problem = _badly_said(in_child(partial(_with_words, kind.work, lambda: None), place))
    weights.write_bytes(kept)
    if problem:
        row.lost.append(f"encoder's file gone: {problem}")
    else:
        _compare(kind, place, row, "encoder's file gone", wanted, KINDS["encode"])


def _two_writers(folder: Path, row: Row, *, wanted: Undisturbed) -> None:
    for name in ("encode", "save", "upload"):
        row.tried += 1
        kind, place = KINDS[name], folder / name
        with _both(kind.work, place) as ended:
            problems = [answer["error"] for answer in ended if "error" in answer]
        if not problems and in_child(kind.result, place) != wanted.result(kind):
            problems.append("another result")
        if not problems and (hidden := _hidden(place)):
            problems.append(f"{hidden} stays")
        row.lost += [f"{name}, two writers: {problem}" for problem in problems[:1]]


@contextmanager
def _both(work: Callable[[Path], Any], place: Path) -> Iterator[list[dict[str, Any]]]:
    """Let two processes do the same work in one folder at once, and yield how each ended."""
    running = [started(work, place) for _ in range(2)]
    answers: list[dict[str, Any]] = []
    for process, pipe in running:
        try:
            pipe.recv()
            answers.append(json.loads(pipe.recv()))
        except EOFError:
            answers.append({"error": f"it ended with {process.exitcode}"})
        process.join()
        pipe.close()
    yield answers


if __name__ == "__main__":
    main()
