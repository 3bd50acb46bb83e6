"""What `sde finetune` prints: events as JSON lines, or a bar on the way and a table at the end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sde_core.cli.output import print_json, print_table
from sde_core.vocabulary import KS

if TYPE_CHECKING:
    from sde_core.training import Done, Event, Metrics, SpectrumSnapshot

VECTORS = "vectors"
"""Folder of the trained vectors in the output."""


def tell(events: "Iterator[Event]", *, as_json: bool, output: Path) -> int:
    """Pull the events, print them, save each result's vectors; return the exit code.

    Args:
        events: of one run or of several.
        as_json: one JSON object a line on stdout instead of bar and table.
        output: folder of the runs.
    """
    from sde_core.training import Done, Failed
    from sde_core.training.events import as_plain

    code, story = 0, _Story()
    with _training_bar(disable=as_json) as report:
        for event in events:
            extra: dict[str, str] = {}
            if isinstance(event, Done):
                code = max(code, _save_vectors(event, output, extra))
            if isinstance(event, Failed):
                print(f"sde finetune: {_tagged(event.run, event.reason)}", file=sys.stderr)
                code = 1
            if as_json:
                print_json(as_plain(event) | extra, on_one_line=True)
            else:
                report(event)
                story.add(event)
    if not as_json:
        story.print(output)
    return code


def _save_vectors(done: "Done", output: Path, extra: dict[str, str]) -> int:
    """Save the trained vectors, note where, and return the exit code."""
    try:
        extra["vectors"] = str(done.result.save(output / done.run / VECTORS))
    except OSError as error:
        reason = f"the vectors could not be written to {output / done.run}: {error.strerror or error}"
        print(f"sde finetune: {_tagged(done.run, reason)}", file=sys.stderr)
        return 1
    return 0


class _Story:
    """First and last look of every run."""

    def __init__(self) -> None:
        self._looks: dict[str, list[Metrics]] = {}
        self._spectra: dict[str, list[SpectrumSnapshot]] = {}
        self._done: list[Done] = []

    def add(self, event: "Event") -> None:
        from sde_core.training import CheckpointFailed, Done, Metrics, SpectrumSnapshot

        if isinstance(event, Metrics):
            self._looks.setdefault(event.run, []).append(event)
        elif isinstance(event, SpectrumSnapshot):
            self._spectra.setdefault(event.run, []).append(event)
        elif isinstance(event, Done):
            self._done.append(event)
        elif isinstance(event, CheckpointFailed):
            print(_tagged(event.run, event.reason), file=sys.stderr)

    def print(self, output: Path) -> None:
        if not self._looks:
            return
        header, columns = ["validation", "start"], [next(iter(self._looks.values()))[0].step]
        for done in self._done:
            header.append(f"{done.run or 'end'}, step {done.best_step}")
        picked = [self._at(next(iter(self._looks)), columns[0])]
        picked += [self._at(done.run, done.best_step) for done in self._done]
        print_table("In % of queries, and of directions", header, _rows(picked))
        for done in self._done:
            print(_tagged(done.run, done.note))
            print(_tagged(done.run, f"Vectors: {output / done.run / VECTORS}; checkpoint: {done.checkpoint}"))

    def _at(self, run: str, step: int) -> "tuple[Metrics, SpectrumSnapshot | None] | None":
        looks = [m for m in self._looks.get(run, []) if m.step == step]
        spectra = [s for s in self._spectra.get(run, []) if s.step == step]
        return (looks[-1], spectra[-1] if spectra else None) if looks else None


def _rows(picked: "list[tuple[Metrics, SpectrumSnapshot | None] | None]") -> list[list[str]]:
    columns = [{} if pair is None else _numbers(*pair) for pair in picked]
    names = next(column for column in columns if column)
    return [[name, *(column.get(name, "-") for column in columns)] for name in names]


def _numbers(metrics: "Metrics", spectrum: "SpectrumSnapshot | None") -> dict[str, str]:
    """Return the numbers of one look by what they are called in the table."""
    found: dict[str, str] = {}
    for way, side in (("image→text", "text"), ("text→image", "image")):
        for k in KS:
            found[f"{way} R@{k}"] = f"{100 * metrics.values[f'{side}_retrieval_recall@{k}']:.1f}"
    if spectrum is None:
        return found
    for name, one in (("image", spectrum.image), ("text", spectrum.text)):
        for band, share in one.direction_shares.items():
            found[f"{name} directions {band}"] = f"{100 * share:.1f}"
        found[f"{name} effective rank"] = f"{one.effective_rank:.1f}"
    return found | {"modality gap": f"{spectrum.gap:.3f}"}


@contextmanager
def _training_bar(*, disable: bool) -> "Iterator[Callable[[Event], None]]":
    """Yield a callback that draws a bar for each run on stderr, with loss and validation score."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from sde_core.training import Metrics, Started, Step

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}  R@1,5,10 {task.fields[score]}"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=disable or not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def report(event: "Event") -> None:
            if isinstance(event, Started):
                tasks[event.run] = bar.add_task(
                    event.run or "training",
                    total=event.total_steps,
                    completed=event.first_step,
                    loss="",
                    score="",
                )
                if event.first_step == 0 or not event.run:
                    print(
                        _tagged(
                            event.run,
                            f"{event.n_train:,} training and {event.n_val:,} validation pictures ({event.split}); "
                            f"{event.n_parameters:,} trained numbers; {event.total_steps:,} steps on {event.device}",
                        ),
                        file=sys.stderr,
                    )
            elif isinstance(event, Step):
                bar.update(tasks[event.run], completed=event.step, loss=f"{event.loss:.3f}")
            elif isinstance(event, Metrics) and event.run in tasks:
                bar.update(tasks[event.run], score=f"{100 * event.score:.1f} %")

        yield report


def _tagged(run: str, text: str) -> str:
    return f"{run}: {text}" if run else text
