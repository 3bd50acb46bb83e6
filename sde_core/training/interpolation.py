"""Between the start and the end of a training: weights mixed in proportion (WiSE-FT)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from sde_core.checks.brief import brief
from sde_core.checks.device import resolve_device
from sde_core.checks.matrices import check_share
from sde_core.errors import DataError
from sde_core.sets.embeddings import EmbeddingSet
from sde_core.training.budget import schedule_of
from sde_core.training.checkpoint import Checkpoint, check_same_training, read_checkpoint, write_checkpoint
from sde_core.training.events import Done
from sde_core.training.measure import encode_rows, score_of, validation_metrics
from sde_core.training.prepare import prepare_subject
from sde_core.training.run import Run
from sde_core.training.subject import Subject
from sde_core.training.trainer import Training

if TYPE_CHECKING:
    from sde_core.encoders import Encoder
    from sde_core.pairs import Pairs

ALPHAS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpolated:
    """Retrieval with weights (1 - alpha) start + alpha end.

    Attributes:
        alpha: in [0, 1]; 0 is the start, 1 the end of the training.
        values: `retrieval_metrics` of the validation images.
        score: mean of R@1, R@5 and R@10 over both directions.
        others: the same metrics for sets that the training had nothing to do with, by name.
    """

    alpha: float
    values: Mapping[str, float]
    score: float
    others: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    __repr__ = brief


def interpolation_sweep(
    checkpoint: str | Path,
    source: "EmbeddingSet | Pairs",
    *,
    encoder: "Encoder | None" = None,
    alphas: Sequence[float] = ALPHAS,
    others: Mapping[str, EmbeddingSet] | None = None,
) -> Iterator[Interpolated]:
    """Return retrieval on the way from the start to the end of a training, one alpha after the other.

    Fine-tuning is known to cost what the model could do before; a mix often keeps most of both.

    Args:
        checkpoint: of the training.
        source: what it was trained on.
        encoder: as in `finetune`.
        alphas: each in [0, 1].
        others: sets of the same encoder to be measured too, all their images and captions.

    Raises:
        DataError: checkpoint or pairs cannot be used, or do not belong together.
        ConfigError: an alpha outside [0, 1].

    Source: Wortsman et al., 2022, robust fine-tuning of zero-shot models.
    """
    for alpha in alphas:
        check_share(alpha, "alphas")
    training, end = _trained(checkpoint, source, encoder)
    prepared = {name: (s, training.subject.inputs_of(s)) for name, s in (others or {}).items()}

    def measured() -> Iterator[Interpolated]:
        start = training.model.trained_state()
        for alpha in alphas:
            training.model.load_trained_state(interpolated_weights(start, end.model, alpha))
            values = training.validation()
            found = {}
            for name, (other, inputs) in prepared.items():
                image = encode_rows(training.model, inputs, np.arange(other.n_images), "image")
                text = encode_rows(training.model, inputs, np.arange(other.n_texts), "text")
                found[name] = validation_metrics(image, text, other.links)
            yield Interpolated(alpha=alpha, values=values, score=score_of(values), others=found)

    return measured()


def interpolate(
    checkpoint: str | Path,
    source: "EmbeddingSet | Pairs",
    alpha: float,
    *,
    encoder: "Encoder | None" = None,
    output: str | Path | None = None,
) -> Done:
    """Return the result of a training with weights (1 - alpha) start + alpha end.

    Args:
        checkpoint: of the training.
        source: what it was trained on.
        alpha: in [0, 1].
        encoder: as in `finetune`.
        output: folder for a checkpoint of the mix and the encoder; None writes nothing.

    Raises:
        DataError: checkpoint or pairs cannot be used, or do not belong together.
        ConfigError: alpha outside [0, 1].
    """
    check_share(alpha, "alpha")
    training, end = _trained(checkpoint, source, encoder)
    folder = None if output is None else Path(output).expanduser()
    mixed = interpolated_weights(training.model.trained_state(), end.model, alpha)
    training.model.load_trained_state(mixed)
    training.step = training.best_step = end.step
    path = None
    if folder is not None:
        path = folder / "interpolated.safetensors"
        # Without the optimiser's memory: it belongs to other weights.
        write_checkpoint(replace(end, model=mixed, optimizer={}), path)
        _check_written(path, mixed)
    return Run(training, folder).result(path, f"{alpha:g} of the way")


def interpolated_weights(
    start: Mapping[str, Tensor], end: Mapping[str, Tensor], alpha: float
) -> dict[str, Tensor]:
    """Return (1 - alpha) start + alpha end by name; of a low-rank change, alpha times the whole change."""
    mixed = {}
    for name, first in start.items():
        last = end[name].to(first)
        # B A starts at B = 0: alpha B with the last A is alpha times the change.
        is_first_factor = ".lora_A." in name or not first.is_floating_point()
        mixed[name] = last if is_first_factor else torch.lerp(first, last, alpha)
    return mixed


def _check_written(path: Path, mixed: Mapping[str, Tensor]) -> None:
    again = read_checkpoint(path).model
    if again.keys() != mixed.keys() or not all(torch.equal(again[n], mixed[n].cpu()) for n in mixed):
        raise DataError(f"{path} does not read as what was written: is the disk sound?")


def _trained(
    path: str | Path, source: "EmbeddingSet | Pairs", encoder: "Encoder | None"
) -> tuple[Training, Checkpoint]:
    """Return a training at its start and the checkpoint at its end."""
    checkpoint = read_checkpoint(path)
    device = resolve_device(checkpoint.config.device)
    subject: Subject = prepare_subject(source, checkpoint.config, encoder, device, None)
    check_same_training(checkpoint, checkpoint.config, subject.identity, subject.title)
    schedule = schedule_of(checkpoint.counts["total_steps"], None)
    return Training(subject, checkpoint.config, schedule=schedule, device=device), checkpoint
