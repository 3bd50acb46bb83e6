"""MMEB: Precision@1 of a dual encoder over queries with their own candidates, task by task.

Source: Jiang et al., VLM2Vec, ICLR 2025, arXiv 2410.05160 (the benchmark); docs/data.md says how a side with text
and image becomes one vector, and where that differs from the benchmark's own script.
"""

from sde_core.mmeb.evaluate import evaluate_mmeb, score_task
from sde_core.mmeb.report import CATEGORIES, TASKS, MMEBReport, MMEBScore, PublishedScore, published_mmeb
from sde_core.mmeb.sides import encode_sides
from sde_core.pairs.mmeb_tasks import MMEB, MMEBTask, Side

__all__ = [
    "CATEGORIES", "MMEB", "TASKS", "MMEBReport", "MMEBScore", "MMEBTask", "PublishedScore", "Side", "encode_sides",
    "evaluate_mmeb", "published_mmeb", "score_task",
]  # fmt: skip
