"""A look measured on rows of both modalities: on the CPU, in float64, never a gradient (docs/watch.md)."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sde_core.partition import partition_spectrum
from sde_core.retrieval.both_ways import count_both_ways
from sde_core.spectra.accumulator import spectrum_of_gram
from sde_core.spectra.metrics import alpha_req, effective_rank
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.training.monitoring.look import Look, ModalityLook
from sde_core.training.monitoring.uncentred import uncentred_values

TRACKED = 16
"""First directions that are kept with a look, to be found again in later ones."""
LAST_ROWS = 1024
"""Rows of the last batch, at most, in which copies are counted and images and texts searched for."""
_COLUMNS = 128  # of a Gram matrix at a time
_CONSTANT = 1e-7  # standard deviation of unit rows along a direction: below it, the rounding of float32
_EQUAL = 1e-6  # two float32 rows of the same features differ by less in their cosine
_ROUNDING = 4e-6  # of a squared distance of rows of length 1 at most, from products in float32


def measured_look(
    step: int,
    image: Tensor,
    text: Tensor,
    *,
    last_rows: int | None = None,
    rule: str = "mp-iqr",
    logit_scale: float = math.nan,
    scalars: Mapping[str, float] | None = None,
    remarks: tuple[str, ...] = (),
) -> Look:
    """Return what a look at paired rows sees.

    Rows with NaN or infinity, and rows of zeros, are left out with their partner and counted.

    Args:
        step: of the trainer.
        image: (m, d) image features, any real dtype and device; row i belongs to row i of ``text``.
        text: (m, e) text features; with another width gap and agreement are NaN.
        last_rows: how many rows at the end belong to the last batch; None is all.
        rule: the partition rule.
        logit_scale: as the trainer has it.
        scalars: further numbers.
        remarks: what the caller found odd.
    """
    sides = [rows.detach().to("cpu", torch.float64, copy=True) for rows in (image, text)]
    lengths = [torch.linalg.vector_norm(rows, dim=1) for rows in sides]
    finite = [length.isfinite() for length in lengths]
    usable = finite[0] & finite[1] & (lengths[0] > 0) & (lengths[1] > 0)
    last = min(LAST_ROWS, len(image) if last_rows is None else last_rows)
    n_last = int(usable[len(usable) - last :].sum())
    scalars = {name: float(value) for name, value in (scalars or {}).items()}
    n_rows = int(usable.sum())
    if n_rows < 2:
        return Look(
            step=step, time=time.time(), n_rows=n_rows, image=None, text=None, logit_scale=logit_scale,
            scalars=scalars, remarks=remarks,
        )  # fmt: skip
    x, y = (_Side.of(rows, length, usable) for rows, length in zip(sides, lengths, strict=True))
    cross = _cross_covariance(x.centred, y.centred)
    looks = [
        _looked_at(
            side,
            rule,
            agreement=_agreement(crossed, side.spectrum, other.spectrum),
            norm=float(norms[usable].mean()),
            copies=_copies(side.rows[n_rows - n_last :], side.spectrum.basis[:, :TRACKED]),
            not_finite=int((~is_finite).sum()),
        )
        for side, other, crossed, norms, is_finite in zip(
            (x, y), (y, x), (cross, cross.T), lengths, finite, strict=True
        )
    ]
    gap, gap_trace, gap_shape = _gap(x, y)
    shared = np.asarray(torch.linalg.svdvals(cross.float()), np.float32)
    to_image, to_text = _recall(x.rows[n_rows - n_last :], y.rows[n_rows - n_last :])
    return Look(
        step=step, time=time.time(), n_rows=n_rows, image=looks[0], text=looks[1], gap=gap, gap_trace=gap_trace,
        gap_shape=gap_shape, cross=shared, recall_image=to_image, recall_text=to_text,
        logit_scale=logit_scale, scalars=scalars, remarks=remarks, n_last=n_last,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Usable rows of one modality at unit length, (n, d), their mean, the rows less it, and the spectrum of these."""

    rows: Tensor
    mean: Tensor
    centred: Tensor
    spectrum: Spectrum

    @classmethod
    def of(cls, features: Tensor, lengths: Tensor, usable: Tensor) -> "_Side":
        """Return the side of (m, d) features, which are scaled in place."""
        rows = features.div_(lengths[:, None])
        rows = rows if usable.all() else rows[usable]
        mean = rows.mean(dim=0)
        centred = rows - mean
        if len(rows) > rows.shape[1]:
            gram = _lower_gram(centred)
            spectrum = spectrum_of_gram(gram, mean=mean, is_centred=True, n_samples=len(rows))
        else:
            spectrum = compute_spectrum(rows, route="svd")
        return cls(rows, mean, centred, spectrum)


