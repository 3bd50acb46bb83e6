"""`sde watch`: a training of any loop, looked at while it runs."""

import argparse
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sde_core.cli.options import new_command
from sde_core.cli.output import print_json
from sde_core.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Group

    from sde_core.training.monitoring.look import Look
    from sde_core.training.monitoring.record import LooksReader

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
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print, and go on while a writer lives; return 1 when an alarm holds at the end."""
    from sde_core.training.monitoring.record import LooksReader, latest, runs_below
    from sde_core.training.monitoring.verdicts import is_well

    if not (options.every > 0 and math.isfinite(options.every)):
        raise ConfigError(f"--every must be above 0; got {options.every}")
    readers = [LooksReader(folder) for folder in runs_below(Path(options.place))]
    looks: list[list[Look]] = [reader.new_looks() for reader in readers]
    if options.json:
        print_json(
            {"runs": [_content(reader, latest(each)) for reader, each in zip(readers, looks, strict=True)]}
        )
    elif options.once:
        _print(readers, looks)
    else:
        _follow(readers, looks, options.every)
    return int(not all(is_well(latest(each)) for each in looks))


def _follow(readers: "Sequence[LooksReader]", looks: "list[list[Look]]", pause_s: float) -> None:
    """Draw anew while anybody writes; where there is no terminal, print once the writers are gone."""
    from rich.console import Console
    from rich.live import Live

    console = Console(markup=False, highlight=False)
    with Live(_drawn(readers, looks), console=console, auto_refresh=False, transient=False) as live:
        live_writers = any(reader.n_writers() for reader in readers)
        while live_writers:
            time.sleep(pause_s)
            live_writers = any(
                reader.n_writers() for reader in readers
            )  # before reading: its last look counts
            for reader, each in zip(readers, looks, strict=True):
                each.extend(reader.new_looks())
            live.update(_drawn(readers, looks), refresh=True)


def _print(readers: "Sequence[LooksReader]", looks: "Sequence[Sequence[Look]]") -> None:
    from rich.console import Console

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=120)
    console.print(_drawn(readers, looks))


def _drawn(readers: "Sequence[LooksReader]", looks: "Sequence[Sequence[Look]]") -> "Group":
    from rich.console import Group

    from sde_core.training.monitoring.record import latest

    return Group(*(_table(reader, latest(list(each))) for reader, each in zip(readers, looks, strict=True)))


def _table(reader: "LooksReader", looks: "Sequence[Look]") -> Any:  # noqa: ANN401  (a rich renderable)
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from sde_core.training.monitoring.changes import direction_changes
    from sde_core.training.monitoring.verdicts import find_alarms, verdict

    name = reader.folder.name or str(reader.folder)
    if not looks:
        return Text(f"{name}: no look yet")
    state = {0: "ended"}.get(reader.n_writers(), "running")
    last = looks[-1]
    title = f"{name}: step {last.step:,}, {len(looks):,} looks at {last.n_rows:,} pairs, {state}: {verdict(looks)}"
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
    lines = [Text(str(alarm)) for alarm in find_alarms(looks)[-5:]]
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


def _content(reader: "LooksReader", looks: "Sequence[Look]") -> dict[str, object]:
    from dataclasses import asdict

    from sde_core.training.monitoring.verdicts import find_alarms, verdict

    return {
        "run": reader.folder.name,
        "is_live": reader.n_writers() > 0,
        "verdict": verdict(looks),
        "alarms": [asdict(alarm) for alarm in find_alarms(looks)],
        "looks": [look.as_dict() for look in looks],
    }
