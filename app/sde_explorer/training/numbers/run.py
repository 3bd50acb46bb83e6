"""What a training has told so far, run by run, from its events as plain values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sde_core.vocabulary import MODALITIES

# What the authors report of their own training, for comparison only. [P] docs/method.md, section 5.
PUBLISHED_SHARES = {"strong": (0.1042, 0.1732), "weak": (0.0775, 0.1217), "noise": (0.8184, 0.7051)}
"""Share of all directions in each band before and after SDE, as the paper's authors report them."""

PROBE_RECALL = "probe_recall@1"
"""Name of R@1 within the rows that a watched training was looked at with, mean of both directions."""
MOST_POINTS = 600
"""Steps that a line shows; of a longer training every k-th."""


@dataclass(frozen=True, slots=True)
class StepPoint:
    """One step: its number, loss and the loss's parts."""

    step: int
    loss: float
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Look:
    """Validation after a step: retrieval by CLIP_benchmark's names."""

    step: int
    values: Mapping[str, float]
    is_best: bool


@dataclass(frozen=True, slots=True)
class ModalityLook:
    """One modality's spectrum after a step."""

    values: npt.NDArray[np.float64]
    direction_shares: Mapping[str, float]
    energy_shares: Mapping[str, float]
    effective_rank: float


@dataclass(frozen=True, slots=True)
class SpectrumLook:
    """Both modalities' spectra after a step, and their gap."""

    step: int
    image: ModalityLook
    text: ModalityLook
    gap: float

    def of(self, modality: str) -> ModalityLook:
        """Return one modality."""
        return self.image if modality == "image" else self.text


@dataclass(eq=False)
class RunLog:
    """One run. A thread appends while others read: each list grows by whole entries only.

    Attributes:
        name: of the run.
        started: of the last start, plain.
        steps: one entry a step.
        looks: one entry a validation.
        spectra: one entry a look at the spectra.
        warning: why the last checkpoint is missing, or "".
        done: how it ended well, plain, or None.
        failed: how it ended badly, plain, or None.
    """

    name: str
    started: Mapping[str, Any] = field(default_factory=dict)
    steps: list[StepPoint] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    spectra: list[SpectrumLook] = field(default_factory=list)
    warning: str = ""
    done: Mapping[str, Any] | None = None
    failed: Mapping[str, Any] | None = None

    @property
    def step(self) -> int:
        """Steps done."""
        return self.steps[-1].step if self.steps else int(self.started.get("first_step", 0))

    @property
    def total_steps(self) -> int:
        """Steps of the whole training."""
        return int(self.started.get("total_steps", 0))

    def shown_steps(self) -> list[StepPoint]:
        """Return at most `MOST_POINTS` steps, the last one among them."""
        steps = self.steps[:]
        stride = -(-len(steps) // MOST_POINTS) if steps else 1
        return steps[::-1][::stride][::-1]

    def add(self, event: Mapping[str, Any]) -> None:
        """Take an event as `sde_core.training.events.as_plain` gives it; unknown kinds are passed over."""
        kind, step = event["event"], int(event.get("step", 0))
        if kind == "Started":
            self._start(event)
        elif kind == "Step":
            self.steps.append(StepPoint(step, _number(event["loss"]), dict(event["parts"])))
        elif kind == "Metrics":
            self.looks.append(Look(step, dict(event["values"]), bool(event["is_best"])))
        elif kind == "SpectrumSnapshot":
            image, text = (_modality(event[name]) for name in MODALITIES)
            self.spectra.append(SpectrumLook(step, image, text, _number(event["gap"])))
        elif kind == "CheckpointFailed":
            self.warning = str(event["reason"])
        elif kind == "CheckpointSaved":
            self.warning = ""
        elif kind == "Done":
            self.done = event
        elif kind == "Failed":
            self.failed = event

    def _start(self, event: Mapping[str, Any]) -> None:
        """Begin, or go on: what a killed process told beyond its last checkpoint is told again."""
        first = int(event["first_step"])
        self.started, self.done, self.failed = event, None, None
        self.steps[:] = [s for s in self.steps if s.step <= first]
        # A resumed run looks again where it starts only if that look is due.
        self.looks[:] = [x for x in self.looks if x.step <= first]
        self.spectra[:] = [x for x in self.spectra if x.step <= first]


@dataclass(eq=False)
class TrainingLog:
    """All runs of one training, in the order in which they started."""

    runs: dict[str, RunLog] = field(default_factory=dict)

    def add(self, event: Mapping[str, Any]) -> None:
        """Take an event of one of the runs."""
        name = str(event.get("run", ""))
        self.runs.setdefault(name, RunLog(name)).add(event)

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> "TrainingLog":
        """Return the log of events that were told before."""
        log = cls()
        for event in events:
            log.add(event)
        return log

    @property
    def share(self) -> float:
        """How much of all steps is done, in [0, 1]."""
        runs = list(self.runs.values())
        total = sum(r.total_steps for r in runs)
        return sum(r.step for r in runs) / total if total else 0.0

    @property
    def is_done(self) -> bool:
        """Whether every run ended well."""
        return bool(self.runs) and all(r.done is not None for r in self.runs.values())


def _modality(plain: Mapping[str, Any]) -> ModalityLook:
    return ModalityLook(
        values=np.asarray(plain["singular_values"], dtype=np.float64),
        direction_shares=dict(plain["direction_shares"]),
        energy_shares=dict(plain["energy_shares"]),
        effective_rank=_number(plain["effective_rank"]),
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def recall_at_10(look: Look) -> float:
    """Return the share of searches that find their partner among the first ten, the mean of both directions."""
    return (look.values["text_retrieval_recall@10"] + look.values["image_retrieval_recall@10"]) / 2


def found_share(look: Look) -> float:
    """Return `recall_at_10`; of a look at a training elsewhere, which has no more, R@1 within its probe set."""
    return recall_at_10(look) if "text_retrieval_recall@10" in look.values else look.values[PROBE_RECALL]


def change(looks: list[Look], name: str) -> tuple[float, float] | None:
    """Return a metric at the first and at the last look, or None before the first."""
    return (looks[0].values[name], looks[-1].values[name]) if looks else None
