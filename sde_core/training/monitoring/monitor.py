"""Watch any training: three lines in any loop, files that others read while it runs (docs/watch.md)."""

import math
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from sde_core.checks.brief import brief
from sde_core.checks.threads import keep_to_one_core
from sde_core.errors import ConfigError
from sde_core.partition.rules import rule_names
from sde_core.training.monitoring.attachment import attach
from sde_core.training.monitoring.keeper import LookKeeper, Seen, Sink
from sde_core.training.monitoring.notices import Notices
from sde_core.training.monitoring.ranks import gathered, n_ranks, rank_here
from sde_core.training.monitoring.schedule import Schedule
from sde_core.training.monitoring.window import RowWindow
from sde_core.training.monitoring.writer import check_writable


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
        self._notices = Notices()
        self._keeper = LookKeeper(self.folder, rule, self.sinks, self._notices)
        self._remarks: list[str] = []
        self._schedule = Schedule(every)
        self._window = RowWindow(rows)
        self._pending: Future[None] | None = None
        self._thread = ThreadPoolExecutor(
            max_workers=1, thread_name_prefix="sde-monitor", initializer=keep_to_one_core
        )
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
            logit_scale: 1 / temperature itself, ``model.logit_scale.exp()`` where the model keeps its logarithm; a
                number that may be the logarithm is warned of.
            scalars: further numbers to keep, such as ``loss``.
        """
        with self._notices.instead("the look at this training was left out"):
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
        with self._notices.instead("the look at this training was left out"):
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
        self._notices.once(sentence)

    def wait(self) -> None:
        """Wait until the look under way is written."""
        if self._pending is not None:
            self._pending.result()

    def close(self) -> None:
        """Finish the look under way, write the end, close the sinks that can be closed."""
        self._thread.shutdown(wait=True)
        self._keeper.close()

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
        if remark := self._schedule.hear(step):
            self._remarks.append(remark)
        rows = -(-self.rows // n_ranks()) if self.all_ranks else self.rows
        if self._schedule.steps_left * len(image) < rows + len(image):
            self._window.n_rows = rows
            self._window.add(image, text)
        if self._schedule.steps_left == 0:
            last = self._window.last_rows
            images, texts = self._window.take()
            self._schedule.take()
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
        if self.all_ranks and n_ranks() > 1:
            image, text = gathered(image), gathered(text)
            last_rows *= n_ranks()
        if rank_here() != 0:  # asked for at the look: a trainer may start its processes after this was built
            return
        if self._pending is not None and not self._pending.done():
            self.skipped += 1  # the training goes faster than looks are taken
            return
        scale = float(logit_scale.detach()) if isinstance(logit_scale, Tensor) else float(logit_scale)
        remarks, self._remarks = tuple(self._remarks), []
        seen = Seen(
            step=step, image=image, text=text, last_rows=last_rows, logit_scale=scale,
            scalars={name: float(value) for name, value in scalars.items()}, remarks=remarks,
        )  # fmt: skip
        self._pending = self._thread.submit(self._keeper.keep, seen)
        if not self.in_background:
            self._pending.result()
