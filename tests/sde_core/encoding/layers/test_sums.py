"""Sums of layers: streamed equals whole, memory that does not know how many rows came, a fair sample."""

import torch

from sde_core.encoding.layers.blocks import Tower
from sde_core.encoding.layers.sums import LayerSums
from sde_core.spectra.cross_spectrum import compute_cross_spectrum
from sde_core.spectra.spectrum import compute_spectrum
from sde_core.vocabulary import Modality

IMAGE = Tower(side=Modality.IMAGE, names=("a", "b", "output"), widths=(5, 8, 4), batch_axes=(0, 0, 0))
TEXT = Tower(side=Modality.TEXT, names=("c", "output"), widths=(6, 4), batch_axes=(0, 0))


def _rows(n, seed=0):
    numbers = torch.Generator().manual_seed(seed)
    return {t.side: [torch.randn(n, w, generator=numbers) for w in t.widths] for t in (IMAGE, TEXT)}


def _parts(rows, *sizes):
    split = {side: [layer.split(sizes) for layer in layers] for side, layers in rows.items()}
    return [
        {side: [layer[i] for layer in layers] for side, layers in split.items()} for i in range(len(sizes))
    ]


def test_streamed_is_whole_for_every_layer_and_its_products():
    rows, sums = _rows(40), LayerSums([IMAGE, TEXT], n_sampled=40)
    for part in _parts(rows, 17, 1, 22):
        sums.update(part)
    for side, other in ((Modality.IMAGE, Modality.TEXT), (Modality.TEXT, Modality.IMAGE)):
        for number, layer in enumerate(rows[side]):
            torch.testing.assert_close(
                sums.spectra[side][number].spectrum().singular_values, compute_spectrum(layer).singular_values
            )
            torch.testing.assert_close(
                sums.cross[side][number].spectrum().singular_values,
                compute_cross_spectrum(layer, rows[other][-1]).singular_values,
            )
        torch.testing.assert_close(sums.sampled(side), rows[side])  # all of them fit


def _numbers_held(thing):
    if isinstance(thing, torch.Tensor):
        return thing.numel()
    if isinstance(thing, dict):
        return sum(map(_numbers_held, thing.values()))
    if isinstance(thing, list | tuple):
        return sum(map(_numbers_held, thing))
    return _numbers_held(vars(thing)) if hasattr(thing, "__dict__") else 0


def test_memory_is_that_of_the_widths_however_many_rows_come():
    sums, held = LayerSums([IMAGE, TEXT], n_sampled=10), []
    for seed in range(12):
        sums.update(_rows(50, seed))
        held.append(_numbers_held(sums))
    assert sums.count == 600
    assert set(held) == {held[0]}
    widths = IMAGE.widths + TEXT.widths
    # A Gram matrix, products with the other output, sampled rows, and a few vectors a layer.
    assert held[0] <= sum(w * w + w * 4 + 10 * w + 5 * w + 20 for w in widths)


def test_the_sample_is_the_same_items_in_all_layers_and_every_item_has_the_same_chance():
    n, kept, trials = 30, 6, 300
    tower = Tower(side=Modality.IMAGE, names=("a", "output"), widths=(1, 1), batch_axes=(0, 0))
    numbers = torch.arange(1.0, n + 1)[:, None]
    drawn = torch.zeros(n + 1)
    for seed in range(trials):
        sums = LayerSums([tower], n_sampled=kept, seed=seed)
        for part in numbers.split(7):
            sums.update({Modality.IMAGE: [part, -part]})
        a, b = sums.sampled(Modality.IMAGE)
        torch.testing.assert_close(a, -b)
        assert len(a.unique()) == kept
        drawn[a.long().flatten()] += 1
    expected = trials * kept / n
    assert float((drawn[1:] - expected).abs().max()) < 4.5 * (expected * (1 - kept / n)) ** 0.5
