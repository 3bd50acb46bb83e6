"""Where a loss stands in training: steps counted by calls, progress set or counted."""

from typing import Any

import torch
from torch import Tensor, nn

from sde_core.checks.matrices import check_share


class TrainingClock:
    """Steps and progress of one training; open_clip hands the loss neither.

    A step is ``calls_per_step`` calls in training mode. Progress is what `set_progress` said last, else
    the share of ``total_steps`` done, else 0.
    """

    def __init__(self, *, total_steps: int | None = None, calls_per_step: int = 1) -> None:
        self.total_steps = total_steps
        self.calls_per_step = calls_per_step
        self.calls = 0
        self.fixed: float | None = None

    @property
    def step(self) -> int:
        """Optimiser steps completed."""
        return self.calls // self.calls_per_step

    @property
    def progress(self) -> float:
        """Share of training done in [0, 1]: 0 on the first step, 1 on the last."""
        if self.fixed is not None:
            return self.fixed
        if self.total_steps is None:
            return 0.0
        return min(1.0, self.step / max(1, self.total_steps - 1))

    def set_progress(self, progress: float) -> None:
        """Fix t; from now on only `set_progress` moves it.

        Raises:
            ConfigError: ``progress`` outside [0, 1], NaN included.
        """
        self.fixed = check_share(progress, "progress")

    def generator(self, seed: int) -> torch.Generator:
        """Return the generator of this step: every call of one step draws the same numbers."""
        # An odd factor spreads neighbouring seeds; 2^63 is what manual_seed takes.
        mixed = (seed * 0x9E3779B97F4A7C15 + self.step * 0xD1B54A32D192ED03) % 2**63
        return torch.Generator().manual_seed(mixed)

    def state(self) -> dict[str, Any]:
        """Return what `restore` needs."""
        return {"calls": self.calls, "progress": self.fixed}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned."""
        self.calls, self.fixed = int(state["calls"]), state["progress"]


def is_training_call(module: nn.Module, *features: Tensor) -> bool:
    """Return whether a call is one of training: only such a call counts as a step or is remembered.

    A trainer puts its model in eval mode, not a loss that stands beside the model; there it is the gradients
    that are off.
    """
    return module.training and torch.is_grad_enabled() and any(x.requires_grad for x in features)
