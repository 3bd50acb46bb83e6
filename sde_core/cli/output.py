"""How commands print: a table for people, JSON for programs, progress on stderr."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sde_core.files.text_file import finite

if TYPE_CHECKING:
    from sde_core.encoding import EncodeProgress
    from sde_core.pairs.base import Skipped


def print_json(content: object, *, on_one_line: bool = False) -> None:
    """Print ``content`` as JSON on stdout; NaN becomes null, which every reader accepts.

    What a command prints is described by its file in sde_core/cli/schemas, and tests hold it to that.
    """
    indent = None if on_one_line else 2
    print(json.dumps(finite(content), indent=indent, ensure_ascii=False, allow_nan=False), flush=on_one_line)


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout, numbers to the right; wider than the terminal is cut only on a terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold")
    for position, name in enumerate(header):
        table.add_column(name, justify="left" if position == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=200)
    console.print(table)


def print_skipped(skipped: "Sequence[Skipped]", most: int = 10) -> None:
    """Print on stderr what was left out and why; nothing if nothing was."""
    if not skipped:
        return
    print(f"{len(skipped)} items skipped:", file=sys.stderr)
    for item in skipped[:most]:
        print(f"  {item.item}: {item.reason}", file=sys.stderr)
    if len(skipped) > most:
        print(f"  and {len(skipped) - most} more", file=sys.stderr)


def print_remarks(remarks: Sequence[str]) -> None:
    """Print on stderr what of a set needs care."""
    for remark in remarks:
        print(f"note: {remark}", file=sys.stderr)


@contextmanager
def encoding_bar(title: str) -> "Iterator[Callable[..., None]]":
    """Yield a callback for `encode_pairs` that draws a bar with rate and time left on stderr.

    Its second argument, where there is one, stands in place of ``title``: of several encoders each has its own bars.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f}/s"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def report(progress: "EncodeProgress", of: str = title) -> None:
            what = f"{of}: {progress.stage}"
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=progress.total, rate=0.0)
            bar.update(tasks[what], completed=progress.done, total=progress.total, rate=progress.rate)

        yield report


@contextmanager
def counting_bar(title: str) -> "Iterator[Callable[[str, int, int], None]]":
    """Yield a callback (what, done, total) that draws a bar on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task(title)

        def report(what: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"{title}: {what}" if what else title)

        yield report
