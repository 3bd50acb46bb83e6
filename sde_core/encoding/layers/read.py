"""One pass of pairs through both towers, every layer looked at."""

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice

import torch
from torch import Tensor

from sde_core.encoders import Encoder, default_batch_size
from sde_core.encoding.layers.blocks import Tower, layer_vectors, tower_of
from sde_core.encoding.layers.result import Layer, Layers
from sde_core.encoding.layers.sums import LayerSums
from sde_core.encoding.pictures import Batch, read_ahead
from sde_core.encoding.progress import EncodeProgress, Pace
from sde_core.errors import ConfigError, DataError
from sde_core.geometry.neighbourhoods import two_nn_dimension
from sde_core.geometry.similarity.calibration import N_PERMUTATIONS
from sde_core.geometry.similarity.layers import LayerAgreement, layer_agreement
from sde_core.pairs.base import Pair, Pairs, Skipped
from sde_core.spectra.cross_spectrum import CrossSpectrumAccumulator
from sde_core.spectra.metrics import effective_rank
from sde_core.spectra.spectrum import SpectrumAccumulator
from sde_core.vocabulary import Modality

FEWEST = 8
"""Items below which nothing is said of a layer."""

Rows = dict[Modality, list[Tensor]]


def read_layers(
    encoder: Encoder,
    pairs: Pairs,
    *,
    ids: Collection[str] | None = None,
    limit: int | None = None,
    n_sampled: int = 1_000,
    n_permutations: int = N_PERMUTATIONS,
    batch_size: int | None = None,
    seed: int = 0,
    progress: Callable[[EncodeProgress], None] | None = None,
) -> Layers:
    """Return what every layer of both towers holds: rank, intrinsic dimension, what it shares, how much it agrees.

    Each image goes through the model once with its first caption. A layer's vector is the mean over its places,
    patches or cells of an image and the tokens of a caption that are no padding. Layers are the blocks of one class
    that stand in a list, those that are in no other block: any tower of open_clip, timm or transformers. Memory
    O(layers (width² + ``n_sampled`` width + ``n_sampled``²)), however many pairs. An exception that ``progress``
    raises passes through.

    Args:
        encoder: from `load_encoder`.
        pairs: from `open_pairs`; of images or of captions alone there is no agreement.
        ids: read these pairs only, such as those of a part of a set; None reads all.
        limit: items at most, a seeded sample; None reads all.
        n_sampled: rows that TwoNN and agreement are taken from, drawn among all that were read.
        n_permutations: shuffles that agreement is told from.
        batch_size: pairs at a time; None is by memory.
        seed: of samples and shuffles.
        progress: called after every batch.

    Raises:
        EncoderError: a tower has no layers that can be read.
        DataError: fewer than 8 usable items, or none of ``ids`` is there.
        ConfigError: ``limit``, ``n_sampled`` or ``batch_size`` is too small.

    Source: docs/method.md, equations (1.5), (1.7), (6.1), (6.21), (6.41), (6.47).
    """
    for name, value, least in (
        ("limit", limit, FEWEST),
        ("n_sampled", n_sampled, FEWEST),
        ("batch_size", batch_size, 1),
    ):
        if value is not None and value < least:
            raise ConfigError(f"{name} must be at least {least}; got {value}")
    towers = {side: tower_of(encoder, side) for side in pairs.modalities}
    sums = LayerSums(list(towers.values()), n_sampled=n_sampled, seed=seed)
    skipped: list[Skipped] = []
    chosen = None if ids is None else _known(pairs, ids)
    n_items = min(pairs.n_items if chosen is None else len(chosen), pairs.n_items if limit is None else limit)
    pace = Pace("layers", n_items, progress)
    for n_pairs, rows in _batches(encoder, towers, _some(pairs, chosen, limit, seed), batch_size, skipped):
        if rows:
            sums.update(rows)
        pace.step(n_pairs)
    if sums.count < FEWEST:
        first = f"; the first: {skipped[0].item}: {skipped[0].reason}" if skipped else ""
        raise DataError(
            f"{pairs.uri} must hold at least {FEWEST} usable items to say something of layers; got {sums.count}, "
            f"{len(skipped) + len(pairs.skipped)} were skipped{first}"
        )
    agreement = _agreement(sums, n_permutations, seed)
    layers = {side: _layers(tower, sums, seed) for side, tower in towers.items()}
    return Layers(
        encoder=encoder.name,
        image=layers.get(Modality.IMAGE, ()),
        text=layers.get(Modality.TEXT, ()),
        agreement=agreement,
        n_items=sums.count,
        n_sampled=min(n_sampled, sums.count),
        skipped=(*pairs.skipped, *skipped),
    )


def _known(pairs: Pairs, ids: Collection[str]) -> list[str]:
    """Return the ids that the pairs have, in their order."""
    wanted = set(ids)
    found = [pair.id for pair in pairs if pair.id in wanted]
    if not found:
        raise DataError(
            f"{pairs.uri} must hold the pairs that are asked for; it has none of their {len(wanted)} ids"
        )
    return found


