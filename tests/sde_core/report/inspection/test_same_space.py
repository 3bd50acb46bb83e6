"""Two sets of one encoder, used in other ways: pictures prepared otherwise, captions cut, weights changed."""

import copy
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

import sde_core as sde
from sde_core.errors import DataError
from sde_core.pairs import decode_image

N = 40


@pytest.fixture(scope="module")
def encoder():
    return sde.load_encoder("bundled")


@pytest.fixture(scope="module")
def pairs():
    return list(islice(iter(sde.open_pairs("clipart/val")), N))


@pytest.fixture(scope="module")
def pictures(pairs):
    return [decode_image(pair.read_image()) for pair in pairs]


@pytest.fixture(scope="module")
def words(pairs):
    long = " ".join(["a drawing of a small red house near the river and the old bridge"] * 2)
    return [f"{pair.captions[0]} {i} {long if i % 4 == 0 else ''}" for i, pair in enumerate(pairs)]


@pytest.fixture(scope="module")
def made(encoder, pictures, words):
    """The set as the encoder gives it."""
    image, text = encoder.encode_pictures(pictures), encoder.encode_texts(words)
    return sde.EmbeddingSet.from_arrays(
        image, text, image_ids=[f"p{i}" for i in range(N)], captions=words, name="a"
    )


def _half(picture):
    return picture.resize((48, 48)).resize(picture.size)


def _crop(picture):
    return picture.crop((6, 6, picture.width - 6, picture.height - 6))


def _exchanged(picture):
    return Image.merge("RGB", picture.convert("RGB").split()[::-1])


def test_pictures_prepared_otherwise_are_told_by_texts_that_stay(encoder, pictures, made):
    rng = np.random.default_rng(0)
    for change in (_half, _crop, _exchanged):
        image = encoder.encode_pictures([change(picture) for picture in pictures]).numpy()
        other = replace(made, image=image)
        found = sde.parity(made, other)
        assert found.verdict == "other preprocessing"
        assert "texts are the same" in found.detail
        for _ in range(10):  # also of a part of the rows
            rows = np.sort(rng.permutation(N)[:32])
            assert sde.parity(made.select(rows), other.select(rows)).verdict == "other preprocessing"


def test_other_weights_in_both_towers_are_another_checkpoint(encoder, pictures, words, made):
    model, numbers = copy.deepcopy(encoder.model), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.add_(0.03 * weight.std() * torch.randn(weight.shape, generator=numbers))
    trained = replace(encoder, model=model)
    other = replace(
        made,
        image=trained.encode_pictures(pictures).numpy(),
        text=trained.encode_texts(words).numpy(),
    )
    found = sde.parity(made, other)
    assert found.verdict == "other checkpoint"
    assert found.figures["centred_cosine"] > 0.3


def test_captions_that_were_cut_are_the_long_ones(encoder, words, made):
    cut = [" ".join(each.split()[:9]) for each in words]
    changed = [i for i in range(N) if cut[i] != words[i].strip()]
    other = replace(made, text=encoder.encode_texts(cut).numpy())
    found = sde.parity(made, other)
    assert (found.verdict, list(found.odd_rows)) == ("truncated captions", changed)
    some = encoder.encode_texts([f"photo, {each}" if i % 3 == 1 else each for i, each in enumerate(words)])
    prompted = sde.parity(made, replace(made, text=some.numpy()))
    assert prompted.verdict == "other preprocessing"
    assert "not the long ones" in prompted.detail


def test_rows_are_matched_by_id(made):
    order = np.random.default_rng(0).permutation(N)
    assert sde.parity(made, made.select(order)).verdict == "identical"
    assert sde.parity(made, made.select(order[:20])).n_rows == 20
    plain = sde.EmbeddingSet.from_arrays(made.image[order], made.text[order])
    assert sde.parity(made, plain).verdict in ("reordered", "other model")


def test_the_worse_of_both_modalities_is_said(made):
    found = sde.parity(made, replace(made, image=made.image + 1, text=2 * made.text))
    assert found.verdict == "shifted"
    assert "the others are rescaled" in found.detail
    both = sde.parity(made, replace(made, image=2 * made.image, text=2 * made.text))
    assert both.verdict == "rescaled"
    assert not both.is_same


def test_a_set_is_not_compared_with_a_matrix_nor_with_another_modality(made):
    with pytest.raises(DataError, match="both be embedding sets"):
        sde.parity(made, made.image)
    images = sde.EmbeddingSet.from_arrays(made.image)
    texts = sde.EmbeddingSet.from_arrays(text=made.text)
    with pytest.raises(DataError, match="a modality in common; got image and text"):
        sde.parity(images, texts)
