import numpy as np
import pytest
import torch

import sde_core as sde
from tests.sde_core.embedding_formats.real_set import WRITERS, real_set

MAPPED = {"npy_folder", "npy_pair", "npz", "safetensors", "set"}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_back_the_same_vectors_and_the_same_fingerprint(tmp_path, name):
    made = real_set()
    options = WRITERS[name](made, tmp_path)
    found = sde.open_embeddings(**options)
    np.testing.assert_array_equal(found.image, made.image)
    np.testing.assert_array_equal(found.text, made.text)
    assert found.image_ids == made.image_ids
    assert [found.captions_of(i) for i in range(made.n_images)] == [
        made.captions_of(i) for i in range(made.n_images)
    ]
    assert found.fingerprint == made.fingerprint
    assert found.skipped == ()
    is_mapped = isinstance(found.image, np.memmap) or isinstance(_base(found.image), torch.Tensor | np.memmap)
    assert is_mapped == (name in MAPPED)
    facts = sde.describe_embeddings(**options)
    assert facts.width == made.width
    assert facts.dtype == "float16"
    assert set(facts.metadata) == set(made.metadata)
    assert facts.n_images in (made.n_images, len(made.links))
    assert "captions" not in facts.missing


def _base(array):
    return getattr(array, "base", None)


@pytest.mark.parametrize("name", WRITERS)
def test_a_named_format_is_the_detected_one(tmp_path, name):
    options = WRITERS[name](real_set(), tmp_path)
    format = sde.describe_embeddings(**options).format
    assert sde.open_embeddings(**options, format=format).fingerprint == real_set().fingerprint
