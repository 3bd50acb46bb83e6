"""Checkpoints of a training: one safetensors file each, tensors as tensors, everything else as JSON."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sde_core.checks.settings import from_plain, to_plain
from sde_core.errors import ConfigError, DataError
from sde_core.files.tensor_file import read_tensors, write_tensors
from sde_core.training.config import FinetuneConfig, settings_that_differ

LAST, BEST = "last.safetensors", "best.safetensors"
_KIND, _FORMAT = "sde-finetune", 1
_WRITER = "sde finetune"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """A training at the end of a step.

    Attributes:
        config: its settings.
        source: fingerprint of what it trains on.
        subject: what is trained, as the messages name it: an encoder's name and weights, or the vectors.
        counts: step, total_steps, evaluate_every, evaluated_step, best_step, looks_since_best.
        best_score: of the best look so far; minus infinity before the first.
        model: trained tensors by name.
        optimizer: AdamW's tensors by "<kind>.<parameter>".
        loss: what the loss remembers.
        scaler: state of the gradient scaler, empty without one.
    """

    config: FinetuneConfig
    source: str
    subject: str
    counts: Mapping[str, int]
    best_score: float
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor] = field(default_factory=dict)
    loss: Mapping[str, Any] = field(default_factory=dict)
    scaler: Mapping[str, Any] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Optimiser steps done."""
        return self.counts["step"]


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write ``checkpoint``; whoever reads sees the old file or the whole new one.

    Raises:
        OSError: the disk is full or the folder cannot be written to; the old file is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    loss = _without_tensors(checkpoint.loss, "loss", tensors)
    tensors |= {f"model.{name}": value for name, value in checkpoint.model.items()}
    tensors |= {f"optimizer.{name}": value for name, value in checkpoint.optimizer.items()}
    state = {
        "format": _FORMAT,
        "config": to_plain(checkpoint.config),
        "source": checkpoint.source,
        "subject": checkpoint.subject,
        "counts": dict(checkpoint.counts),
        "best_score": repr(checkpoint.best_score),
        "loss": loss,
        "scaler": dict(checkpoint.scaler),
    }
    text = json.dumps(state)
    write_tensors(path, tensors, kind=_KIND, header={"state": text, "digest": _digest(text, tensors)})


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Return the checkpoint in ``path``, its content checked against its digest.

    Raises:
        DataError: missing, not one of ours, cut off, altered, or of another version.
    """
    tensors, header = read_tensors(path, kind=_KIND, writer=_WRITER)
    try:
        if header["digest"] != _digest(header["state"], tensors):
            raise DataError(
                f"the checkpoint {path} is damaged: its content is not what was written; {_OTHER}"
            )
        state = json.loads(header["state"])
        if state["format"] != _FORMAT:
            raise DataError(
                f"{path} must have format {_FORMAT}; got {state['format']}: another version wrote it"
            )
        return Checkpoint(
            config=from_plain(FinetuneConfig, state["config"]),
            source=state["source"],
            subject=state["subject"],
            counts=state["counts"],
            best_score=float(state["best_score"]),
            model=_under("model", tensors),
            optimizer=_under("optimizer", tensors),
            loss=_with_tensors(state["loss"], tensors),
            scaler=state["scaler"],
        )
    except (KeyError, TypeError, json.JSONDecodeError, ConfigError) as error:
        raise DataError(f"the checkpoint {path} cannot be read: {error}; {_OTHER}") from None


_OTHER = f"resume from {BEST} beside it, or start again"


def check_same_training(checkpoint: Checkpoint, config: FinetuneConfig, source: str, subject: str) -> None:
    """Refuse to go on with other settings, other pairs or another encoder than the checkpoint's.

    Raises:
        ConfigError: the first setting that differs, or the encoder, is named.
        DataError: the pairs differ.
    """
    for name, before, now in settings_that_differ(checkpoint.config, config):
        raise ConfigError(
            f"resume must have the settings of the checkpoint; {name} is {before!r} there and {now!r} here"
        )
    if checkpoint.subject != subject:
        raise ConfigError(
            f"resume must train what the checkpoint trains: {checkpoint.subject}; got {subject}"
        )
    if checkpoint.source != source:
        raise DataError("resume must have the pairs of the checkpoint; these have another fingerprint")


def _without_tensors(value: Any, place: str, tensors: dict[str, Tensor]) -> Any:  # noqa: ANN401
    """Return ``value`` with every tensor moved to ``tensors`` and named in its place."""
    if isinstance(value, Tensor):
        tensors[place] = value
        return {"tensor": place}
    if isinstance(value, Mapping):
        inner = {str(k): _without_tensors(v, f"{place}.{k}", tensors) for k, v in value.items()}
        return {"mapping": inner}
    return value


def _with_tensors(value: Any, tensors: Mapping[str, Tensor]) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        if "tensor" in value:
            return tensors[value["tensor"]]
        return {k: _with_tensors(v, tensors) for k, v in value["mapping"].items()}
    return value


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}


def _digest(text: str, tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
