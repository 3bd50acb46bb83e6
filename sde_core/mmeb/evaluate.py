"""Precision@1 of a dual encoder on MMEB's tasks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sde_core.encoders import Encoder
from sde_core.encoding import EncodeProgress
from sde_core.errors import DataError
from sde_core.mmeb.report import MMEBReport, MMEBScore
from sde_core.mmeb.sides import encode_sides
from sde_core.pairs.base import Skipped
from sde_core.pairs.mmeb_tasks import MMEB, MMEBTask, Side
from sde_core.retrieval.candidate_ranking import candidate_places, precision_at_1
from sde_core.sets.embeddings import Floats


def evaluate_mmeb(
    encoder: Encoder,
    folder: str | Path,
    *,
    images: str | Path | None = None,
    tasks: Sequence[str] | None = None,
    progress: Callable[[EncodeProgress], None] | None = None,
    batch_size: int = 64,
    workers: int | None = None,
) -> MMEBReport:
    """Return Precision@1 on the tasks of a folder in MMEB's layout; each task is in memory alone.

    A text or image alone is its unit vector; a side with both is the sum of the two, scaled to unit length.
    A right candidate that shares the top with t - 1 others counts 1 / t.

    Args:
        encoder: from `load_encoder`.
        folder: with a folder or file for each task.
        images: where the paths of images start; see `MMEB`.
        tasks: names; None is all that are there.
        progress: called after every batch; the stage names the task.
        batch_size: images or texts at a time.
        workers: processes that decode images, as for `encode_pairs`.

    Raises:
        DataError: no task there, an unknown one, or none that could be scored.
    """
    opened = MMEB(folder, images)
    chosen = opened.names if tasks is None else tuple(tasks)
    unknown = [name for name in chosen if name not in opened.names]
    if unknown or not chosen:
        raise DataError(
            f"tasks must name some of {', '.join(opened.names)}; got {', '.join(unknown) or 'none'}"
        )
    scores: list[MMEBScore] = []
    failed: list[Skipped] = []
    for name in chosen:
        try:
            task = opened.task(name)
            vectors, broken = encode_sides(
                encoder,
                opened,
                (*task.queries, *task.candidates),
                progress=_naming(name, progress),
                batch_size=batch_size,
                workers=workers,
            )
            scores.append(score_task(task, vectors, broken))
        except DataError as error:
            failed.append(Skipped(name, str(error)))
    if not scores:
        raise DataError(failed[0].reason)
    return MMEBReport(model=encoder.name, scores=tuple(scores), failed=tuple(failed))


def _naming(task: str, progress: Callable[[EncodeProgress], None] | None) -> Callable[[EncodeProgress], None]:
    """Return ``progress`` with the task's name before each stage."""
    told = progress or (lambda _: None)
    return lambda step: told(replace(step, stage=f"{task}, {step.stage}"))


def score_task(task: MMEBTask, vectors: dict[Side, Floats], broken: dict[Side, str]) -> MMEBScore:
    """Return the score of a task; a query counts if it, its right candidate and a wrong one have vectors.

    Raises:
        DataError: no query counts.
    """
    candidates = dict.fromkeys(task.candidates)
    skipped = [
        *task.skipped,
        *(
            Skipped(f"{task.name}, candidate {s.text[:60] or s.image}", broken[s])
            for s in candidates
            if s in broken
        ),
    ]
    place = {side: row for row, side in enumerate(vectors)}
    queries, candidates_of = [], []
    for number, query in enumerate(task.queries):
        right, *wrong = (task.candidates[i] for i in task.candidates_of[number])
        left = [place[side] for side in wrong if side in place]
        if query in place and right in place and left:
            queries.append(place[query])
            candidates_of.append([place[right], *left])
        else:
            reason = broken.get(query) or broken.get(right) or "no wrong candidate is left"
            skipped.append(Skipped(f"{task.name}, row {task.rows[number]}", reason))
    if not queries:
        raise DataError(
            f"{task.name} must have at least one usable query; it has none; the first reason: "
            f"{skipped[0].reason if skipped else 'it is empty'}"
        )
    table = np.stack(list(vectors.values()))
    return MMEBScore(
        task=task.name,
        precision_at_1=precision_at_1(candidate_places(table[queries], table, candidates_of)),
        chance=float(np.mean([1 / len(rows) for rows in candidates_of])),
        n_queries=len(queries),
        n_lost=len(task.queries) + task.n_broken - len(queries),
        skipped=tuple(skipped),
    )
