"""What a training tells while it runs, one frozen class for each kind of news."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from sde_core.checks.brief import brief
from sde_core.sets.embeddings import EmbeddingSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The training begins, or goes on from a checkpoint.

    Attributes:
        run: which run it is, where several go side by side; "" for one alone.
        total_steps: optimiser steps of the whole training.
        first_step: steps that a checkpoint brought along; 0 for a fresh start.
        steps_per_epoch: steps in which every training pair is seen once.
        n_train: images trained on.
        n_val: images that the metrics come from.
        n_parameters: numbers that are trained.
        split: how training and validation were told apart, one sentence.
        device: where it computes.
    """

    total_steps: int
    first_step: int
    steps_per_epoch: int
    n_train: int
    n_val: int
    n_parameters: int
    split: str
    device: str
    run: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One optimiser step is done.

    Attributes:
        step: steps done, from 1.
        total_steps: steps of the whole training.
        loss: the loss of the batch, before this step.
        parts: what the loss is made of, already weighted ("contrastive", "spectral"), and the single
            spectral terms by name, before any weight.
        learning_rate: of this step.
        logit_scale: 1 / temperature, before this step.
        gradient_norm: before clipping.
        seconds: since the start of this process's part of the training.
        run: which run it is.
    """

    step: int
    total_steps: int
    loss: float
    parts: Mapping[str, float]
    learning_rate: float
    logit_scale: float
    gradient_norm: float
    seconds: float
    run: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Retrieval on the validation images, all their captions in the gallery.

    Attributes:
        step: steps done.
        values: CLIP_benchmark's names -> values, as `retrieval_metrics` gives them.
        score: what "best" means: the mean of R@1, R@5 and R@10 over both directions, in [0, 1].
        is_best: whether no earlier step scored as high.
        run: which run it is.
    """

    step: int
    values: Mapping[str, float]
    score: float
    is_best: bool
    run: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ModalitySpectrum:
    """The spectrum of one modality at a moment.

    Attributes:
        singular_values: (r,) float64, descending.
        labels: (r,) int64 of 0 strong, 1 weak, 2 noise.
        tau_strong: threshold in the unit of the singular values.
        tau_noise: threshold in the unit of the singular values.
        direction_shares: share of all directions in each band, by "strong", "weak", "noise".
        energy_shares: share of the energy in each band.
        effective_rank: exp of the entropy of s / sum s.
        note: the rule's own sentence.
    """

    singular_values: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    tau_strong: float
    tau_noise: float
    direction_shares: Mapping[str, float]
    energy_shares: Mapping[str, float]
    effective_rank: float
    note: str

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpectrumSnapshot:
    """Both modalities' spectra at a moment, of a fixed sample of training and validation vectors.

    Attributes:
        step: steps done.
        image: the images' spectrum.
        text: the captions' spectrum.
        gap: distance of the two modalities' mean unit vectors.
        n_samples: images in the sample, each with its primary caption.
        run: which run it is.
    """

    step: int
    image: ModalitySpectrum
    text: ModalitySpectrum
    gap: float
    n_samples: int
    run: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSaved:
    """Everything needed to go on is on disk.

    Attributes:
        step: steps done.
        path: of the checkpoint.
        is_best: whether ``best.safetensors`` beside it was written too.
        run: which run it is.
    """

    step: int
    path: Path
    is_best: bool
    run: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointFailed:
    """A checkpoint could not be written; the training goes on, as it was asked to.

    Attributes:
        step: steps done.
        reason: one sentence.
        run: which run it is.
    """

    step: int
    reason: str
    run: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Done:
    """The training has ended well.

    Attributes:
        step: steps done; fewer than planned after an early stop.
        best_step: the step whose weights are the result.
        result: all images and captions of the source as vectors of the trained model.
        checkpoint: the result's checkpoint, or None if nothing is written.
        encoder_folder: a folder that open_clip loads as it is, or None; ``note`` says why.
        note: what came out and what not, one or two sentences.
        run: which run it is.
    """

    step: int
    best_step: int
    result: EmbeddingSet = field(repr=False)
    checkpoint: Path | None
    encoder_folder: Path | None
    note: str
    run: str = ""

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The training cannot go on.

    Attributes:
        step: steps done before the failure.
        reason: one sentence with the remedy.
        checkpoint: the last good one, or None if there is none.
        run: which run it is.
    """

    step: int
    reason: str
    checkpoint: Path | None
    run: str = ""

    __repr__ = brief


Event: TypeAlias = (
    Started | Step | Metrics | SpectrumSnapshot | CheckpointSaved | CheckpointFailed | Done | Failed
)


def as_plain(event: object) -> dict[str, Any]:
    """Return an event as plain values that JSON takes, its kind under "event"; a result as its facts."""
    return {"event": type(event).__name__} | _plain_fields(event)


def _plain_fields(event: object) -> dict[str, Any]:
    return {f.name: _plain(getattr(event, f.name)) for f in fields(event)}  # type: ignore[arg-type]


def _plain(value: object) -> Any:  # noqa: ANN401
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(v) for key, v in value.items()}
    if isinstance(value, ModalitySpectrum):
        return _plain_fields(value)
    if isinstance(value, EmbeddingSet):
        return {"n_images": value.n_images, "n_texts": value.n_texts, "width": value.width}
    return str(value) if isinstance(value, Path) else value
