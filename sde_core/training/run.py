"""One training as events: looks, checkpoints, early stop, and what happens when something goes wrong."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sde_core.device import device_label
from sde_core.embeddings import EmbeddingSet
from sde_core.errors import DataError, SDEError
from sde_core.training.checkpoint import BEST, LAST, Checkpoint, read_checkpoint, write_checkpoint
from sde_core.training.events import (
    CheckpointFailed,
    CheckpointSaved,
    Done,
    Event,
    Failed,
    Started,
    Step,
)
from sde_core.training.trainer import NotFiniteError, Training

ENCODER_FOLDER = "open_clip"
"""Name of the folder, beside the checkpoints, that open_clip loads."""


class Run:
    """A training with the folder that it writes to.

    Args:
        training: the state.
        output: folder of checkpoints, or None.
        name: that the events carry where several runs go side by side.
    """

    def __init__(self, training: Training, output: Path | None, name: str = "") -> None:
        self.training, self.output, self.name = training, output, name
        self._first_step = 0
        self._good: Path | None = None  # the newest checkpoint of this training on disk
        self._best: dict[str, Tensor] | None = None  # kept only where the best weights are the result

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from ``checkpoint``; the best weights so far are read beside it."""
        self.training.restore(checkpoint)
        self._first_step = checkpoint.step
        best = None if self.output is None else self.output / BEST
        if self._keeps_best and best is not None and self.training.best_step < checkpoint.step:
            found = read_checkpoint(best)
            if found.step != self.training.best_step:
                raise DataError(
                    f"{best} must hold step {self.training.best_step}, the best one so far; "
                    f"got step {found.step}: start again"
                )
            self._best = dict(found.model)
        elif self._keeps_best:
            self._best = self.training.model.trained_state()

    def events(self) -> Iterator[Event]:
        """Yield the events of the run; closing the iterator writes a checkpoint and ends it."""
        try:
            for event in self._events():
                yield replace(event, run=self.name)
        except GeneratorExit:
            self._save_quietly()
            raise

    def _events(self) -> Iterator[Event]:
        training = self.training
        yield self._started()
        began = time.monotonic()
        try:
            while True:
                if training.is_due:
                    yield from self._look()
                if training.is_over:
                    break
                numbers = training.take_step()
                yield Step(
                    step=training.step,
                    total_steps=training.total_steps,
                    loss=numbers.loss,
                    parts=numbers.parts,
                    learning_rate=numbers.learning_rate,
                    logit_scale=numbers.logit_scale,
                    gradient_norm=numbers.gradient_norm,
                    seconds=time.monotonic() - began,
                )
            yield self._done()
        except NotFiniteError as error:
            yield self._failed(_not_finite(error, training))
        except _DiskError as error:
            yield Failed(step=training.step, reason=str(error), checkpoint=self._good)
        except SDEError as error:
            yield self._failed(str(error))
        except (torch.OutOfMemoryError, MemoryError):
            yield self._failed(_no_memory(training))
        except RuntimeError as error:
            if "allocate memory" not in str(error):
                raise
            yield self._failed(_no_memory(training))

    @property
    def _keeps_best(self) -> bool:
        return self.training.config.patience is not None

    def _started(self) -> Started:
        t = self.training
        return Started(
            total_steps=t.total_steps,
            first_step=self._first_step,
            steps_per_epoch=t.order.steps_per_epoch,
            n_train=len(t.subject.split.train),
            n_val=len(t.subject.split.val),
            n_parameters=t.n_parameters,
            split=t.subject.split.words,
            device=device_label(t.device),
        )

    def _look(self) -> Iterator[Event]:
        metrics, spectrum = self.training.look()
        if metrics.is_best and self._keeps_best:
            self._best = self.training.model.trained_state()
        yield metrics
        yield spectrum
        if self.output is not None:
            yield self._saved(is_best=metrics.is_best)

    def _saved(self, *, is_best: bool) -> Event:
        step = self.training.step
        try:
            path = self._save(is_best=is_best)
        except OSError as error:
            assert self.output is not None
            reason = (
                f"the checkpoint of step {step} could not be written to {self.output}: "
                f"{error.strerror or error}"
            )
            if self.training.config.when_disk_full == "continue":
                return CheckpointFailed(step=step, reason=f"{reason}; the training goes on without it")
            raise _DiskError(
                f'{reason}; make room and resume, or train with when_disk_full="continue"'
            ) from None
        return CheckpointSaved(step=step, path=path, is_best=is_best)

    def _save(self, *, is_best: bool) -> Path:
        assert self.output is not None
        checkpoint = self.training.checkpoint()
        if is_best:  # first, so that what the last one says of the best one is there
            write_checkpoint(checkpoint, self.output / BEST)
        write_checkpoint(checkpoint, self.output / LAST)
        self._good = self.output / LAST
        return self._good

    def _save_quietly(self) -> None:
        """Write a checkpoint on the way out; a disk that is full then costs the steps since the last one."""
        if self.output is not None and self.training.step > self._first_step:
            try:
                self._save(is_best=False)
            except OSError:
                return

    def _failed(self, reason: str) -> Failed:
        """Return the failure with a checkpoint of the weights before it."""
        self._save_quietly()
        return Failed(step=self.training.step, reason=reason, checkpoint=self._good)

    def _done(self) -> Done:
        training, subject = self.training, self.training.subject
        checkpoint = self._good
        result_step = training.step
        if self._keeps_best and self._best is not None:
            training.model.load_trained_state(self._best)
            result_step = training.best_step
            checkpoint = None if self.output is None else self.output / BEST
        image, text = training.vectors()
        folder = None if self.output is None else self.output / ENCODER_FOLDER
        outcome = subject.finish(training.model, folder)
        result = replace(
            subject.source,
            image=image,
            text=text,
            provenance=outcome.provenance,
            name=f"{subject.source.name} after {training.config.loss.name}".strip(),
        )
        return Done(
            step=training.step,
            best_step=result_step,
            result=_finite(result),
            checkpoint=checkpoint,
            encoder_folder=outcome.folder,
            note=outcome.note,
        )


class _DiskError(Exception):
    """A checkpoint could not be written, and the training is to stop then."""


def _finite(result: EmbeddingSet) -> EmbeddingSet:
    assert np.isfinite(result.image).all()
    assert np.isfinite(result.text).all()
    return result


def _not_finite(error: NotFiniteError, training: Training) -> str:
    return (
        f"{error} at step {training.step + 1}, so the training stopped with the weights of step "
        f"{training.step}; lower learning_rate (now {training.config.peak_rate:g}) and start again"
    )


def _no_memory(training: Training) -> str:
    config = training.config
    return (
        f"the memory of {device_label(training.device)} does not hold a batch of {config.batch_size} in "
        f"{config.accumulate} parts; raise accumulate, or lower batch_size"
    )
