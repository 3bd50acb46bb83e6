"""Terms of 2024 to 2026 that the fifth part sets beside ours: written from their formulas, not from their code."""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


def pairs_and_centroids(image: Tensor, text: Tensor) -> Tensor:
    """Return the mean squared distance of pairs and the uniformity of their centroids.

    mean |x - y|^2 + log mean_{i < j} exp(-2 |c_i - c_j|^2), c the unit midpoints of pairs.

    Args:
        image: (B, n) unit rows.
        text: (B, n) unit rows, row by row.

    Source: "Closing the Modality Gap Aligns Group-Wise Semantics", arXiv 2601.18525: the terms beside InfoNCE.
    """
    centroid = functional.normalize(image + text, dim=1)
    above = torch.triu_indices(len(centroid), len(centroid), offset=1)
    spread = _log_mean_exp(-2 * _apart(centroid, centroid)[above[0], above[1]])
    return (image - text).square().sum(dim=1).mean() + spread


def cauchy_schwarz(image: Tensor, text: Tensor, *, bandwidth: float) -> Tensor:
    """Return the Cauchy-Schwarz divergence of both modalities, by Gaussian kernels, at least 0.

    log mean k(x, x') + log mean k(y, y') - 2 log mean k(x, y), k(a, b) = exp(-|a - b|^2 / (2 bandwidth^2)).

    Args:
        image: (B, n) unit rows.
        text: (C, n) unit rows; pairs do not matter.
        bandwidth: of the kernels, above 0.

    Source: "Distributional Vision-Language Alignment by Cauchy-Schwarz Divergence", arXiv 2502.17028.
    """

    def log_mean(first: Tensor, second: Tensor) -> Tensor:
        return _log_mean_exp((-_apart(first, second) / (2 * bandwidth**2)).flatten())

    return log_mean(image, image) + log_mean(text, text) - 2 * log_mean(image, text)


def _apart(first: Tensor, second: Tensor) -> Tensor:
    """Return squared distances of unit rows."""
    return (2 - 2 * first @ second.T).clamp_min(0)


def _log_mean_exp(values: Tensor) -> Tensor:
    return torch.logsumexp(values, dim=0) - math.log(len(values))


class Matryoshka(nn.Module):
    """InfoNCE of all coordinates and, beside it, of the first half, quarter and eighth of them.

    Args:
        base: the contrastive loss, in open_clip's signature.
        weight: of the mean over the shorter prefixes.

    Source: Matryoshka Representation Learning, arXiv 2205.13147.
    """

    def __init__(self, base: nn.Module, weight: float) -> None:
        super().__init__()
        self.base, self.weight = base, weight

    def forward(self, image: Tensor, text: Tensor, scale: Tensor, **others: Any) -> Tensor:  # noqa: ANN401
        """Return the loss of a batch of unit rows (B, n)."""
        widths = [image.shape[1] // part for part in (2, 4, 8)]
        short = [
            self.base(*(functional.normalize(x[:, :n], dim=1) for x in (image, text)), scale, **others)
            for n in widths
        ]
        whole: Tensor = self.base(image, text, scale, **others)
        return whole + self.weight * torch.stack(short).mean()
