"""Where a training goes on: a checkpoint of ours, or one of open_clip's training."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from sde_core.errors import ConfigError, DataError
from sde_core.training.checkpoint import Checkpoint, read_checkpoint
from sde_core.training.config import FinetuneConfig
from sde_core.training.optimizer import never_decays, trainable
from sde_core.training.towers import Towers
from sde_core.training.trainer import Training

_PICKLED = {".pt", ".pth", ".bin"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenClipCheckpoint:
    """What open_clip's training wrote after an epoch.

    Attributes:
        path: of the file.
        epoch: epochs completed.
        model: weights by open_clip's names.
        optimizer: state of its AdamW, or None if the file holds weights only.
        scaler: state of its gradient scaler, empty without one.
    """

    path: Path
    epoch: int
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Any] | None
    scaler: Mapping[str, Any]

    def step_in(self, training: Training) -> int:
        """Return the optimiser steps that the completed epochs are, at this training's batch size."""
        return self.epoch * training.order.steps_per_epoch

    def as_checkpoint(self, training: Training) -> Checkpoint:
        """Return what ``training`` would have written at this point; its loss starts afresh at this step.

        Raises:
            ConfigError: other parts are trained, frozen weights differ, or nothing is left to do.
            DataError: weights of another architecture.
        """
        step = self.step_in(training)
        if step >= training.total_steps:
            raise ConfigError(
                f"epochs (or steps) must go beyond the checkpoint's {self.epoch} epochs; "
                f"got {training.total_steps} steps in all, and {step} are done"
            )
        model = training.model
        if not isinstance(model, Towers) or model.has_lora:
            raise ConfigError(
                'train must be "last-block" or "full", without LoRA, to go on from open_clip\'s training; '
                f"got {training.config.train!r}"
            )
        fresh = training.checkpoint()
        return Checkpoint(
            config=fresh.config,
            source=fresh.source,
            subject=fresh.subject,
            counts={**fresh.counts, "step": step, "evaluated_step": -1, "best_step": step},
            best_score=fresh.best_score,
            model=self._trained(model),
            optimizer={} if self.optimizer is None else self._moments(model, self.optimizer),
            loss=_at_step(fresh.loss, step),
            scaler=self.scaler if training.scaler.is_enabled() else {},
        )

    def _trained(self, model: Towers) -> dict[str, Tensor]:
        """Return the trained tensors by our names, the frozen ones compared with the encoder's."""
        wanted = model.trained_state()
        state = model.clip.state_dict()
        strange = sorted(set(state) ^ set(self.model))
        if strange or any(state[name].shape != self.model[name].shape for name in state):
            detail = f"; {strange[0]} is only in one of them" if strange else ""
            raise DataError(f"{self.path} is a checkpoint of another architecture than the encoder's{detail}")
        for name, value in state.items():
            if f"clip.{name}" not in wanted and not torch.equal(
                value.cpu(), self.model[name].to(value.dtype)
            ):
                raise ConfigError(
                    f"encoder must hold the frozen weights of the checkpoint; {name} differs: load it with "
                    f'pretrained="{self.path}"'
                )
        return {name: self.model[name.removeprefix("clip.")] for name in wanted}

    def _moments(self, model: Towers, optimizer: Mapping[str, Any]) -> dict[str, Tensor]:
        """Return AdamW's tensors by our names; open_clip numbers parameters, gains and biases first."""
        named = trainable(model)
        names = [n for n, p in named if never_decays(n, p)] + [n for n, p in named if not never_decays(n, p)]
        numbers = [number for group in optimizer["param_groups"] for number in group["params"]]
        if len(numbers) != len(names):
            raise ConfigError(
                f"train must be what {self.path} was trained with: its optimiser holds {len(numbers)} parameters, "
                f"here {len(names)} are trained"
            )
        return {
            f"{kind}.{name}": torch.as_tensor(value)
            for name, number in zip(names, numbers, strict=True)
            for kind, value in optimizer["state"].get(number, {}).items()
        }


def read_any_checkpoint(path: str | Path) -> Checkpoint | OpenClipCheckpoint:
    """Return a checkpoint of ours (safetensors) or of open_clip's training (``epoch_N.pt``).

    Nothing but tensors, numbers and text is ever read from a pickle.

    Raises:
        DataError: missing, damaged, or of neither kind.
    """
    path = Path(path).expanduser()
    return _read_open_clip(path) if path.suffix in _PICKLED else read_checkpoint(path)


def settings_of(path: str | Path) -> FinetuneConfig | None:
    """Return the settings that a checkpoint of ours was trained with; None for open_clip's.

    Raises:
        DataError: it cannot be read.
    """
    return None if Path(path).suffix in _PICKLED else read_checkpoint(path).config


def _read_open_clip(path: Path) -> OpenClipCheckpoint:
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
        state, epoch = found["state_dict"], int(found["epoch"])
    except OSError as error:
        raise DataError(f"resume must be a checkpoint; cannot read {path}: {error.strerror}") from None
    except UnpicklingError:
        raise DataError(f"{path} is damaged or holds more than tensors, so it is not read") from None
    except (KeyError, TypeError, ValueError, RuntimeError, EOFError):
        raise DataError(
            f"{path} must be a checkpoint of open_clip's training, with state_dict and epoch; it is not, or is damaged"
        ) from None
    model = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    return OpenClipCheckpoint(
        path=path,
        epoch=epoch,
        model=model,
        optimizer=found.get("optimizer"),
        scaler=found.get("scaler") or {},
    )


def _at_step(memory: Mapping[str, Any], step: int) -> dict[str, Any]:
    """Return a loss's memory with its clock set to ``step``."""
    moved: dict[str, Any] = {}
    for key, value in memory.items():
        if key == "calls":
            moved[key] = step
        else:
            moved[key] = _at_step(value, step) if isinstance(value, Mapping) else value
    return moved
