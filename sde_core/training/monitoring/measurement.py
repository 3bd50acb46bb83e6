"""A look measured on rows of both modalities: on the CPU, in float64, never a gradient (docs/watch.md)."""

import math
import time
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from sde_core.partition import partition_spectrum
from sde_core.retrieval.ranking import retrieval_metrics
from sde_core.spectra.metrics import alpha_req, effective_rank
from sde_core.spectra.spectrum import Spectrum, compute_spectrum
from sde_core.training.monitoring.look import Look, ModalityLook

TRACKED = 16
"""First directions that are kept with a look, to be found again in later ones."""
LAST_ROWS = 1024
"""Rows of the last batch, at most, in which copies are counted and images and texts searched for."""
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
    sides = [rows.detach().to("cpu", torch.float64) for rows in (image, text)]
    finite = [rows.isfinite().all(dim=1) for rows in sides]
    lengths = [rows.norm(dim=1) for rows in sides]
    usable = finite[0] & finite[1] & (lengths[0] > 0) & (lengths[1] > 0)
    x, y = (torch.nn.functional.normalize(rows if usable.all() else rows[usable], dim=1) for rows in sides)
    last = min(LAST_ROWS, len(image) if last_rows is None else last_rows)
    n_last = int(usable[len(usable) - last :].sum())
    scalars = {name: float(value) for name, value in (scalars or {}).items()}
    if len(x) < 2:
        return Look(
            step=step, time=time.time(), n_rows=len(x), image=None, text=None, logit_scale=logit_scale,
            scalars=scalars, remarks=remarks,
        )  # fmt: skip
    spectra = [compute_spectrum(rows, route="gram" if len(rows) > rows.shape[1] else None) for rows in (x, y)]
    cross = _cross_covariance(x, y)
    looks = [
        _side(
            rows,
            spectrum,
            rule,
            agreement=_agreement(crossed, spectrum, other),
            norm=float(norms[usable].mean()),
            copies=_copies(rows[len(rows) - n_last :], spectrum.basis[:, :TRACKED]),
            not_finite=int((~is_finite).sum()),
        )
        for rows, spectrum, other, crossed, norms, is_finite in zip(
            (x, y), spectra, spectra[::-1], (cross, cross.T), lengths, finite, strict=True
        )
    ]
    gap, gap_trace, gap_shape = _gap(x, y, *spectra)
    shared = np.asarray(torch.linalg.svdvals(cross.float()), np.float32)
    to_image, to_text = _recall(x[len(x) - n_last :], y[len(y) - n_last :])
    return Look(
        step=step, time=time.time(), n_rows=len(x), image=looks[0], text=looks[1], gap=gap, gap_trace=gap_trace,
        gap_shape=gap_shape, cross=shared, recall_image=to_image, recall_text=to_text,
        logit_scale=logit_scale, scalars=scalars, remarks=remarks, n_last=n_last,
    )  # fmt: skip


def _side(
    rows: Tensor,
    spectrum: Spectrum,
    rule: str,
    *,
    agreement: Tensor,
    norm: float,
    copies: float,
    not_finite: int,
) -> ModalityLook:
    n, values = len(rows), spectrum.singular_values
    total = rows.sum(dim=0)
    labels = partition_spectrum(spectrum, rule, features=rows).labels if spectrum.rank else torch.empty(0)
    return ModalityLook(
        values=(values / math.sqrt(n)).numpy().astype(np.float32),
        labels=labels.numpy().astype(np.int8),
        effective_rank=effective_rank(values),
        rankme=effective_rank(_uncentred(spectrum, total / n, n)),
        alpha=alpha_req(values),
        top_share=float(spectrum.energies[0] / spectrum.energies.sum()) if spectrum.rank else math.nan,
        cone=float((total.square().sum() - n) / (n * (n - 1))),
        norm=norm,
        copies=copies,
        not_finite=not_finite,
        mean=(total / n).numpy().astype(np.float32),
        directions=spectrum.basis[:, :TRACKED].numpy().astype(np.float32),
        agreement=agreement.numpy().astype(np.float32),
    )


def _uncentred(spectrum: Spectrum, mean: Tensor, n: int) -> Tensor:
    """Return the singular values of the rows that are not centred, from the spectrum of those that are.

    X^T X = V diag(s²) V^T + n mean mean^T: one matrix of rank + 1 in the directions and what of the mean lies outside.
    """
    inside = spectrum.basis.T @ mean
    outside = (mean - spectrum.basis @ inside).norm()
    along = torch.cat([inside, outside[None]])
    energies = torch.cat([spectrum.singular_values.square(), outside.new_zeros(1)])
    gram = energies.diag() + n * torch.outer(along, along)
    found: Tensor = torch.linalg.eigvalsh(gram)
    return found.clamp_min(0).sqrt()


def _cross_covariance(x: Tensor, y: Tensor) -> Tensor:
    """Return (d, e) X^T Y / n of the centred rows; their products in float32, which is half of the work."""
    left, right = ((rows - rows.mean(dim=0)).float() for rows in (x, y))
    return (left.T @ right).double() / len(x)


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


def _gap(x: Tensor, y: Tensor, image: Spectrum, text: Spectrum) -> tuple[float, float, float]:
    """Return the parts of the squared Fréchet distance of two Gaussians: means, spreads, and what is left.

    With covariances A and B it is |mean difference|² + tr A + tr B - 2 |A^(1/2) B^(1/2)|_*; the traces alone
    differ by (sqrt tr A - sqrt tr B)².
    """
    if x.shape[1] != y.shape[1]:
        return math.nan, math.nan, math.nan
    n = len(x)
    apart = float((x.mean(dim=0) - y.mean(dim=0)).square().sum())
    a, b = image.singular_values / math.sqrt(n), text.singular_values / math.sqrt(n)
    roots = [math.sqrt(float(values.square().sum())) for values in (a, b)]
    turned = a[:, None] * (image.basis.T @ text.basis) * b
    shared = float(torch.linalg.svdvals(turned.float()).sum()) if turned.numel() else 0.0
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
    """Return R@1 for texts that look for images and images that look for texts, among these pairs."""
    if len(x) < 2 or x.shape[1] != y.shape[1]:
        return math.nan, math.nan
    found = retrieval_metrics(x.float(), y.float(), np.arange(len(x)), ks=(1,))
    return found["image_retrieval_recall@1"], found["text_retrieval_recall@1"]
