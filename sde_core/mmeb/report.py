"""What a score on MMEB consists of, and what others published."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from sde_core.checks.brief import brief
from sde_core.files import bundled
from sde_core.pairs.base import Skipped

CATEGORIES = {
    "classification": (
        "ImageNet-1K", "N24News", "HatefulMemes", "VOC2007", "SUN397", "Place365", "ImageNet-A", "ImageNet-R",
        "ObjectNet", "Country211",
    ),
    "question answering": (
        "OK-VQA", "A-OKVQA", "DocVQA", "InfographicsVQA", "ChartQA", "Visual7W", "ScienceQA", "VizWiz", "GQA",
        "TextVQA",
    ),
    "retrieval": (
        "VisDial", "CIRR", "VisualNews_t2i", "VisualNews_i2t", "MSCOCO_t2i", "MSCOCO_i2t", "NIGHTS", "WebQA",
        "FashionIQ", "Wiki-SS-NQ", "OVEN", "EDIS",
    ),
    "grounding": ("MSCOCO", "RefCOCO", "RefCOCO-Matching", "Visual7W-Pointing"),
}  # fmt: skip
"""The 36 data sets of the benchmark by kind of task."""

TASKS = tuple(name for names in CATEGORIES.values() for name in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class MMEBScore:
    """One task.

    Attributes:
        task: its name.
        precision_at_1: share of queries whose right candidate is first, in [0, 1]; ties count their share.
        chance: what a random choice would reach: the mean of 1 / number of candidates.
        n_queries: queries that count.
        n_lost: queries that do not, because they or their right candidate are broken.
        skipped: those, and wrong candidates left out of the choice, with their reasons.
    """

    task: str
    precision_at_1: float
    chance: float
    n_queries: int
    n_lost: int
    skipped: tuple[Skipped, ...]

    __repr__ = brief


@dataclass(frozen=True, slots=True, kw_only=True)
class MMEBReport:
    """Tasks scored with one encoder.

    Attributes:
        model: the encoder's name.
        scores: one a task.
        failed: tasks that could not be scored, with their reasons.
    """

    model: str
    scores: tuple[MMEBScore, ...]
    failed: tuple[Skipped, ...] = ()

    __repr__ = brief

    @property
    def mean(self) -> float:
        """Mean Precision@1 over the tasks, each counting the same."""
        return float(np.mean([score.precision_at_1 for score in self.scores]))

    @property
    def by_category(self) -> dict[str, float]:
        """Mean Precision@1 over the tasks of each kind that were scored."""
        kinds = {
            kind: [score.precision_at_1 for score in self.scores if score.task in names]
            for kind, names in CATEGORIES.items()
        }
        return {kind: float(np.mean(values)) for kind, values in kinds.items() if values}

    @property
    def missing(self) -> tuple[str, ...]:
        """The benchmark's data sets that were not scored; comparable to published means only if there are none."""
        scored = {score.task for score in self.scores}
        return tuple(task for task in TASKS if task not in scored)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "benchmark": "MMEB",
            "model": self.model,
            "mean_precision_at_1": self.mean,
            "by_category": self.by_category,
            "missing": list(self.missing),
            "failed": [[task.item, task.reason] for task in self.failed],
            "tasks": [
                {
                    "task": score.task,
                    "precision_at_1": score.precision_at_1,
                    "chance": score.chance,
                    "n_queries": score.n_queries,
                    "n_lost": score.n_lost,
                    "skipped": [[skipped.item, skipped.reason] for skipped in score.skipped],
                }
                for score in self.scores
            ],
        }


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """A number that others published; nobody measured it here.

    Attributes:
        model: as its authors call it.
        precision_at_1: mean over MMEB's 36 data sets, in %.
    """

    model: str
    precision_at_1: float

    __repr__ = brief


def published_mmeb() -> tuple[PublishedScore, ...]:
    """Return published means over MMEB's 36 data sets, best first, to set beside one's own.

    They are the authors' numbers, not measured and not reproduced here.

    Raises:
        DataError: the bundled data is not there.
    """
    path = bundled.data_folder() / "published" / "mmeb.json"
    return tuple(PublishedScore(**row) for row in json.loads(path.read_text("utf-8"))["rows"])
