"""Watch any training: three lines in any loop, files that others read while it runs (docs/watch.md)."""

import math
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from sde_core.checks.brief import brief
from sde_core.errors import ConfigError
from sde_core.partition.base import rule_names
from sde_core.training.monitoring.attachment import attach
from sde_core.training.monitoring.levels import REFERENCE, Levels
from sde_core.training.monitoring.look import Look
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.record import LooksReader, LooksWriter, check_writable, latest
from sde_core.training.monitoring.verdicts import Alarm, AlarmWalk
from sde_core.training.monitoring.window import RowWindow

_HISTORY = 3 * REFERENCE


class Sink(Protocol):
    """Where looks go besides the file: TensorBoard, W&B, MLflow (sde_core.training.monitoring.sinks)."""

    def __call__(self, look: Look, alarms: Sequence[Alarm]) -> None:
        """Take a look and the alarms that began with it."""


class SpectralMonitor:
    """Spectra, rank, gap, agreement and alarms of a training, every ``every`` steps, in files that are always whole.

    A call keeps the features of the last steps before a look; the look itself is measured and written by a thread of
    its own. Nothing here has a gradient, and nothing raises while the training runs: what goes wrong is warned of once.

    Args:
        folder: of the run; a folder that holds one already is gone on with.
        every: steps from one look to the next.
        rows: pairs that a look rests on, the last ones before it.
        rule: the partition rule of the bands.
        all_ranks: whether a look gathers the rows of all processes; every process must then call with the same steps.
            Otherwise the first process alone looks, at its own rows.
        in_background: whether a thread takes the looks, and leaves one out when the one before is not done yet.
            Otherwise the call waits for it: for loops whose steps are shorter than a look.
        sinks: where looks go besides the file.

    Raises:
        ConfigError: ``every`` or ``rows`` is too small, or ``rule`` is unknown.
        DataError: the folder cannot be written.

    >>> import tempfile, torch
    >>> from sde_core import read_looks
    >>> with tempfile.TemporaryDirectory() as folder, SpectralMonitor(folder, every=2, in_background=False) as monitor:
    ...     for step in range(1, 5):
    ...         features = torch.randn(64, 8, generator=torch.Generator().manual_seed(step))
    ...         monitor(step, image=features, text=features)
    ...     [look.step for look in read_looks(folder)]
    [2, 4]
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        every: int = 100,
        rows: int = 2048,
        rule: str = "mp-iqr",
        all_ranks: bool = False,
        in_background: bool = True,
        sinks: Sequence[Sink] = (),
    ) -> None:
        if every < 1 or rows < 2:
            raise ConfigError(f"every must be at least 1 and rows at least 2; got {every} and {rows}")
        if rule not in rule_names():
            raise ConfigError(f"rule must be one of {', '.join(rule_names())}; got {rule!r}")
        self.folder, self.every, self.rows, self.rule = Path(folder).expanduser(), every, rows, rule
        self.all_ranks, self.in_background, self.sinks = all_ranks, in_background, tuple(sinks)
        self.skipped = 0
        self._said: set[str] = set()
        self._history: list[Look] = []
        self._walk = AlarmWalk()
        self._remarks: list[str] = []
        self._next: int | None = None
        self._step = 0
        self._window = RowWindow(rows)
        self._pending: Future[None] | None = None
        self._writer: LooksWriter | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sde-monitor")
        check_writable(self.folder)

    def __call__(
        self,
        step: int,
        *,
        image: Tensor,
        text: Tensor,
        logit_scale: float | Tensor = math.nan,
        **scalars: float,
    ) -> None:
        """Hear of a step; look, if it is time. A step may have several calls, as with accumulation.

        Args:
            step: of the trainer, from 0 or 1.
            image: (b, d) image features of the batch.
            text: (b, e) text features, row i belongs to row i of ``image``.
            logit_scale: 1 / temperature.
            scalars: further numbers to keep, such as ``loss``.
        """
        with _Once(self._said, "the look at this training was left out"):
            self._hear(step, image, text, logit_scale, scalars)

    def look(
        self,
        step: int,
        *,
        image: Tensor,
        text: Tensor,
        logit_scale: float | Tensor = math.nan,
        **scalars: float,
    ) -> None:
        """Look now, at exactly these rows: a probe set that stays the same, encoded by the model of this step.

        Args: as of a call.
        """
        with _Once(self._said, "the look at this training was left out"):
            self._look(step, [image], [text], len(image), logit_scale, scalars)

    def attach(
        self, module: nn.Module, *, calls_per_step: int = 1, step: Callable[[], int] | None = None
    ) -> RemovableHandle:
        """Hear every call of a loss or a model under gradients, without a line in the loop.

        Args:
            module: a loss that takes image and text features first, or a model that returns them by the names of
                open_clip (``image_features``) or transformers (``image_embeds``).
            calls_per_step: calls that make one optimiser step, as with accumulation.
            step: the trainer's own count; None counts calls from 1.

        Returns:
            RemovableHandle: ``remove()`` ends it; also a context manager.
        """
        return attach(self, module, calls_per_step=calls_per_step, step=step)

    def warn(self, sentence: str) -> None:
        """Warn once."""
        if sentence not in self._said:
            self._said.add(sentence)
            warnings.warn(sentence, stacklevel=2)

    def wait(self) -> None:
        """Wait until the look under way is written."""
        if self._pending is not None:
            self._pending.result()

    def close(self) -> None:
        """Finish the look under way, write the end, close the sinks that can be closed."""
        self._thread.shutdown(wait=True)
        for sink in self.sinks:
            with _Once(self._said, f"{type(sink).__name__} could not be closed"):
                getattr(sink, "close", _nothing)()
        if self._writer is not None:
            with _Once(self._said, "the end of the looks could not be written"):
                self._writer.close()
            self._writer = None

    def __repr__(self) -> str:
        return brief(self, folder=str(self.folder), every=self.every, rows=self.rows, rule=self.rule)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hear(
        self, step: int, image: Tensor, text: Tensor, logit_scale: float | Tensor, scalars: dict[str, float]
    ) -> None:
        if step < self._step:
            self._remarks.append(f"the step went back from {self._step:,} to {step:,}")
            self._next = None
        if self._next is None:
            self._next = (step // self.every + (step % self.every > 0)) * self.every
        if step > self._next:  # the look is due once its step is over, whatever parts it has
            self._next = (step // self.every + (step % self.every > 0)) * self.every
        self._step = step
        rows = -(-self.rows // _world()) if self.all_ranks else self.rows
        if (self._next - step) * len(image) >= rows + len(image):
            return
        widths = self._window.widths
        if widths is not None and widths != (image.shape[1], text.shape[1]):
            self._remarks.append(f"the width changed from {widths[0]} to {image.shape[1]}")
        self._window.n_rows = rows
        self._window.add(image, text)
        if step == self._next:
            last = self._window.last_rows
            images, texts = self._window.take()
            self._next += self.every
            self._look(step, images, texts, last, logit_scale, scalars)

    def _look(
        self,
        step: int,
        images: list[Tensor],
        texts: list[Tensor],
        last_rows: int,
        logit_scale: float | Tensor,
        scalars: dict[str, float],
    ) -> None:
        image, text = torch.cat(images).detach(), torch.cat(texts).detach()
        if self.all_ranks and _world() > 1:
            image, text = _gathered(image), _gathered(text)
            last_rows *= _world()
        if _rank() != 0:  # asked for at the look: a trainer may start its processes after this was built
            return
        if self._pending is not None and not self._pending.done():
            self.skipped += 1  # the training goes faster than looks are taken
            return
        scale = float(logit_scale.detach()) if isinstance(logit_scale, Tensor) else float(logit_scale)
        numbers = {name: float(value) for name, value in scalars.items()}
        remarks, self._remarks = tuple(self._remarks), []
        self._pending = self._thread.submit(
            self._measure, step, image, text, last_rows, scale, numbers, remarks
        )
        if not self.in_background:
            self._pending.result()

    def _measure(
        self,
        step: int,
        image: Tensor,
        text: Tensor,
        last_rows: int,
        scale: float,
        scalars: dict[str, float],
        remarks: tuple[str, ...],
    ) -> None:
        with _Once(self._said, "the look at this training could not be kept"):
            writer = self._opened()
            look = measured_look(
                step, image, text, last_rows=last_rows, rule=self.rule, logit_scale=scale, scalars=scalars,
                remarks=remarks,
            )  # fmt: skip
            if self._history and self._history[-1].step >= step:  # the trainer went back
                self._history = [old for old in self._history if old.step < step]
                first = self._history[0].step if self._history else step
                self._walk = _walk_over(self._history, self._walk.levels.before(first))
            self._history = [*self._history, look][-_HISTORY:]
            alarms = self._walk.add(look)
            look = look.with_alarms(tuple(str(alarm) for alarm in alarms))
            for sink in self.sinks:
                with _Once(self._said, f"{type(sink).__name__} could not take a look"):
                    sink(look, alarms)
            writer.add(look)

    def _opened(self) -> LooksWriter:
        """Return the writer; the first call opens it and reads what the run looked like before."""
        if self._writer is None:
            looks = latest(LooksReader(self.folder).new_looks())
            levels = Levels()
            for look in looks[:-_HISTORY]:
                levels.add(look)
            self._history = list(looks[-_HISTORY:])
            self._walk = _walk_over(self._history, levels)
            self._writer = LooksWriter(self.folder)
            if self._writer.n_others:
                self.warn(
                    f"another process is writing to {self.folder} as well: its looks and these stand side by side"
                )
        return self._writer


class _Once:
    """What fails inside is a warning, said once for each kind; the training goes on."""

    def __init__(self, said: set[str], what: str) -> None:
        self._said, self._what = said, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:  # noqa: ANN401
        if not isinstance(error, Exception):
            return False
        key = f"{self._what} {type(error).__name__}"
        if key not in self._said:
            self._said.add(key)
            warnings.warn(
                f"{self._what}: {str(error) or type(error).__name__}; the training goes on", stacklevel=3
            )
        return True


def _walk_over(looks: Sequence[Look], levels: Levels) -> AlarmWalk:
    walk = AlarmWalk(levels)
    for look in looks:
        walk.add(look)
    return walk


def _nothing() -> None:
    """Close a sink that cannot be closed."""


def _rank() -> int:
    return torch.distributed.get_rank() if _is_distributed() else 0


def _world() -> int:
    return torch.distributed.get_world_size() if _is_distributed() else 1


def _is_distributed() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_initialized()


def _gathered(rows: Tensor) -> Tensor:
    """Return the rows of all ranks; ranks may hold different numbers of rows."""
    counts = [torch.zeros(1, dtype=torch.int64, device=rows.device) for _ in range(_world())]
    torch.distributed.all_gather(counts, torch.tensor([len(rows)], device=rows.device))
    most = max(int(count) for count in counts)
    padded = torch.cat([rows, rows.new_zeros(most - len(rows), rows.shape[1])]).contiguous()
    parts = [torch.empty_like(padded) for _ in range(_world())]
    torch.distributed.all_gather(parts, padded)
    return torch.cat([part[: int(count)] for part, count in zip(parts, counts, strict=True)])