def _lower_gram(rows: Tensor) -> Tensor:
    """Return (d, d) X^T X in its lower triangle, 0 above or not: half of the work.

    By torch, whose threads are those of the caller; scipy's product of a matrix with itself has threads of its own.
    """
    width = rows.shape[1]
    gram = rows.new_zeros(width, width)
    for start in range(0, width, _COLUMNS):
        here = slice(start, start + _COLUMNS)
        torch.mm(rows[:, here].T, rows[:, : here.stop], out=gram[here, : here.stop])
    return gram


def _looked_at(
    side: _Side, rule: str, *, agreement: Tensor, norm: float, copies: float, not_finite: int
) -> ModalityLook:
    spectrum, n = side.spectrum, len(side.rows)
    values = spectrum.singular_values
    labels = (
        partition_spectrum(spectrum, rule, features=side.rows).labels if spectrum.rank else torch.empty(0)
    )
    return ModalityLook(
        values=(values / math.sqrt(n)).numpy().astype(np.float32),
        labels=labels.numpy().astype(np.int8),
        effective_rank=effective_rank(values),
        rankme=effective_rank(uncentred_values(spectrum, side.mean)),
        alpha=alpha_req(values),
        top_share=float(spectrum.energies[0] / spectrum.energies.sum()) if spectrum.rank else math.nan,
        cone=float((n * side.mean.square().sum() - 1) / (n - 1)),
        norm=norm,
        copies=copies,
        not_finite=not_finite,
        mean=side.mean.numpy().astype(np.float32),
        directions=spectrum.basis[:, :TRACKED].numpy().astype(np.float32),
        agreement=agreement.numpy().astype(np.float32),
    )


def _cross_covariance(x: Tensor, y: Tensor) -> Tensor:
    """Return (d, e) X^T Y / n of centred rows; their products in float32, which is half of the work."""
    return (x.float().T @ y.float()).double() / len(x)


def _agreement(cross: Tensor, own: Spectrum, other: Spectrum) -> Tensor:
    """Return the correlation of both coefficients along the first directions of a side (6.12).

    From the cross-covariance and the two spectra, without the rows; NaN where widths differ or the other side does not
    vary.
    """
    basis = own.basis[:, :TRACKED]
    if cross.shape[0] != cross.shape[1] or not own.rank:
        return torch.full((basis.shape[1],), math.nan)
    n = own.n_samples
    both = (basis * (cross @ basis)).sum(dim=0)
    varying = own.singular_values[:TRACKED].square() / n
    theirs = (other.basis.T @ basis).square().T @ other.singular_values.square() / n
    return torch.where(theirs > _CONSTANT**2, both / (varying * theirs).sqrt(), torch.nan).clamp(-1, 1)


def _gap(x: _Side, y: _Side) -> tuple[float, float, float]:
    """Return the parts of the squared Fréchet distance of two Gaussians: means, spreads, and what is left.

    With covariances A and B it is |mean difference|² + tr A + tr B - 2 |A^(1/2) B^(1/2)|_*; the traces alone
    differ by (sqrt tr A - sqrt tr B)².
    """
    if len(x.mean) != len(y.mean):
        return math.nan, math.nan, math.nan
    apart = float((x.mean - y.mean).square().sum())
    a, b = (side.spectrum.singular_values / math.sqrt(len(side.rows)) for side in (x, y))
    roots = [math.sqrt(float(values.square().sum())) for values in (a, b)]
    turned = (a * x.spectrum.basis).float().T @ (b * y.spectrum.basis).float()
    shared = float(torch.linalg.svdvals(turned).sum()) if turned.numel() else 0.0
    return apart, (roots[0] - roots[1]) ** 2, max(0.0, 2 * (roots[0] * roots[1] - shared))


def _copies(rows: Tensor, directions: Tensor) -> float:
    """Return the share of unit rows that equal another one.

    Along a few directions two rows are no further apart than they are: what is near there is compared in full.
    """
    if len(rows) < 2:
        return math.nan
    along = (rows @ directions).float()
    squares = along.square().sum(dim=1)
    apart = (along @ along.T).mul_(-2).add_(squares).add_(squares[:, None])  # squared distances
    near = rows[(apart.fill_diagonal_(1) < 2 * _EQUAL + _ROUNDING).any(dim=1)].float()
    cosines = (near @ near.T).fill_diagonal_(-1)
    return float((cosines > 1 - _EQUAL).any(dim=1).sum()) / len(rows)


def _recall(x: Tensor, y: Tensor) -> tuple[float, float]:
    """Return R@1 for texts that look for images and images that look for texts, among these pairs; ties share it."""
    if len(x) < 2 or x.shape[1] != y.shape[1]:
        return math.nan, math.nan
    links = np.stack([np.arange(len(x))] * 2, axis=1)
    both = count_both_ways(y.float().numpy(), x.float().numpy(), links)
    to_image, to_text = (float(((each.above == 0) / (1 + each.tied)).mean()) for each in both)
    return to_image, to_text
