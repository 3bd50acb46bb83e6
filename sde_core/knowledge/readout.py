"""What can be read out of each band: a held-out linear probe and the agreement of neighbours, twins kept together."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from sde_core.knowledge.asked import asked_side
from sde_core.knowledge.columns import FEWEST, Column, Kind
from sde_core.knowledge.probe import fit_ridge_probe
from sde_core.knowledge.readout_result import BandReadout, ColumnReadout
from sde_core.knowledge.sampled_rows import asked_values, coordinates, sampled_rows
from sde_core.knowledge.twin_labels import twin_labels
from sde_core.partition import Partition, partition_spectrum
from sde_core.spectra.spectrum import Spectrum
from sde_core.vocabulary import BANDS, Modality

if TYPE_CHECKING:
    from sde_core.sets.embeddings import EmbeddingSet

TEST_SHARE = 0.3
N_NEIGHBOURS = 10
N_ROTATIONS = 5

_MOST_QUERIES = 2_000
Ints = npt.NDArray[np.int64]


def band_readout(
    embeddings: "EmbeddingSet",
    columns: Sequence[str] | Mapping[str, Kind | Column | npt.ArrayLike | None] | None = None,
    *,
    side: Modality | Literal["image", "text"] = Modality.IMAGE,
    spectrum: Spectrum | None = None,
    partition: Partition | None = None,
    twins: str | npt.ArrayLike = "captions",
    n_rotations: int = N_ROTATIONS,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> BandReadout:
    """Return what can be read out of strong, weak and noise directions, beside random rotations of the same widths.

    The probe is a ridge regression onto the values, fitted on 70 of 100 groups of near twins, asked on the others:
    accuracy of categories, R^2 of numbers. Neighbours are the ten nearest rows in the band that are no twins: how many
    have the same value; of numbers, R^2 of their mean. A share of variance (`band_knowledge`) is not what can be read:
    a band may hold little of a column, and all that tells its values apart.

    Args:
        embeddings: the set; texts inherit the values of their images, each image weighing equally.
        columns: as of `band_knowledge`.
        side: whose directions.
        spectrum: of that side's vectors; None computes it, centred.
        partition: of the spectrum; None is rule "mp-iqr".
        twins: how near twins are told, as of `twin_labels`: "captions", "links", "vectors", a column, or labels.
        n_rotations: random subspaces of each band's width, in the space of all directions.
        seed: of split, sample and rotations.
        progress: called with subspaces read and subspaces in all.

    Raises:
        DataError: an unknown column, a length that fits neither side, or a spectrum of another width.
        ConfigError: an unknown side or kind.

    Cost: at most 10,000 rows, O((1 + n_rotations) rows^2 r).
    Source: [X] docs/method.md, equation (8.10).
    """
    modality, spectrum = asked_side(embeddings, side, spectrum)
    vectors = embeddings.vectors(modality)
    labels = (partition or partition_spectrum(spectrum)).labels.cpu()
    rows = sampled_rows(len(vectors), seed)
    groups = twin_labels(embeddings, modality, twins, rows)
    asked = asked_values(embeddings, columns, modality, rows)
    along = coordinates(vectors, rows, spectrum)
    is_test = _held_out(groups, seed)
    spaces = _subspaces(along, labels, n_rotations, seed)
    queries = np.sort(np.random.default_rng(seed).permutation(len(rows))[:_MOST_QUERIES])
    probes = {name: np.full((len(spaces), len(BANDS)), np.nan) for name in asked}
    near = {name: np.full((len(spaces), len(BANDS)), np.nan) for name in asked}
    for i, space in enumerate(spaces):
        for band, x in enumerate(space):
            if not x.shape[1]:
                continue
            found = _neighbours(x, groups, queries)
            for name, (column, values) in asked.items():
                if not column.reason:
                    probes[name][i, band] = _probed(x, values, is_test, column.has_groups)
                    near[name][i, band] = _agreement(found, queries, values, column.has_groups)
        if progress is not None:
            progress(i + 1, len(spaces))
    return BandReadout(
        side=modality,
        columns=tuple(
            _told(column, values, is_test, queries, groups, probes[name], near[name])
            for name, (column, values) in asked.items()
        ),
        widths=tuple(int((labels == band).sum()) for band in range(len(BANDS))),
        n_rows=len(rows),
        n_groups=int(groups.max()) + 1 if len(groups) else 0,
        twins=twins if isinstance(twins, str) else "labels",
        rule=partition.rule if partition is not None else "mp-iqr",
    )


def _held_out(groups: Ints, seed: int) -> Tensor:
    """Return which rows are of the test: whole groups, until they hold `TEST_SHARE` of the rows."""
    size = np.bincount(groups)
    order = np.random.default_rng(seed).permutation(len(size))
    before = np.concatenate([[0], size[order].cumsum()[:-1]])
    chosen = np.zeros(len(size), dtype=bool)
    chosen[order[before < TEST_SHARE * len(groups)]] = True
    return torch.from_numpy(chosen[groups])


def _subspaces(along: Tensor, labels: Tensor, n_rotations: int, seed: int) -> list[list[Tensor]]:
    """Return the rows in each band, and in random subspaces of the same widths."""
    generator = torch.Generator().manual_seed(seed)
    spaces = [[along[:, labels == band] for band in range(len(BANDS))]]
    r = along.shape[1]
    for _ in range(n_rotations):
        turn = torch.linalg.qr(torch.randn(r, r, generator=generator, dtype=torch.float64))[0]
        spaces.append([along @ turn[:, labels == band] for band in range(len(BANDS))])
    return spaces


def _probed(x: Tensor, values: Tensor, is_test: Tensor, has_groups: bool) -> float:
    known = ~values.isnan().any(dim=1)
    train, test = known & ~is_test, known & is_test
    if int(train.sum()) < FEWEST or int(test.sum()) < FEWEST:
        return float("nan")
    said = fit_ridge_probe(x[train], values[train])(x[test])
    right = values[test]
    if has_groups:
        return float(right.gather(1, said.argmax(dim=1, keepdim=True)).mean())
    return _r2(said, right)


def _r2(said: Tensor, right: Tensor) -> float:
    spread = float((right - right.mean(dim=0)).square().sum())
    return 1 - float((right - said).square().sum()) / spread if spread > 0 else float("nan")


def _neighbours(x: Tensor, groups: Ints, queries: Ints) -> tuple[Tensor, Tensor]:
    """Return (q, k) nearest rows that are no twins of the query, and whether each is one at all."""
    label = torch.from_numpy(groups)
    k = min(N_NEIGHBOURS, len(x))
    rows, sure = [], []
    for some in torch.split(torch.from_numpy(queries), 512):
        apart = torch.cdist(x[some].float(), x.float())
        apart[label[some][:, None] == label[None]] = torch.inf
        found = apart.topk(k, dim=1, largest=False)
        rows.append(found.indices)
        sure.append(found.values.isfinite())
    return torch.cat(rows), torch.cat(sure)


def _agreement(found: tuple[Tensor, Tensor], queries: Ints, values: Tensor, has_groups: bool) -> float:
    near, sure = found
    of_query, of_near = values[torch.from_numpy(queries)], values[near]
    kept = sure & ~of_near.isnan().any(dim=2)
    count = kept.sum(dim=1)
    mean = torch.where(kept[..., None], of_near, 0.0).sum(dim=1) / count.clamp_min(1)[:, None]
    known = ~of_query.isnan().any(dim=1) & (count > 0)
    if not bool(known.any()):
        return float("nan")
    if has_groups:
        return float((of_query[known] * mean[known]).sum(dim=1).mean())
    return _r2(mean[known], of_query[known])


def _chance(values: Tensor, queries: Ints, groups: Ints) -> float:
    """Return how often a random row that is no twin has the same value."""
    known = ~values.isnan().any(dim=1)
    held = torch.where(known[:, None], values, 0.0)
    label = torch.from_numpy(groups)
    n_groups = int(label.max()) + 1
    of_group = torch.zeros(n_groups, values.shape[1], dtype=held.dtype).index_add_(0, label, held)
    size = torch.zeros(n_groups, dtype=held.dtype).index_add_(0, label, known.double())
    asked = torch.from_numpy(queries)
    asked = asked[known[asked]]
    others = held.sum(dim=0) - of_group[label[asked]]
    left = known.sum() - size[label[asked]]
    agree = (held[asked] * others).sum(dim=1)[left > 0] / left[left > 0]
    return float(agree.mean()) if len(agree) else float("nan")


def _told(
    column: Column,
    values: Tensor,
    is_test: Tensor,
    queries: Ints,
    groups: Ints,
    probes: npt.NDArray[np.float64],
    near: npt.NDArray[np.float64],
) -> ColumnReadout:
    largest = chance = 0.0
    n_train = n_test = 0
    if not column.reason:
        known = ~values.isnan().any(dim=1)
        n_train, n_test = int((known & ~is_test).sum()), int((known & is_test).sum())
        if column.has_groups:
            usual = values[known & ~is_test].sum(dim=0).argmax()
            largest = float(values[known & is_test, usual].mean()) if n_test else float("nan")
            chance = _chance(values, queries, groups)
    return ColumnReadout(
        name=column.name,
        kind=column.kind,
        n_values=len(column.values),
        n_train=n_train,
        n_test=n_test,
        largest=largest,
        chance=chance,
        probe=torch.from_numpy(probes[0]),
        probe_rotated=torch.from_numpy(probes[1:]),
        neighbours=torch.from_numpy(near[0]),
        neighbours_rotated=torch.from_numpy(near[1:]),
        reason=column.reason,
    )
