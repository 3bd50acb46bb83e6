"""One training as events: looks, checkpoints, early stop, and what happens when something goes wrong."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.device import device_label
from sde_core.errors import DataError, SDEError
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.sets.trained_on import write_record
from sde_core.training.checkpoint import BEST, LAST, Checkpoint, read_checkpoint, write_checkpoint
from sde_core.training.events import CheckpointFailed, CheckpointSaved, Done, Event, Failed, Started, Step
from sde_core.training.ranks import agreed, is_first, wait_for_all
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
        self._steps_on_disk: dict[str, int] = {}  # file -> the step that it holds
        self._best: dict[str, Tensor] | None = None  # kept only where the best weights are the result

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from ``checkpoint``; the best weights so far are read beside it."""
        self.training.restore(checkpoint)
        self._first_step = checkpoint.step
        if self.output is not None:
            self._steps_on_disk = _steps_in(self.output, checkpoint)
            self._good = self.output / LAST if LAST in self._steps_on_disk else None
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
            if is_first():
                yield self._done()
            wait_for_all()
        except NotFiniteError as error:
            # The weights gave this loss, so what is on disk stays the last good state.
            yield self._failed(_not_finite(error, training), are_weights_good=False)
        except _DiskError as error:
            yield Failed(step=training.step, reason=str(error), checkpoint=self._good)
        except SDEError as error:
            yield self._failed(str(error))
        except (MemoryError, RuntimeError) as error:
            if not is_lack_of_memory(error):
                raise
            yield self._failed(no_memory(training))

    @property
    def _keeps_best(self) -> bool:
        return self.training.config.patience is not None

    def _started(self) -> Started:
        t = self.training
        is_one = t.order.steps_per_epoch == 1
        batches = f"; a batch is {t.config.batch_size:,} of them" if is_one else ""
        return Started(
            total_steps=t.total_steps,
            first_step=self._first_step,
            steps_per_epoch=t.order.steps_per_epoch,
            n_train=len(t.subject.split.train),
            n_val=len(t.subject.split.val),
            n_parameters=t.n_parameters,
            split=f"{t.subject.split.words}{batches}",
            device=device_label(t.device),
        )

    def _look(self) -> Iterator[Event]:
        found = self.training.look()
        is_best = self.training.best_step == self.training.step
        if is_best and self._keeps_best:
            self._best = self.training.model.trained_state()
        if found is not None:
            yield from found
        if self.output is not None:
            saved = self._saved(is_best=is_best) if is_first() else None
            # All processes stop where the first one cannot write.
            has_failed = agreed(float(isinstance(saved, Failed)), self.training.device) > 0
            if saved is not None and not has_failed:
                yield saved
            if has_failed:
                raise _DiskError(saved.reason if isinstance(saved, Failed) else "")

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
            reason += '; make room and resume, or train with when_disk_full="continue"'
            return Failed(step=step, reason=reason, checkpoint=self._good)
        return CheckpointSaved(step=step, path=path, is_best=is_best)

    def _save(self, *, is_best: bool) -> Path:
        assert self.output is not None
        checkpoint = self.training.checkpoint()
        if is_best:  # first, so that what the last one says of the best one is there
            write_checkpoint(checkpoint, self.output / BEST)
            self._steps_on_disk[BEST] = checkpoint.step
        write_checkpoint(checkpoint, self.output / LAST)
        self._steps_on_disk[LAST] = checkpoint.step
        self._good = self.output / LAST
        return self._good

    def _save_quietly(self) -> None:
        """Write a checkpoint on the way out; a disk that is full then costs the steps since the last one."""
        if self.output is not None and is_first() and self.training.step > self._first_step:
            try:
                self._save(is_best=False)
            except OSError:
                return

    def _failed(self, reason: str, *, are_weights_good: bool = True) -> Failed:
        """Return the failure with the last good checkpoint, of the weights as they are if those are good."""
        if are_weights_good:
            self._save_quietly()
        return Failed(step=self.training.step, reason=reason, checkpoint=self._good)

    def _done(self) -> Done:
        training, name = self.training, LAST
        if self._best is not None:
            training.model.load_trained_state(self._best)
            name = BEST
        step = training.best_step if name == BEST else training.step
        is_on_disk = self._steps_on_disk.get(name) == step
        return self.result(self.output / name if self.output is not None and is_on_disk else None)

    def result(self, checkpoint: Path | None, how: str = "") -> Done:
        """Return what the model as it is now comes to, its encoder written where there is a folder.

        Args:
            checkpoint: that holds these weights.
            how: they came about, for the name of the vectors.
        """
        training, subject = self.training, self.training.subject
        image, text = training.vectors()
        folder = None if self.output is None else self.output / ENCODER_FOLDER
        outcome = subject.finish(training.model, folder)
        note = outcome.note
        if outcome.folder is not None:
            start = subject.source.provenance.encoder
            try:
                write_record(outcome.folder, subject.source, subject.split.train, start)
            except OSError as error:
                note += f" What it was trained on could not be recorded: {error}."
        name = " ".join(filter(None, (subject.source.name, "after", training.config.loss.name, how)))
        result = replace(subject.source, image=image, text=text, provenance=outcome.provenance, name=name)
        return Done(
            step=training.step,
            best_step=training.step if self._best is None else training.best_step,
            result=_finite(result),
            checkpoint=checkpoint,
            encoder_folder=outcome.folder,
            note=note,
        )


class _DiskError(Exception):
    """A checkpoint could not be written, and the training is to stop then."""


def _steps_in(folder: Path, checkpoint: Checkpoint) -> dict[str, int]:
    """Return which steps of the same training the files in ``folder`` hold."""
    found = {}
    for name in (LAST, BEST):
        try:
            there = read_checkpoint(folder / name)
        except DataError:
            continue
        if there.source == checkpoint.source and there.step in (
            checkpoint.step,
            checkpoint.counts["best_step"],
        ):
            found[name] = there.step
    return found


def _finite(result: EmbeddingSet) -> EmbeddingSet:
    assert np.isfinite(result.image).all()
    assert np.isfinite(result.text).all()
    return result


def _not_finite(error: NotFiniteError, training: Training) -> str:
    return (
        f"{error} after {training.step} steps, so the training stopped and the checkpoint before is the last good "
        f"one; lower learning_rate (now {training.config.peak_rate:g}) and start again"
    )


def is_lack_of_memory(error: Exception) -> bool:
    """Return whether the device, or this machine, had no memory left."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error)


def no_memory(training: Training) -> str:
    """Return what a training without memory says, with the remedy."""
    config = training.config
    return (
        f"the memory of {device_label(training.device)} does not hold a batch of {config.batch_size} in "
        f"{config.accumulate} parts; raise accumulate, or lower batch_size"
    )
