"""Progress by the trainer's own count: what the optimiser or the scheduler says of steps done."""

import weakref
from typing import Any

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from sde_core.errors import ConfigError

# Where torch's schedulers say how long they run; those that leave it to a function say nothing.
_LENGTHS = ("total_steps", "T_max", "total_iters")


class OptimizerSteps:
    """Steps that an optimiser has done, those of an earlier session included if its state says so.

    Every step is counted as it ends, so one that a gradient scaler skips is none. What Adam and its relatives
    keep in their state is taken over whenever that state is loaded, so that a resumed training goes on where
    it was; SGD keeps no count, and there the loss's own state has to be loaded too.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        found = steps_in(optimizer)
        self.has_own_count = found is not None
        self.steps = found or 0
        self.is_unsure = False
        optimizer.register_step_post_hook(self._count)
        optimizer.register_load_state_dict_post_hook(self._take_over)

    def __deepcopy__(self, memo: dict[int, Any]) -> "OptimizerSteps":
        # A copy of the loss follows the same optimiser.
        return self

    def put(self, steps: int) -> None:
        """Take over a count where the optimiser has none of its own."""
        self.steps, self.is_unsure = max(steps, self.steps), False

    def _count(self, optimizer: Optimizer, args: object, kwargs: object) -> None:
        self.steps += 1

    def _take_over(self, optimizer: Optimizer) -> None:
        found = steps_in(optimizer)
        # A count that the loss brought along stays.
        self.is_unsure = found is None and bool(optimizer.state) and self.steps == 0
        if found is not None:
            self.steps = found


class TrainerClock:
    """Whose steps a loss goes by: an optimiser's, or a scheduler's and those of its optimiser.

    Args:
        source: optimiser or scheduler of torch, or what accelerate or Lightning wrap one in.
        total_steps: optimiser steps of the whole training, or None where the scheduler knows.

    Raises:
        ConfigError: neither of the two, or nobody knows how long the training is.
    """

    def __init__(self, source: object, total_steps: int | None) -> None:
        source = _bare(source)
        self._scheduler: weakref.ref[LRScheduler] | None = None
        if isinstance(source, LRScheduler):
            self._scheduler = weakref.ref(source)
            total_steps = total_steps or _length_of(source)
        optimizer = _bare(source.optimizer) if isinstance(source, LRScheduler) else source
        if not isinstance(optimizer, Optimizer):
            raise ConfigError(
                f"follow must get an optimiser or a scheduler of torch; got a {type(source).__name__}"
            )
        if total_steps is None:
            raise ConfigError(
                f"total_steps must say how many steps {type(source).__name__} will take: give it to follow or "
                "to SDELossConfig"
            )
        if total_steps < 1:
            raise ConfigError(f"total_steps must be at least 1; got {total_steps}")
        self.total_steps = total_steps
        self.optimizer_steps = OptimizerSteps(optimizer)

    @property
    def step(self) -> int:
        """Optimiser steps completed."""
        return self.optimizer_steps.steps

    @property
    def progress(self) -> float:
        """Share of training done in [0, 1]: 0 on the first step, 1 on the last."""
        scheduler = None if self._scheduler is None else self._scheduler()
        done = self.step if scheduler is None else int(scheduler.last_epoch)
        return min(1.0, max(0, done) / max(1, self.total_steps - 1))

    def __deepcopy__(self, memo: dict[int, Any]) -> "TrainerClock":
        return self

    def __getstate__(self) -> dict[str, Any]:
        # A weak reference cannot be written; what is read back goes by steps.
        return self.__dict__ | {"_scheduler": None}


def steps_in(optimizer: Optimizer) -> int | None:
    """Return the steps that an optimiser's state holds, or None where it keeps none."""
    found = [state["step"] for state in optimizer.state.values() if "step" in state]
    numbers = [int(x.item()) if isinstance(x, torch.Tensor) else int(x) for x in found]
    return max(numbers, default=None)


def _bare(source: object) -> object:
    """Return what accelerate's and Lightning's wrappers hold."""
    for _ in range(4):
        inner = getattr(source, "scheduler", None)
        if not isinstance(inner, LRScheduler):
            inner = None if isinstance(source, LRScheduler) else getattr(source, "optimizer", None)
        if inner is None or inner is source:
            break
        source = inner
    return source


def _length_of(scheduler: LRScheduler) -> int | None:
    for name in _LENGTHS:
        value = getattr(scheduler, name, None)
        if isinstance(value, int):
            return value
    return None
