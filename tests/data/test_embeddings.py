"""The bundled embeddings are what the bundled encoder gives for the bundled pairs."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.embedding_formats import open_embeddings
from sde_core.files import bundled
from sde_core.pairs import decode_image


@pytest.fixture(scope="module")
def encoder():
    return sde.load_encoder("bundled", device="cpu")


@pytest.mark.parametrize("name", bundled.PAIR_SETS)
def test_a_sample_encoded_again_gives_the_same_vectors(encoder, name):
    import torch

    shipped, pairs = open_embeddings(name), sde.open_pairs(name)
    rows = np.random.default_rng(0).choice(shipped.n_images, 24, replace=False)
    sample = [pairs.find(shipped.image_ids[i]) for i in rows]
    pictures = torch.stack([encoder.preprocess(decode_image(pair.read_image())) for pair in sample])
    image = encoder.encode_images(pictures).numpy()
    text = encoder.encode_texts([pair.captions[0] for pair in sample]).numpy()
    # float16 keeps 11 bits; another processor may order float32 sums differently, which is far smaller.
    np.testing.assert_allclose(shipped.image[rows], image, atol=2e-3)
    np.testing.assert_allclose(shipped.text[shipped.primary_text[rows]], text, atol=2e-3)
    assert [shipped.captions_of(int(i)) for i in rows] == [pair.captions for pair in sample]


@pytest.mark.parametrize("name", bundled.PAIR_SETS)
def test_the_sets_are_whole_and_know_where_they_come_from(encoder, name):
    shipped = open_embeddings(name)
    assert shipped.image_ids == tuple(pair.id for pair in sde.open_pairs(name))
    assert shipped.provenance.weights_sha256 == encoder.weights_sha256
    assert shipped.provenance.pairs_fingerprint == sde.open_pairs(name).fingerprint
    assert (shipped.provenance.pairs, shipped.provenance.encoder, shipped.name) == (name, "bundled", name)
    assert shipped.image.dtype == shipped.text.dtype == np.float16
    stored = shipped.fingerprint
    del shipped.__dict__["fingerprint"]
    assert shipped.fingerprint == stored
    assert set(shipped.metadata["split"]) == {"train", "val", "test"}
