"""Where a loss stands in training: steps counted by calls, progress followed, set or counted."""

import warnings
from typing import Any

import torch
from torch import Tensor, nn

from sde_core.checks.matrices import check_share
from sde_core.losses.count_check import check_counts
from sde_core.losses.trainer_clock import TrainerClock


class TrainingClock:
    """Steps and progress of one training; open_clip hands the loss neither.

    Both are those of the optimiser that `follow` names. Else a step is ``calls_per_step`` calls of training, and
    progress is what `set_progress` said last, else the share of ``total_steps`` done, else 0.
    """

    def __init__(self, *, total_steps: int | None = None, calls_per_step: int = 1) -> None:
        self.total_steps = total_steps
        self.calls_per_step = calls_per_step
        self.calls = 0
        self.fixed: float | None = None
        self.followed: TrainerClock | None = None
        self._is_checked = False
        self._restored: int | None = None

    @property
    def step(self) -> int:
        """Optimiser steps completed."""
        return self.calls // self.calls_per_step if self.followed is None else self.followed.step

    @property
    def progress(self) -> float:
        """Share of training done in [0, 1]: 0 on the first step, 1 on the last."""
        if self.fixed is not None:
            return self.fixed
        if self.followed is not None:
            return self.followed.progress
        if self.total_steps is None:
            return 0.0
        return min(1.0, self.step / max(1, self.total_steps - 1))

    @property
    def is_counting(self) -> bool:
        """Whether progress goes by calls."""
        return self.fixed is None and self.followed is None and self.total_steps is not None

    def set_progress(self, progress: float) -> None:
        """Fix t; from now on only `set_progress` moves it, until `follow`.

        Raises:
            ConfigError: ``progress`` outside [0, 1], NaN included.
        """
        self.fixed = check_share(progress, "progress")

    def follow(self, source: object, total_steps: int | None = None) -> None:
        """Go by the steps of an optimiser or a scheduler from now on.

        Raises:
            ConfigError: neither of the two, or nobody knows how long the training is.
        """
        self.followed = TrainerClock(source, total_steps or self.total_steps)
        self.fixed = None
        if self._restored is not None and not self.followed.optimizer_steps.has_own_count:
            self.followed.optimizer_steps.put(self._restored)

    def count(self, *features: Tensor) -> None:
        """Note that a call of training on these features ended."""
        if self.followed is not None and self.followed.optimizer_steps.is_unsure:
            self.followed.optimizer_steps.is_unsure = False
            warnings.warn(
                "the optimiser was resumed, but its state holds no number of steps: load the loss's state_dict() "
                f"too, or the curriculum goes on from step {self.step:,}",
                stacklevel=2,
            )
        if self.is_counting and not self._is_checked:
            self._is_checked = True
            check_counts(self, features)
        self.calls += 1

    def generator(self, seed: int) -> torch.Generator:
        """Return the generator of this step: every call of one step draws the same numbers."""
        # An odd factor spreads neighbouring seeds; 2^63 is what manual_seed takes.
        mixed = (seed * 0x9E3779B97F4A7C15 + self.step * 0xD1B54A32D192ED03) % 2**63
        return torch.Generator().manual_seed(mixed)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs."""
        return {"calls": self.calls, "progress": self.fixed, "step": self.step}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; an optimiser that is followed keeps its own count if it is further."""
        self.calls, self.fixed = int(state["calls"]), state["progress"]
        self._restored = int(state.get("step", self.calls // self.calls_per_step))
        if self.followed is not None:
            self.followed.optimizer_steps.put(self._restored)


def is_training_call(module: nn.Module, *features: Tensor) -> bool:
    """Return whether a call is one of training: only such a call counts as a step or is remembered.

    A trainer puts its model in eval mode, not a loss that stands beside the model; there it is the gradients
    that are off.
    """
    return module.training and torch.is_grad_enabled() and any(x.requires_grad for x in features)
