"""Axes of compression: laws, files, and the same results in faiss."""

import faiss
import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.errors import ConfigError, DataError
from sde_core.treatments.compression.axes import AXES, CompressionMap, fit_axes


def _pairs(n=300, d=12, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, d)) * np.linspace(2, 0.2, d)
    return shared + 0.3 * rng.normal(size=(n, d)) + 1, shared + 0.3 * rng.normal(size=(n, d)) - 1


@pytest.mark.parametrize("axes", AXES)
def test_columns_are_orthonormal_and_a_full_rotation_keeps_centred_cosines(axes):
    image, text = _pairs()
    for width in (12, 5):
        found = fit_axes(image, text, axes, width)
        assert found.width == width
        torch.testing.assert_close(found.matrix.T @ found.matrix, torch.eye(width), atol=1e-5, rtol=0)
    full = fit_axes(image, text, axes, 12)
    rows = torch.nn.functional.normalize(torch.as_tensor(image).float(), dim=1) - full.image_mean
    rows = torch.nn.functional.normalize(rows, dim=1)
    z = full(image, "image")
    torch.testing.assert_close(z @ z.T, rows @ rows.T, atol=1e-5, rtol=0)


def test_pca_keeps_the_most_variance_of_both():
    image, text = _pairs()
    centred = torch.cat(
        [(u := torch.nn.functional.normalize(torch.as_tensor(x), dim=1)) - u.mean(0) for x in (image, text)]
    )
    values = torch.linalg.svdvals(centred).square()
    found = fit_axes(image, text, "pca", 4).matrix.double()
    torch.testing.assert_close((centred @ found).square().sum(), values[:4].sum(), rtol=1e-5, atol=0)


def test_itq_evens_the_variances_out():
    image, text = _pairs()
    spread = {
        axes: torch.cat([(m := fit_axes(image, text, axes, 12))(image, "image"), m(text, "text")]).var(0)
        for axes in ("pca", "itq")
    }
    assert spread["itq"].std() < 0.5 * spread["pca"].std()


@pytest.mark.parametrize("inner", [None, "SQ8"])
def test_faiss_gives_the_same_neighbours(tmp_path, inner):
    image, text = _pairs()
    onto = fit_axes(image, text, "pca", 6)
    unit = torch.nn.functional.normalize(torch.as_tensor(text).float(), dim=1).numpy()
    made = inner and faiss.index_factory(6, inner, faiss.METRIC_INNER_PRODUCT)
    index = onto.faiss_index("text", made)
    index.train(unit)
    index.add(unit)
    faiss.write_index(index, str(tmp_path / "index"))
    index = faiss.read_index(str(tmp_path / "index"))
    gallery = onto(text, "text")
    if inner:
        quantiser = faiss.ScalarQuantizer(6, faiss.ScalarQuantizer.QT_8bit)
        quantiser.train(gallery.numpy())
        gallery = torch.from_numpy(quantiser.decode(quantiser.compute_codes(gallery.numpy())))
    for queries, search in (
        (onto(text, "text"), lambda: index.search(unit[:50], 5)),
        (
            onto(image, "image"),
            lambda: faiss.downcast_index(index.index).search(onto(image, "image").numpy()[:50], 5),
        ),
    ):
        ours = (queries[:50] @ gallery.T).topk(5, dim=1)
        scores, _ = search()
        np.testing.assert_allclose(scores, ours.values.numpy(), atol=2e-5)


def test_a_saved_map_comes_back_bit_for_bit(tmp_path):
    image, text = _pairs()
    onto = fit_axes(image, text, "cross", 5)
    onto.save(tmp_path / "map.safetensors")
    again = CompressionMap.load(tmp_path / "map.safetensors")
    assert again.axes == "cross"
    for name in ("matrix", "image_mean", "text_mean"):
        assert torch.equal(getattr(again, name), getattr(onto, name))
    sde.compute_spectrum(image).save(tmp_path / "other")
    with pytest.raises(DataError, match=r"written by CompressionMap\.save"):
        CompressionMap.load(tmp_path / "other")


def test_bad_input_is_refused():
    image, text = _pairs()
    with pytest.raises(ConfigError, match=r"width must lie in \[1, 12\]; got 13"):
        fit_axes(image, text, "pca", 13)
    with pytest.raises(ConfigError, match="axes must be one of"):
        fit_axes(image, text, "ica", 3)
    with pytest.raises(DataError, match="paired row by row"):
        fit_axes(image, text[:5], "pca", 3)
    with pytest.raises(DataError, match="x must have 12 columns"):
        fit_axes(image, text, "pca", 3)(image[:, :4], "image")
