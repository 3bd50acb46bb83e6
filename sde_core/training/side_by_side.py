"""Several trainings on the same batches, step by step beside each other: SDE against plain InfoNCE."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sde_core.checks.device import resolve_device
from sde_core.errors import ConfigError
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.training.budget import common_schedule
from sde_core.training.checkpoint import LAST, read_checkpoint
from sde_core.training.config import FinetuneConfig, settings_that_differ
from sde_core.training.events import Event, Step
from sde_core.training.plan import Plan, with_batches_that_fit
from sde_core.training.prepare import prepare_subject

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_core.encoding import EncodeProgress
    from sde_core.pairs import Pairs

# What may differ between runs that see the same batches; a prefix "loss." stands for all of the loss.
_OWN = ("learning_rate", "weight_decay", "warmup", "clip_norm", "precision", "temperature", "lora_rank",
        "noise_seed", "init_seed", "accumulate")  # fmt: skip


def finetune_side_by_side(
    source: "EmbeddingSet | Pairs",
    runs: Mapping[str, FinetuneConfig],
    *,
    encoder: "Encoder | None" = None,
    output: str | Path | None = None,
    resume: bool = False,
    progress: "Callable[[EncodeProgress], None] | None" = None,
) -> Iterator[Event]:
    """Return the events of all runs, each with its name as ``run``, one step of each in turn.

    All start from the same weights and see the same pairs and captions in the same order. A run that stops
    early or fails leaves the others going. Closing the iterator writes a checkpoint of each.

    Args:
        source: as in `finetune`; pairs are encoded once.
        runs: name -> settings; they may differ in the loss and in how it is followed, not in the data.
        encoder: as in `finetune`.
        output: folder with a folder for each run, or None.
        resume: go on from each run's last checkpoint in ``output``.
        progress: as in `finetune`.

    Raises:
        ConfigError: no run, settings that would give other batches, or nothing to resume.
        DataError: as in `finetune`.
        EncoderError: as in `finetune`.
    """
    _check_runs(runs)
    folder = None if output is None else Path(output).expanduser()
    if resume and folder is None:
        raise ConfigError("output must be given to resume; got None")
    first = next(iter(runs.values()))
    device = resolve_device(first.device)
    subject = prepare_subject(source, first, encoder, device, progress)
    plans = {}
    for name, config in runs.items():
        checkpoint = read_checkpoint(folder / name / LAST) if resume and folder is not None else None
        share = None if config.seconds is None else config.seconds / len(runs)
        timed = with_batches_that_fit(replace(config, seconds=share), len(subject.split.train))
        plans[name] = Plan(subject=subject, config=timed, device=device, checkpoint=checkpoint)
    schedule = common_schedule([plan.schedule for plan in plans.values()])
    streams = {
        name: plan.run(None if folder is None else folder / name, name, schedule).events()
        for name, plan in plans.items()
    }
    return _in_turn(streams)


def _in_turn(streams: dict[str, Iterator[Event]]) -> Iterator[Event]:
    """Yield each stream's events up to its next step, round after round."""
    going = dict(streams)
    try:
        while going:
            for name in list(going):
                for event in going[name]:
                    yield event
                    if isinstance(event, Step):
                        break
                else:
                    del going[name]
    finally:
        for stream in streams.values():
            stream.close()  # type: ignore[attr-defined]


def _check_runs(runs: Mapping[str, FinetuneConfig]) -> None:
    if not runs:
        raise ConfigError("runs must hold at least one; got none")
    (first_name, first), *others = runs.items()
    for name, config in others:
        for setting, one, other in settings_that_differ(first, config):
            if setting not in _OWN and not setting.startswith("loss."):
                raise ConfigError(
                    f"runs must see the same batches; {setting} is {one!r} in {first_name} and {other!r} in {name}"
                )
    for name in runs:
        if not name or Path(name).name != name:
            raise ConfigError(f"a run's name must do as a folder's; got {name!r}")
