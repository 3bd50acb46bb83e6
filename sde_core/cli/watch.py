"""`sde watch`: a training of any loop, looked at while it runs."""

import argparse
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sde_core.cli.options import new_command
from sde_core.cli.output import print_json
from sde_core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from rich.console import Group

    from sde_core.training.monitoring.following import FollowedRun, RunsFollower

    Runs = Sequence[FollowedRun]

_BARS = "▁▂▃▄▅▆▇█"
_COLUMNS = 24  # of a sparkline
_SHOWN: "dict[str, tuple[str, Callable[[float], str]]]" = {
    "image effective rank": ("image/effective_rank", lambda x: f"{x:.1f}"),
    "text effective rank": ("text/effective_rank", lambda x: f"{x:.1f}"),
    "image strong directions": ("image/strong_directions", lambda x: f"{x:.0f}"),
    "text strong directions": ("text/strong_directions", lambda x: f"{x:.0f}"),
    "gap, squared": ("gap/centroid", lambda x: f"{x:.3f}"),
    "R@1 in a batch, text → image": ("recall/image", lambda x: f"{100 * x:.1f} %"),
    "logit scale": ("logit_scale", lambda x: f"{x:.1f}"),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "watch",
        "Follow the looks that SpectralMonitor writes during a training. Exit code 1: an alarm holds at its end.",
        "sde watch runs/clip-a",
        "sde watch runs --stay",
        "sde watch runs --once --json",
    )
    parser.add_argument("place", help="a run, or a folder of runs, which stand below each other")
    parser.add_argument("--once", action="store_true", help="print what there is and leave")
    parser.add_argument(
        "--every",
        type=float,
        default=2.0,
        metavar="S",
        help="seconds from one reading to the next; default: 2",
    )
    parser.add_argument(
        "--stay",
        action="store_true",
        help="go on when nobody writes: a training that is started again is read on, a new run comes in; Ctrl-C ends",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print, and go on while a writer lives, or until Ctrl-C; return 1 when an alarm holds at the end."""
    from sde_core.training.monitoring.following import RunsFollower
    from sde_core.training.monitoring.verdicts import is_well

    if not (options.every > 0 and math.isfinite(options.every)):
        raise ConfigError(f"--every must be above 0; got {options.every}")
    follower = RunsFollower(options.place)
    runs: Runs = follower.runs()
    if options.json:
        print_json({"runs": [_content(each) for each in runs]})
    elif options.once:
        _print(runs)
    else:
        runs = _follow(follower, runs, options.every, stays=options.stay)
    return int(not all(is_well(list(each.looks)) for each in runs))


def _follow(follower: "RunsFollower", runs: "Runs", pause_s: float, *, stays: bool) -> "Runs":
    """Draw anew while anybody writes, or until Ctrl-C; where there is no terminal, print once at the end."""
    from rich.console import Console
    from rich.live import Live

    console = Console(markup=False, highlight=False)
    with Live(_drawn(runs), console=console, auto_refresh=False, transient=False) as live:
        try:
            while stays or any(each.is_live for each in runs):
                time.sleep(pause_s)
                with suppress(DataError):  # the folder is being replaced
                    runs = follower.runs()
                live.update(_drawn(runs), refresh=True)
        except KeyboardInterrupt:
            if not stays:
                raise
    return runs


def _print(runs: "Runs") -> None:
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=120)
    console.print(_drawn(runs))


def _drawn(runs: "Runs") -> "Group":
    from rich.console import Group

    return Group(*(_table(each) for each in runs))


def _table(run: "FollowedRun") -> Any:  # noqa: ANN401  (a rich renderable)
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from sde_core.training.monitoring.changes import direction_changes

    looks = run.looks
    if not looks:
        return Text(f"{run.name}: no look yet")
    state, last = "running" if run.is_live else "no process writes", looks[-1]
    many = f"{len(looks):,} looks" if len(looks) > 1 else "one look"
    title = f"{run.name}: step {last.step:,}, {many} at {last.n_rows:,} pairs, {state}: {run.verdict}"
    table = Table(title=title, title_justify="left", title_style="bold")
    for head in ("", "first", "now", "least", "most"):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True)
    table.add_column("over the steps", no_wrap=True)
    numbers = [look.numbers() for look in looks]
    for row, (key, written) in _SHOWN.items():
        values = [each.get(key, math.nan) for each in numbers]
        there = [value for value in values if math.isfinite(value)]
        if there:
            cells = (there[0], there[-1], min(there), max(there))
            table.add_row(row, *(written(value) for value in cells), sparkline(values))
    lines = [Text(str(alarm)) for alarm in run.alarms[-5:]]
    for side in ("image", "text"):
        ends = getattr(looks[0], side), getattr(last, side)
        if len(looks) > 1 and ends[0] is not None and ends[1] is not None:
            lines.append(Text(f"{side} directions since step {looks[0].step:,}: {direction_changes(*ends)}"))
    return Group(table, *lines, *(Text(remark) for remark in last.remarks))


def sparkline(values: Sequence[float], columns: int = _COLUMNS) -> str:
    """Return a row of bars, the mean of its looks each, from the least to the most; a space where there is none.

    >>> sparkline([0, 1, 2, 3, float("nan"), 7])
    '▁▂▃▄ █'
    """
    n = min(columns, len(values))
    cells = []
    for i in range(n):
        part = [x for x in values[i * len(values) // n : (i + 1) * len(values) // n] if math.isfinite(x)]
        cells.append(sum(part) / len(part) if part else math.nan)
    there = [x for x in cells if math.isfinite(x)]
    low, high = (min(there), max(there)) if there else (0.0, 0.0)
    span = high - low
    return "".join(
        " " if not math.isfinite(x) else _BARS[round((x - low) / span * (len(_BARS) - 1)) if span > 0 else 0]
        for x in cells
    )


def _content(run: "FollowedRun") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "run": run.folder.name,
        "is_live": run.is_live,
        "verdict": run.verdict,
        "alarms": [asdict(alarm) for alarm in run.alarms],
        "looks": [look.as_dict() for look in run.looks],
    }
