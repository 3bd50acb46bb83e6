"""Progress of an encoding."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from sde_core.checks.brief import brief


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeProgress:
    """Progress of an encoding.

    Attributes:
        stage: "images" or "captions".
        done: items finished in this stage, those of an earlier run included.
        total: items in this stage.
        rate: items a second in this stage and run.
    """

    stage: str
    done: int
    total: int
    rate: float

    __repr__ = brief

    @property
    def seconds_left(self) -> float:
        """Estimated seconds until the end of the stage."""
        return (self.total - self.done) / self.rate if self.rate > 0 else float("inf")


class Pace:
    """Counts the items of a stage and reports them.

    Args:
        stage: "images" or "captions".
        total: items in it.
        report: is given every step; what it raises ends the encoding.
    """

    def __init__(self, stage: str, total: int, report: Callable[[EncodeProgress], None] | None) -> None:
        self._stage, self._total, self._report = stage, total, report
        self._started, self._done, self._from_before = time.monotonic(), 0, 0

    def step(self, items: int, *, from_before: bool = False) -> None:
        """Count items that are done now, or that an earlier run did."""
        self._done += items
        self._from_before += items if from_before else 0
        if self._report is not None:
            elapsed = max(time.monotonic() - self._started, 1e-9)
            self._report(
                EncodeProgress(
                    stage=self._stage,
                    done=self._done,
                    total=max(self._total, self._done),
                    rate=(self._done - self._from_before) / elapsed,
                )
            )
