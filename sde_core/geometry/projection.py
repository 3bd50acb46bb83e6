"""Maps of a set in two dimensions: PCA, and a seeded UMAP with progress that can be stopped."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from sde_core.checks.matrices import MatrixLike, as_matrix
from sde_core.checks.sphere import unit_rows
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.directions import direction_coefficients
from sde_core.geometry.search import nearest_others
from sde_core.spectra.spectrum import Spectrum, compute_spectrum

Progress = Callable[[str, float], None]
"""Called with what is done right now and its share; an exception that it raises ends the work."""

FEWEST_ROWS = 8
"""Fewer rows have no neighbourhoods to draw."""

N_NEIGHBOURS = 15
MIN_DISTANCE = 0.1


def sample_rows(count: int, limit: int, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Return all rows, or a seeded sample of ``limit`` of them without repetition, in ascending order.

    >>> sample_rows(3, 5).tolist(), len(sample_rows(100, 5))
    ([0, 1, 2], 5)
    """
    if count <= limit:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, limit, replace=False))


def pca_map(x: MatrixLike, spectrum: Spectrum | None = None) -> Float[Tensor, "m 2"]:
    """Return every row's coordinates along the two directions of most variance; float32.

    A set without a second direction lies on a line: its second coordinate is 0.

    Args:
        x: (m, n) rows.
        spectrum: of a centred set of the same width, whose directions are used; None takes that of ``x``.

    Raises:
        DataError: not a finite matrix, or another width than the spectrum.
        ConfigError: the spectrum is not centred: its first direction would be the mean.
    """
    found = compute_spectrum(x, center="mean") if spectrum is None else spectrum
    if found.mean is None:
        raise ConfigError('spectrum must be centred for a map; got center=None: use center="mean"')
    rows = as_matrix(x, "x")
    flat = torch.zeros(len(rows), 2, dtype=torch.float32, device=rows.device)
    k = min(2, found.rank)
    if k:
        flat[:, :k] = direction_coefficients(rows, found.basis[:, :k], found.mean).float()
    return flat


def umap_map(
    x: MatrixLike, *, seed: int = 0, n_epochs: int | None = None, progress: Progress | None = None
) -> Float[Tensor, "m 2"]:
    """Return a UMAP of the rows by cosine distance; the same rows and seed give the same map on one machine.

    The 15 nearest others come from faiss, the start from `pca_map`, the rest is umap-learn with its own
    defaults. Distances on the map are not distances in the space: only neighbourhoods are kept.

    Args:
        x: (m, n) rows, no zero row; m at least 8.
        seed: of the layout.
        n_epochs: passes of the layout; None takes 500 up to 10,000 rows and 200 beyond.
        progress: called with "neighbours" and "layout", and the share of each.

    Returns:
        (m, 2) float32.

    Raises:
        DataError: not finite, a row of zeros, or fewer than 8 rows.
        ConfigError: umap-learn or faiss is not installed.

    Source: McInnes, Healy, Melville 2018.
    """
    report = progress or (lambda _stage, _share: None)
    rows = unit_rows(x, "x")
    if len(rows) < FEWEST_ROWS:
        raise DataError(f"x must have at least {FEWEST_ROWS} rows for UMAP; got {len(rows)}: use PCA")
    umap = _umap()
    neighbours = min(N_NEIGHBOURS, len(rows) - 1)
    random = np.random.RandomState(seed)
    # Of equal rows the first ones are everybody's neighbours: in the order of the file that would draw its blocks.
    order = random.permutation(len(rows))
    rows = rows[torch.as_tensor(order)]
    ids, cosine = nearest_others(rows, neighbours, progress=lambda share: report("neighbours", share))
    graph = umap.fuzzy_simplicial_set(
        rows.cpu().numpy(),
        neighbours + 1,
        random,
        "cosine",
        knn_indices=ids,
        knn_dists=(1 - cosine).clip(0),
    )[0]
    a, b = umap.find_ab_params(1.0, MIN_DISTANCE)
    found, _ = umap.simplicial_set_embedding(
        rows.cpu().numpy(), graph, 2, 1.0, a, b, 1.0, 5,
        n_epochs or (500 if len(rows) <= 10_000 else 200),
        _start(rows, random), random, "cosine", {}, False, {}, False,
        tqdm_kwds={
            "disable": False, "file": _Bar(report), "mininterval": 0, "miniters": 1, "bar_format": "{percentage}",
        },
    )  # fmt: skip
    places = np.empty_like(found, dtype=np.float32)
    places[order] = found
    return torch.from_numpy(places)


def _start(rows: Tensor, random: np.random.RandomState) -> npt.NDArray[np.float32]:
    """Return the PCA scaled to 10 with a little noise, as umap-learn does it for its own starts."""
    flat: npt.NDArray[np.float32] = pca_map(rows).cpu().numpy()
    size = float(np.abs(flat).max()) or 1.0
    noise = random.normal(scale=1e-4, size=flat.shape)
    return np.asarray(flat * (10.0 / size) + noise, dtype=np.float32)


class _Bar:
    """The file to which umap-learn's progress bar writes: each line is one number, the percentage."""

    def __init__(self, report: Progress) -> None:
        self._report: Progress | None = report

    def write(self, text: str) -> None:
        """Pass a percentage on; after an exception the bar's own clean-up stays silent."""
        try:
            share = float(text.strip()) / 100
        except ValueError:
            return
        report, self._report = self._report, None
        if report is not None:
            report("layout", share)
            self._report = report

    def flush(self) -> None:
        """There is nothing to flush."""


def _umap() -> Any:  # noqa: ANN401  (a module without types)
    try:
        from umap import umap_
    except ImportError:
        raise ConfigError('a UMAP needs umap-learn: pip install "sde-explorer"') from None
    return umap_
