"""Queries that come with their own candidates, the first of which is right: its rank, and Precision@1."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import DataError
from sde_core.retrieval.places import FirstPlaces


def candidate_places(
    query: MatrixLike, candidate: MatrixLike, candidates_of: Sequence[npt.ArrayLike]
) -> FirstPlaces:
    """Return what stands above and beside each query's right candidate among its own candidates, by cosine.

    Unchanged by the scale of a row and by the order of the wrong candidates. Scores are float64 products rounded to
    float32, so that equal vectors have equal scores.

    Args:
        query: (q, d) vectors, no zero row.
        candidate: (c, d) vectors of the distinct candidates of all queries, no zero row.
        candidates_of: for each query the rows of its candidates, the right one first, none twice.

    Raises:
        DataError: widths or counts differ, a query has no candidate or one twice, or a row points nowhere.
    """
    queries, everything = (
        unit_rows(x, name, torch.float64).cpu() for x, name in ((query, "query"), (candidate, "candidate"))
    )
    if queries.shape[1] != everything.shape[1]:
        raise DataError(
            f"query and candidate must have the same width; got {queries.shape[1]} and {everything.shape[1]}"
        )
    if len(candidates_of) != len(queries):
        raise DataError(
            f"candidates_of must have an entry for each of {len(queries)} queries; got {len(candidates_of)}"
        )
    above, tied = torch.empty(2, len(queries), dtype=torch.int64)
    for number, given in enumerate(candidates_of):
        rows = _rows(given, number, len(everything))
        scores = (everything[rows] @ queries[number]).float()
        above[number], tied[number] = (scores > scores[0]).sum(), (scores == scores[0]).sum() - 1
    return FirstPlaces(above=above, tied_wrong=tied, tied_right=torch.ones_like(above))


def candidate_ranks(
    query: MatrixLike, candidate: MatrixLike, candidates_of: Sequence[npt.ArrayLike]
) -> Float[Tensor, " q"]:
    """Return the expected rank of each query's right candidate among its own candidates, by cosine.

    Rank = 1 + candidates that score strictly higher + half of those that score exactly the same, so that an
    encoder which maps everything to one point ranks in the middle, never first.

    Args:
        query: as in `candidate_places`.
        candidate: as in `candidate_places`.
        candidates_of: as in `candidate_places`.

    Returns:
        (q,) float64 ranks, from 1; half steps come from ties.

    Raises:
        DataError: as in `candidate_places`.

    Source: docs/method.md, equations (6.13) and (6.14), within each query's candidates.

    >>> candidate_ranks(np.eye(2), np.eye(2), [[0, 1], [0, 1]]).tolist()
    [1.0, 2.0]
    """
    return candidate_places(query, candidate, candidates_of).expected()


def precision_at_1(ranks: Float[Tensor, " q"] | FirstPlaces) -> float:
    """Return the share of queries whose right candidate is first; one that shares the top with t - 1 counts 1 / t.

    Args:
        ranks: of `candidate_places`; or (q,) of `candidate_ranks`, which no longer know the size of a tie: only ranks
            of exactly 1 count then.

    Raises:
        DataError: there is none.

    Source: docs/method.md, equation (6.15) with k = 1.
    """
    firsts = ranks.share_within(1) if isinstance(ranks, FirstPlaces) else (ranks <= 1).double()
    if len(firsts) == 0:
        raise DataError("ranks must hold at least one query; got none")
    return float(firsts.mean())


def _rows(given: npt.ArrayLike, number: int, n_candidates: int) -> Tensor:
    rows = np.asarray(given)
    if rows.ndim != 1 or not len(rows) or rows.dtype.kind not in "iu":
        raise DataError(
            f"candidates_of must hold lists of row numbers; got {rows.dtype} of shape {rows.shape}"
        )
    if rows.min() < 0 or rows.max() >= n_candidates:
        raise DataError(
            f"candidates_of must name rows in [0, {n_candidates}); got {rows.min()} to {rows.max()} "
            f"at query {number}"
        )
    if len(np.unique(rows)) != len(rows):
        raise DataError(f"candidates_of must name a row once a query; got one twice at query {number}")
    return torch.from_numpy(rows.astype(np.int64))
