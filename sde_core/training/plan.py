"""`finetune`: a training as a stream of events that the caller pulls, stops and resumes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sde_core.checks.device import resolve_device
from sde_core.errors import ConfigError, DataError
from sde_core.losses.distributed import world_size
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.training.budget import Schedule, measured, schedule_in, schedule_of, typical_seconds
from sde_core.training.checkpoint import Checkpoint, check_same_training
from sde_core.training.config import DEFAULT_BATCH, FinetuneConfig, with_free_settings
from sde_core.training.events import Event
from sde_core.training.prepare import prepare_subject
from sde_core.training.ranks import agreed, local_rows
from sde_core.training.resume import OpenClipCheckpoint, read_any_checkpoint
from sde_core.training.run import Run, is_lack_of_memory, no_memory
from sde_core.training.subject import Subject
from sde_core.training.trainer import NotFiniteError, Training, pair_order

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_core.encoding import EncodeProgress
    from sde_core.pairs import Pairs

# Share of a time budget that trying out steps may take beside it, and the same for looks.
_TRIAL = 0.03


def finetune(
    source: "EmbeddingSet | Pairs",
    config: FinetuneConfig | None = None,
    *,
    encoder: "Encoder | None" = None,
    output: str | Path | None = None,
    resume: str | Path | None = None,
    progress: "Callable[[EncodeProgress], None] | None" = None,
) -> Iterator[Event]:
    """Return the training as events; pull them to train, close the iterator to stop.

    Pairs, settings and checkpoint are checked before the first event, so what cannot be trained is refused
    here. Later trouble (a loss that is not finite, a full disk, no memory) comes as `Failed`, and the last
    good checkpoint stays. Closing writes a checkpoint too. A training that was stopped, killed or failed and
    is resumed gives on a CPU the same bits as one that was not interrupted.

    Under torch.distributed every process calls this with the same arguments: all yield `Started` and `Step`,
    the first one also looks, writes and yields the rest.

    Args:
        source: vectors with their pairing, or pairs, which are encoded first.
        config: settings; None takes those of ``resume``, or the defaults.
        encoder: what the vectors come from; None loads the one that the set names, where files of
            this machine are enough. Never changed: trained weights are copies.
        output: folder for checkpoints and the trained encoder; None writes nothing.
        resume: checkpoint of an interrupted training, ours or open_clip's ``epoch_N.pt``.
        progress: called while pairs are encoded; an exception that it raises ends the preparation.

    Yields:
        Event: `Started`, then `Step`, `Metrics`, `SpectrumSnapshot`, `CheckpointSaved` (or
            `CheckpointFailed`) as they come, last `Done` or `Failed`.

    Raises:
        DataError: pairs or checkpoint cannot be used.
        ConfigError: settings do not fit each other, the pairs or the checkpoint.
        EncoderError: the encoder cannot be loaded, or has no layer of the kind that is to be trained.
    """
    checkpoint = None if resume is None else read_any_checkpoint(resume)
    if config is None:
        config = checkpoint.config if isinstance(checkpoint, Checkpoint) else FinetuneConfig()
    device = resolve_device(config.device)
    subject = prepare_subject(source, config, encoder, device, progress)
    config = with_batches_that_fit(config, len(subject.split.train))
    plan = Plan(subject=subject, config=config, device=device, checkpoint=checkpoint)
    return plan.run(None if output is None else Path(output).expanduser()).events()


def with_batches_that_fit(config: FinetuneConfig, n_train: int) -> FinetuneConfig:
    """Return the settings with the default batch size lowered to all training pairs, where these are fewer."""
    unit = config.accumulate * world_size()
    most = n_train // unit * unit
    if config.batch_size != DEFAULT_BATCH or most < 2 or most >= DEFAULT_BATCH:
        return config
    return replace(config, batch_size=most)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """A training that has been checked and not begun.

    Attributes:
        subject: pairs and model.
        config: settings.
        device: where it computes.
        checkpoint: where it goes on, or None.
    """

    subject: Subject
    config: FinetuneConfig
    device: torch.device
    checkpoint: Checkpoint | OpenClipCheckpoint | None = None

    def __post_init__(self) -> None:
        local_rows(self.config.batch_size, self.config.accumulate)
        if isinstance(self.checkpoint, Checkpoint):
            check_same_training(self.checkpoint, self.config, self.subject.identity, self.subject.title)

    @cached_property
    def schedule(self) -> Schedule:
        """Steps and looks of the whole training; a time is turned into them by a trial, once."""
        c = self.config
        if isinstance(self.checkpoint, Checkpoint):
            counts = self.checkpoint.counts
            return schedule_of(counts["total_steps"], counts.get("evaluate_every", c.evaluate_every))
        if c.steps is not None:
            return schedule_of(c.steps, c.evaluate_every)
        if c.seconds is not None:
            return self._schedule_in(c.seconds)
        return schedule_of(c.epochs * pair_order(self.subject, c).steps_per_epoch, c.evaluate_every)

    def run(self, output: Path | None, name: str = "", schedule: Schedule | None = None) -> Run:
        """Return the run, restored from the checkpoint if there is one."""
        found, config = self.checkpoint, self.config
        if isinstance(found, Checkpoint):
            config = with_free_settings(found.config, config)
        training = Training(self.subject, config, schedule=schedule or self.schedule, device=self.device)
        run = Run(training, output, name)
        if found is not None:
            run.restore(found if isinstance(found, Checkpoint) else found.as_checkpoint(training))
        return run

    def _schedule_in(self, seconds: float) -> Schedule:
        """Return what fits, by trying steps and looks on a copy; all processes plan with the first one's times."""
        # Steps that move nothing cost as much, and never run away.
        still = replace(self.config, learning_rate=1e-12)
        trial = Training(self.subject, still, schedule=schedule_of(100, None), device=self.device)

        def timed(work: Callable[[], object]) -> float:
            started = time.monotonic()
            work()
            return float(agreed(time.monotonic() - started, self.device))

        try:
            steps = measured(lambda: timed(trial.take_step), within=_TRIAL * seconds, fewest=2)
            looks = measured(lambda: timed(trial.look), within=_TRIAL * seconds)
        except NotFiniteError as error:
            raise DataError(
                f"{error} before anything was trained; look at the vectors and the weights"
            ) from None
        except (MemoryError, RuntimeError) as error:
            if is_lack_of_memory(error):
                raise ConfigError(no_memory(trial)) from None
            raise
        step, look = typical_seconds(steps), typical_seconds(looks)
        return schedule_in(seconds, step=step, look=look, evaluate_every=self.config.evaluate_every)
