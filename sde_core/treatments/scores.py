"""Baselines that correct scores for hubs, from reference queries; pass them as ``score`` to the ranking.

Each score is the cosine with a correction per gallery item. The reference rows ("bank") stand for the
queries to come; images are the bank of text retrieval and texts that of image retrieval. Give held-out
rows. With the test queries themselves as the bank the correction is transductive: say so beside the number.
"""

import torch
from torch import Tensor

from sde_core.checks.matrices import MatrixLike
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.retrieval.ranking import BLOCK_ENTRIES, BlockScore, Score
from sde_core.retrieval.scores import HubScore
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
    banks = _Banks(image, text, k=k)

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        queries_bank, gallery_bank = banks.of(direction, gallery)
        hubs = _mean_of_nearest(gallery, queries_bank, k)
        return lambda queries: (
            2 * (queries @ gallery.T) - _mean_of_nearest(queries, gallery_bank, k)[:, None] - hubs
        )

    # What depends on the query alone moves no rank.
    return HubScore(score, lambda g, d: _mean_of_nearest(g, banks.of(d, g)[0], k) / 2)


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
    banks = _Banks(image, text)
    _check_positive(beta, "beta")

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        queries_bank, _ = banks.of(direction, gallery)
        hubs = _log_sum_exp(gallery, queries_bank, beta)
        return lambda queries: beta * (queries @ gallery.T) - hubs

    return HubScore(score, lambda g, d: _log_sum_exp(g, banks.of(d, g)[0], beta) / beta)


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
    banks = _Banks(image, text)
    _check_positive(beta, "beta")

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        queries_bank, _ = banks.of(direction, gallery)
        hubs = _log_sum_exp(gallery, queries_bank, beta)
        is_hub = torch.zeros(len(gallery), dtype=torch.bool, device=gallery.device)
        for block in _blocks(queries_bank, len(gallery)):
            is_hub[(block @ gallery.T).argmax(dim=1)] = True

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
    banks = _Banks(image, text, k=k)
    if not 0.0 <= alpha < float("inf"):
        raise ConfigError(f"alpha must be a finite number of at least 0; got {alpha}")

    def score(gallery: Tensor, direction: Direction) -> BlockScore:
        queries_bank, _ = banks.of(direction, gallery)
        hubs = alpha * _mean_of_nearest(gallery, queries_bank, k)
        return lambda queries: queries @ gallery.T - hubs

    return HubScore(score, lambda g, d: alpha * _mean_of_nearest(g, banks.of(d, g)[0], k))


class _Banks:
    """Unit reference rows of both modalities."""

    def __init__(self, image: MatrixLike, text: MatrixLike, *, k: int | None = None) -> None:
        self.image, self.text = unit_rows(image, "image"), unit_rows(text, "text")
        if self.image.shape[1] != self.text.shape[1]:
            raise DataError(
                f"image and text must have the same width; got {self.image.shape[1]} and {self.text.shape[1]}"
            )
        smaller = min(len(self.image), len(self.text))
        if k is not None and not 1 <= k <= smaller:
            raise ConfigError(f"k must lie in [1, {smaller}], the rows of the smaller bank; got {k}")

    def of(self, direction: Direction, gallery: Tensor) -> tuple[Tensor, Tensor]:
        """Return the bank of queries and the bank of gallery items, on the device of the gallery."""
        if gallery.shape[1] != self.image.shape[1]:
            raise DataError(
                f"the reference must have the {gallery.shape[1]} columns of the gallery; "
                f"got {self.image.shape[1]}"
            )
        image, text = self.image.to(gallery.device), self.text.to(gallery.device)
        return (text, image) if direction == Direction.IMAGE_RETRIEVAL else (image, text)


def _blocks(rows: Tensor, width: int) -> tuple[Tensor, ...]:
    parts: tuple[Tensor, ...] = torch.split(rows, max(1, BLOCK_ENTRIES // width))
    return parts


def _mean_of_nearest(rows: Tensor, bank: Tensor, k: int) -> Tensor:
    """Return (m,) mean of the k largest cosines of each row to the bank."""
    return torch.cat(
        [(block @ bank.T).topk(k, dim=1).values.mean(dim=1) for block in _blocks(rows, len(bank))]
    )


def _log_sum_exp(rows: Tensor, bank: Tensor, beta: float) -> Tensor:
    """Return (m,) log of the sum over the bank of exp(beta cosine)."""
    return torch.cat([torch.logsumexp(beta * (block @ bank.T), dim=1) for block in _blocks(rows, len(bank))])


def _check_positive(value: float, name: str) -> None:
    if not 0.0 < value < float("inf"):
        raise ConfigError(f"{name} must be a finite number above 0; got {value}")
