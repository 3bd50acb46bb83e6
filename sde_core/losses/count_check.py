"""Whether the steps that a loss counts are the optimiser's: said once where they are not."""

import warnings
import weakref
from typing import Any, Protocol

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook

from sde_core.losses.trainer_clock import steps_in

# A gradient scaler skips a few steps at the start, and a first step may come before the first call.
_SLACK = 2
_LOOKS = 8


class Counting(Protocol):
    """What counts calls."""

    calls: int
    calls_per_step: int

    @property
    def step(self) -> int:
        """Optimiser steps completed."""
        ...

    @property
    def is_counting(self) -> bool:
        """Whether progress goes by calls."""
        ...


def check_counts(clock: Counting, features: tuple[Tensor, ...]) -> None:
    """Compare the counts of ``clock`` with those of the optimiser behind ``features``, for a few steps.

    An optimiser that is far ahead at its first step was resumed and the loss was not; one that takes another
    number of steps than was counted means another `calls_per_step`. Each is a warning. Nothing has to be handed
    over: torch tells of every step of every optimiser, the graph of the features says whose weights they have.
    Features without such a graph (cached ones) are not checked.
    """
    weights = _weights_behind(features)
    if weights:
        if not _active.is_registered:
            register_optimizer_step_post_hook(_active.look)
            _active.is_registered = True
        _active.checks.append(_Check(clock, weights))


class _Check:
    def __init__(self, clock: Counting, weights: dict[int, weakref.ref[Tensor]]) -> None:
        self._clock = weakref.ref(clock)
        self._weights = weights
        self._calls_before = clock.calls
        self._optimizer: weakref.ref[Optimizer] | None = None
        self._looks = 0

    def is_over(self, optimizer: Optimizer) -> bool:
        """Look at a step of an optimiser and return whether there is nothing more to look for."""
        clock = self._clock()
        if clock is None or not clock.is_counting:
            return True
        if self._optimizer is None and self._moves(optimizer):
            self._optimizer = weakref.ref(optimizer)
            if _was_resumed(optimizer, clock):
                return True
        if self._optimizer is None or self._optimizer() is not optimizer:
            return False
        self._looks += 1
        if self._looks == _LOOKS:
            self._compare(clock)
        return self._looks == _LOOKS

    def _moves(self, optimizer: Optimizer) -> bool:
        weights = [self._weights.get(id(x)) for group in optimizer.param_groups for x in group["params"]]
        return any(weight is not None and weight() is not None for weight in weights)

    def _compare(self, clock: Counting) -> None:
        calls = (clock.calls - self._calls_before) / self._looks
        if 2 / 3 < calls / clock.calls_per_step < 3 / 2:
            return
        warnings.warn(
            f"the loss is called {calls:.3g} times a step of the optimiser, calls_per_step says "
            f"{clock.calls_per_step}: its curriculum runs at another pace than the training. Call "
            "loss.follow(optimizer, total_steps=...), or set calls_per_step",
            stacklevel=2,
        )


class _Active:
    """The checks that go on, behind one hook that stays: torch lets none be removed while it runs."""

    def __init__(self) -> None:
        self.is_registered = False
        self.checks: list[_Check] = []

    def look(self, optimizer: Optimizer, args: object, kwargs: object) -> None:
        """Show a step to every check and let go of those that are over."""
        if self.checks:
            self.checks = [check for check in self.checks if not check.is_over(optimizer)]


_active = _Active()


def _was_resumed(optimizer: Optimizer, clock: Counting) -> bool:
    done = steps_in(optimizer) or 0
    if done <= clock.step + 1 + _SLACK:
        return False
    warnings.warn(
        f"the optimiser has done {done:,} steps, this loss has counted {clock.step:,}: the training was "
        "resumed without the loss's state, so its curriculum starts again. Call loss.follow(optimizer, "
        "total_steps=...), or save loss.state_dict() with every checkpoint and load it",
        stacklevel=2,
    )
    return True


def _weights_behind(features: tuple[Tensor, ...]) -> dict[int, weakref.ref[Tensor]]:
    """Return the leaves of the graph of ``features``, by id."""
    found: dict[int, weakref.ref[Tensor]] = {}
    seen: set[Any] = set()
    waiting: list[Any] = [x.grad_fn for x in features]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            found[id(leaf)] = weakref.ref(leaf)
        waiting += [following for following, _ in node.next_functions]
    return found
