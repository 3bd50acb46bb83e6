"""Baselines that correct scores for hubs, from reference queries; pass them as ``score`` to the ranking.

Each score is the cosine with a correction per gallery item. The reference rows ("bank") stand for the
queries to come; images are the bank of text retrieval and texts that of image retrieval. Give held-out
rows. With the test queries themselves as the bank the correction is transductive: say so beside the number.
"""

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.errors import ConfigError
from sde_core.retrieval.ranking import BlockScore, Score
from sde_core.retrieval.scores import HubScore
from sde_core.treatments.banks import Banks, mean_of_nearest
from sde_core.vocabulary import Direction


def fit_csls(image: MatrixLike, text: MatrixLike, *, k: int = 10) -> Score:
    """Return cross-domain similarity local scaling: 2 cos(q, g) - r(q) - r(g).

    r(g) is the mean cosine of g to its k nearest queries of the bank, r(q) that of q to its k nearest
    rows of the bank of the other modality.

    Args:
        image: (a, d) reference images, no zero row.
        text: (b, d) reference texts, no zero row; they need not be paired with ``image``.
        k: neighbours, at most the rows of either bank.

    Raises:
        DataError: not finite, a row of zeros, or other widths.
        ConfigError: ``k`` is out of range.

    Source: docs/method.md, equation (7.6); Conneau et al. 2018.
    """
    return csls(Banks(image, text), k=k)


def csls(banks: Banks, *, k: int = 10) -> Score:
    """Return the score of `fit_csls` from banks that are there."""
    banks.check_neighbours(k)

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        _, gallery_bank = banks.of(direction, gallery)
        hubs = banks.mean_of_nearest(gallery, direction, k)
        return lambda queries: (
            2 * (queries @ gallery.T) - mean_of_nearest(queries, gallery_bank, k)[:, None] - hubs
        )

    # What depends on the query alone moves no rank.
    return HubScore(score, lambda g, d: banks.mean_of_nearest(g, d, k) / 2)


def fit_inverted_softmax(image: MatrixLike, text: MatrixLike, *, beta: float = 20.0) -> Score:
    """Return the inverted softmax in logarithms: beta cos(q, g) - log sum over the bank of exp(beta cos).

    Args:
        image: (a, d) reference images, no zero row.
        text: (b, d) reference texts, no zero row.
        beta: inverse temperature, above 0.

    Raises:
        DataError: not finite, a row of zeros, or other widths.
        ConfigError: ``beta`` is not above 0.

    Source: docs/method.md, equation (7.7); Smith et al. 2017.
    """
    return inverted_softmax(Banks(image, text), beta=beta)


def inverted_softmax(banks: Banks, *, beta: float = 20.0) -> Score:
    """Return the score of `fit_inverted_softmax` from banks that are there."""
    check_positive(beta, "beta")

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        hubs = banks.log_sum_exp(gallery, direction, beta)
        return lambda queries: beta * (queries @ gallery.T) - hubs

    return HubScore(score, lambda g, d: banks.log_sum_exp(g, d, beta) / beta)


def fit_dynamic_inverted_softmax(image: MatrixLike, text: MatrixLike, *, beta: float = 20.0) -> Score:
    """Return QB-Norm's score: inverted softmax for queries whose best item is a hub, the cosine for others.

    An item is a hub if it is the best one of some query of the bank. Scores of two queries are not on one
    scale; rankings need only the scores of one.

    Args:
        image: (a, d) reference images, no zero row.
        text: (b, d) reference texts, no zero row.
        beta: inverse temperature, above 0.

    Raises:
        DataError: not finite, a row of zeros, or other widths.
        ConfigError: ``beta`` is not above 0.

    Source: docs/method.md, equation (7.8); Bogolin et al. 2022.
    """
    return dynamic_inverted_softmax(Banks(image, text), beta=beta)


def dynamic_inverted_softmax(banks: Banks, *, beta: float = 20.0) -> Score:
    """Return the score of `fit_dynamic_inverted_softmax` from banks that are there."""
    check_positive(beta, "beta")

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        hubs = banks.log_sum_exp(gallery, direction, beta)
        is_hub = banks.is_hub(gallery, direction)

        def block_score(queries: Tensor) -> Tensor:
            cosine = queries @ gallery.T
            corrected = is_hub[cosine.argmax(dim=1)]
            return torch.where(corrected[:, None], beta * cosine - hubs, cosine)

        return block_score

    return score


def fit_nnn(image: MatrixLike, text: MatrixLike, *, alpha: float = 0.75, k: int = 16) -> Score:
    """Return nearest-neighbour normalisation: cos(q, g) - alpha r(g).

    r(g) is the mean cosine of g to its k nearest queries of the bank.

    Args:
        image: (a, d) reference images, no zero row.
        text: (b, d) reference texts, no zero row.
        alpha: weight of the correction, at least 0; with k it is best chosen on held-out pairs.
        k: neighbours, at most the rows of either bank.

    Raises:
        DataError: not finite, a row of zeros, or other widths.
        ConfigError: ``alpha`` or ``k`` is out of range.

    Source: docs/method.md, equation (7.9); Chowdhury et al. 2024.
    """
    return nnn(Banks(image, text), alpha=alpha, k=k)


def nnn(banks: Banks, *, alpha: float = 0.75, k: int = 16) -> Score:
    """Return the score of `fit_nnn` from banks that are there."""
    banks.check_neighbours(k)
    if not 0.0 <= alpha < float("inf"):
        raise ConfigError(f"alpha must be a finite number of at least 0; got {alpha}")

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        hubs = alpha * banks.mean_of_nearest(gallery, direction, k)
        return lambda queries: queries @ gallery.T - hubs

    return HubScore(score, lambda g, d: alpha * banks.mean_of_nearest(g, d, k))


def check_positive(value: float, name: str) -> None:
    """Refuse what is not a finite number above 0.

    Raises:
        ConfigError: it is not.
    """
    if not 0.0 < value < float("inf"):
        raise ConfigError(f"{name} must be a finite number above 0; got {value}")
