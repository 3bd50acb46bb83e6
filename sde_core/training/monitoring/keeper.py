"""A look on its way from rows to disk: measured, judged by what the run was before, handed to sinks, written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from torch import Tensor

from sde_core.training.monitoring.levels import REFERENCE, Levels
from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.notices import Notices
from sde_core.training.monitoring.record import LooksReader, latest
from sde_core.training.monitoring.remarks import remarks_on, scale_remark
from sde_core.training.monitoring.verdicts import Alarm, AlarmWalk
from sde_core.training.monitoring.writer import LooksWriter

_HISTORY = 3 * REFERENCE


class Sink(Protocol):
    """Where looks go besides the file: TensorBoard, W&B, MLflow (sde_core.training.monitoring.sinks)."""

    def __call__(self, look: Look, alarms: Sequence[Alarm]) -> None:
        """Take a look and the alarms that began with it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What a look is taken of.

    Attributes:
        step: of the trainer.
        image: (m, d) rows.
        text: (m, e) rows.
        last_rows: of them, of the last batch.
        logit_scale: 1 / temperature, or NaN.
        scalars: further numbers.
        remarks: what was odd about the steps before it.
    """

    step: int
    image: Tensor
    text: Tensor
    last_rows: int
    logit_scale: float
    scalars: dict[str, float]
    remarks: tuple[str, ...]


class LookKeeper:
    """Takes the looks of one process, by one thread; the first look reads what the run was before.

    Args:
        folder: of the run.
        rule: the partition rule of the bands.
        sinks: where looks go besides the file.
        notices: warnings that were given.
    """

    def __init__(self, folder: Path, rule: str, sinks: Sequence[Sink], notices: Notices) -> None:
        self._folder, self._rule, self._sinks, self._notices = folder, rule, tuple(sinks), notices
        self._writer: LooksWriter | None = None
        self._history: list[Look] = []
        self._walk = AlarmWalk()

    def keep(self, seen: Seen) -> None:
        """Measure and write; what fails is reported once."""
        with self._notices.instead("the look at this training could not be kept"):
            writer = self._opened()
            look = measured_look(
                seen.step, seen.image, seen.text, last_rows=seen.last_rows, rule=self._rule,
                logit_scale=seen.logit_scale, scalars=seen.scalars,
            )  # fmt: skip
            odd = remarks_on(look, self._history[-1] if self._history else None)
            if (scale := scale_remark(look.logit_scale)) is not None:
                self._notices.once(scale, "logit scale")
            alarms = self._judged(look)
            look = replace(look, remarks=seen.remarks + odd, alarms=tuple(str(alarm) for alarm in alarms))
            for sink in self._sinks:
                with self._notices.instead(f"{type(sink).__name__} could not take a look"):
                    sink(look, alarms)
            writer.add(look)

    def close(self) -> None:
        """Close the sinks that can be closed, and write the end."""
        for sink in self._sinks:
            with self._notices.instead(f"{type(sink).__name__} could not be closed"):
                getattr(sink, "close", _nothing)()
        if self._writer is not None:
            with self._notices.instead("the end of the looks could not be written"):
                self._writer.close()
            self._writer = None

    def _judged(self, look: Look) -> tuple[Alarm, ...]:
        if self._history and self._history[-1].step >= look.step:  # the trainer went back
            self._history = [old for old in self._history if old.step < look.step]
            first = self._history[0].step if self._history else look.step
            self._walk = _walk_over(self._history, self._walk.levels.before(first))
        self._history = [*self._history, look][-_HISTORY:]
        return self._walk.add(look)

    def _opened(self) -> LooksWriter:
        if self._writer is None:
            looks = latest(LooksReader(self._folder).new_looks())
            levels = Levels()
            for look in looks[:-_HISTORY]:
                levels.add(look)
            self._history = list(looks[-_HISTORY:])
            self._walk = _walk_over(self._history, levels)
            self._writer = LooksWriter(self._folder)
            if self._writer.n_others:
                self._notices.once(
                    f"another process is writing to {self._folder} as well: its looks and these stand side by side"
                )
        return self._writer


def _walk_over(looks: Sequence[Look], levels: Levels) -> AlarmWalk:
    walk = AlarmWalk(levels)
    for look in looks:
        walk.add(look)
    return walk


def _nothing() -> None:
    """Close a sink that cannot be closed."""