def _some(pairs: Pairs, ids: list[str] | None, limit: int | None, seed: int) -> Iterator[Pair]:
    """Return the pairs, or those of some ids, or a seeded sample of them, in their order."""
    count = pairs.n_items if ids is None else len(ids)
    whole = limit is None or limit >= count
    if whole and ids is None:
        return iter(pairs)
    order = (
        torch.arange(count) if whole else torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    )
    chosen = set(order[:limit].tolist())
    if ids is None:
        return (pair for number, pair in enumerate(pairs) if number in chosen)
    named = {ids[number] for number in chosen}
    return (pair for pair in pairs if pair.id in named)


def _batches(
    encoder: Encoder,
    towers: Mapping[Modality, Tower],
    pairs: Iterator[Pair],
    batch_size: int | None,
    skipped: list[Skipped],
) -> Iterator[tuple[int, Rows]]:
    """Yield the number of pairs in a batch, and of those that can be used the rows of every layer."""
    size = batch_size or default_batch_size(encoder)
    if Modality.IMAGE not in towers:
        captioned = (pair for pair in pairs if pair.captions)
        while some := list(islice(captioned, size)):
            yield len(some), _usable(encoder, towers, Batch(some, None, {}), skipped)
        return
    on_gpu = encoder.device.type == "cuda"
    with read_ahead(pairs, encoder.preprocess, size, 0, pinned=on_gpu) as batches:
        for batch in batches:
            yield len(batch.pairs), _usable(encoder, towers, batch, skipped)


def _usable(encoder: Encoder, towers: Mapping[Modality, Tower], batch: Batch, skipped: list[Skipped]) -> Rows:
    """Return the rows of every layer of the items that have all of them, finite."""
    skipped += [Skipped(batch.pairs[i].id, reason) for i, reason in batch.broken.items()]
    items = [pair for i, pair in enumerate(batch.pairs) if i not in batch.broken]
    rows: Rows = {}
    has_caption = torch.ones(len(items), dtype=torch.bool)
    if Modality.TEXT in towers:
        has_caption = torch.tensor([bool(pair.captions) for pair in items], dtype=torch.bool)
        skipped += [Skipped(pair.id, "it has no caption") for pair in items if not pair.captions]
    if not bool(has_caption.any()):
        return {}
    if Modality.IMAGE in towers:
        pictures = batch.pictures
        if isinstance(pictures, list):
            raise DataError(
                "pictures must have one size after the encoder's preprocessing to read its layers"
            )
        assert pictures is not None
        found = layer_vectors(encoder, towers[Modality.IMAGE], pictures[has_caption])
        rows[Modality.IMAGE] = [layer.cpu() for layer in found]
    if Modality.TEXT in towers:
        tokens = encoder.tokenizer([pair.captions[0] for pair in items if pair.captions])
        rows[Modality.TEXT] = [x.cpu() for x in layer_vectors(encoder, towers[Modality.TEXT], tokens)]
    every = [layer for layers in rows.values() for layer in layers]
    finite = torch.stack([layer.isfinite().all(1) for layer in every]).all(0)
    named = [pair for pair, has in zip(items, has_caption.tolist(), strict=True) if has]
    skipped += [
        Skipped(pair.id, "a layer of it is not finite")
        for pair, is_finite in zip(named, finite.tolist(), strict=True)
        if not is_finite
    ]
    if not bool(finite.any()):
        return {}
    return {side: [layer[finite] for layer in layers] for side, layers in rows.items()}


def _agreement(sums: LayerSums, n_permutations: int, seed: int) -> LayerAgreement | None:
    if len(sums.spectra) < 2:
        return None
    image, text = sums.sampled(Modality.IMAGE), sums.sampled(Modality.TEXT)
    return layer_agreement(image, text, n_permutations=n_permutations, seed=seed)


def _layers(tower: Tower, sums: LayerSums, seed: int) -> tuple[Layer, ...]:
    side = tower.side
    spectra, cross, rows = sums.spectra[side], sums.cross.get(side), sums.sampled(side)
    other = next((sums.spectra[each][-1] for each in sums.spectra if each != side), None)
    theirs = None if other is None else other.spectrum().energies.sum().item()
    return tuple(
        _layer(
            tower,
            number,
            spectra[number],
            two_nn_dimension(rows[number], seed=seed),
            None if cross is None else cross[number],
            theirs,
        )
        for number in range(len(tower.names))
    )


def _layer(
    tower: Tower,
    number: int,
    own: SpectrumAccumulator,
    two_nn: float,
    cross: CrossSpectrumAccumulator | None,
    theirs: float | None,
) -> Layer:
    spectrum = own.spectrum()
    products = None if cross is None else cross.spectrum().singular_values
    shared = None
    if products is not None and theirs is not None:
        size = (float(spectrum.energies.sum()) * theirs) ** 0.5 / own.count
        shared = float(products.sum()) / size if size > 0 else float("nan")
    return Layer(
        side=tower.side,
        name=tower.names[number],
        width=tower.widths[number],
        singular_values=spectrum.singular_values,
        effective_rank=effective_rank(spectrum.singular_values),
        two_nn=two_nn,
        cross_values=products,
        cross_rank=None if products is None else effective_rank(products),
        shared=shared,
    )
