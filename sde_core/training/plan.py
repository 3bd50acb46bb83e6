"""`finetune`: a training as a stream of events that the caller pulls, stops and resumes."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from sde_core.device import resolve_device
from sde_core.embeddings import EmbeddingSet
from sde_core.training.checkpoint import Checkpoint, check_same_training
from sde_core.training.config import FinetuneConfig, with_free_settings
from sde_core.training.events import Event
from sde_core.training.prepare import prepare_subject
from sde_core.training.ranks import agreed, local_rows
from sde_core.training.resume import OpenClipCheckpoint, read_any_checkpoint
from sde_core.training.run import Run
from sde_core.training.subject import Subject
from sde_core.training.trainer import Training, pair_order

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_core.encoding import EncodeProgress
    from sde_core.pairs import Pairs

# Looks in a training that is planned by time: 20 and the one before the first step.
_LOOKS = 21


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
    plan = Plan(subject=subject, config=config, device=device, checkpoint=checkpoint)
    return plan.run(None if output is None else Path(output).expanduser()).events()


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
    def total_steps(self) -> int:
        """Steps of the whole training; a time is turned into steps by a trial, once."""
        c = self.config
        if isinstance(self.checkpoint, Checkpoint):
            return self.checkpoint.counts["total_steps"]
        if c.steps is not None:
            return c.steps
        if c.seconds is not None:
            return self._steps_in(c.seconds)
        return c.epochs * pair_order(self.subject, c).steps_per_epoch

    def run(self, output: Path | None, name: str = "", total_steps: int | None = None) -> Run:
        """Return the run, restored from the checkpoint if there is one."""
        found, config = self.checkpoint, self.config
        if isinstance(found, Checkpoint):
            config = with_free_settings(found.config, config)
        steps = total_steps or self.total_steps
        training = Training(self.subject, config, total_steps=steps, device=self.device)
        run = Run(training, output, name)
        if found is not None:
            run.restore(found if isinstance(found, Checkpoint) else found.as_checkpoint(training))
        return run

    def _steps_in(self, seconds: float) -> int:
        """Return how many steps fit, looks included, by trying the second step and one look."""
        trial = Training(
            self.subject, replace(self.config, evaluate_every=None), total_steps=100, device=self.device
        )
        trial.take_step()
        started = time.monotonic()
        trial.take_step()
        step = time.monotonic() - started
        trial.look()
        look = time.monotonic() - started - step
        # All processes train as long as the first one.
        return int(agreed(max(1, int((seconds - _LOOKS * look) / step)), self.device))
