"""A set with vectors of one modality: what needs one works, what needs both says which is missing."""

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core import DataError, EmbeddingSet
from sde_core.embedding_formats.named import rows_of_part
from sde_core.sets.evaluation import evaluate_retrieval


def _vectors(n: int = 12, d: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)


def _images() -> EmbeddingSet:
    return EmbeddingSet.from_arrays(_vectors(), image_ids=[f"p{i}" for i in range(12)], name="photos")


def _texts() -> EmbeddingSet:
    return EmbeddingSet.from_arrays(
        text=_vectors(), captions=[f"caption {i}" for i in range(12)], name="words"
    )


@pytest.mark.parametrize("make", [_images, _texts])
def test_one_modality_is_saved_and_loaded(make, tmp_path):
    made = make()
    loaded = EmbeddingSet.load(made.save(tmp_path / "set"), verify=True)
    assert loaded.modalities == made.modalities
    assert len(loaded.modalities) == 1
    assert (loaded.n_images, loaded.n_texts, loaded.width) == (made.n_images, made.n_texts, 4)
    assert (loaded.image_ids, loaded.captions) == (made.image_ids, made.captions)
    np.testing.assert_array_equal(loaded.vectors(loaded.modalities[0]), _vectors())
    facts = sde.describe_embeddings(tmp_path / "set")
    assert facts.missing == made.missing
    assert facts.dtype == "float32"


def test_what_is_missing_is_said_once():
    assert set(_images().missing) == {"text", "pictures", "encoder"}  # no captions are missed beside it
    assert set(_texts().missing) == {"image", "encoder"}
    assert "no text vectors" in _images().missing["text"]


@pytest.mark.parametrize(("make", "lacking"), [(_images, "text"), (_texts, "image")])
def test_what_needs_both_names_the_one_that_is_missing(make, lacking):
    made = make()
    for use in (
        made.paired,
        made.with_primary_captions,
        lambda: made.vectors(lacking),
        lambda: evaluate_retrieval(made),
        lambda: sde.hold_out(made),
    ):
        with pytest.raises(DataError, match=f"{made.name}: There are no {lacking} vectors"):
            use()
    assert made.paired_or_none() is None


@pytest.mark.parametrize("make", [_images, _texts])
def test_rows_are_those_of_the_one_modality(make):
    made = make()
    part = made.select([3, 1], name="part")
    (modality,) = part.modalities
    np.testing.assert_array_equal(part.vectors(modality), _vectors()[[3, 1]])
    assert part.n_rows == 2
    assert part.name == "part"
    assert part.fingerprint != made.fingerprint
    both = sde.concatenate([part, make().select([5])]) if modality == "text" else part
    assert both.modalities == (modality,)


def test_metadata_of_texts_filters_texts():
    made = EmbeddingSet(
        image=np.empty((0, 4), np.float32),
        text=_vectors(),
        links=np.empty((0, 2), np.int64),
        image_ids=(),
        captions=tuple(map(str, range(12))),
        metadata={"language": np.array(["de", "en"] * 6)},
    )
    part = made.select(rows_of_part(made, ["language=de"]))
    assert part.captions == tuple(map(str, range(0, 12, 2)))
    assert set(part.metadata["language"].tolist()) == {"de"}


def test_the_spectrum_of_one_modality_is_that_of_its_matrix():
    for made in (_images(), _texts()):
        rows = made.vectors(made.modalities[0])
        spectrum = sde.compute_spectrum(rows, center=None)
        wanted = np.linalg.svd(rows.astype(np.float64), compute_uv=False)
        torch.testing.assert_close(
            spectrum.singular_values.numpy(), wanted, rtol=1e-6, atol=0, check_dtype=False
        )
        sde.partition_spectrum(spectrum, "parallel", features=rows, paired=made.paired_or_none())


def test_sets_of_different_modalities_do_not_join():
    with pytest.raises(DataError, match="same modalities"):
        sde.concatenate([_images(), _texts()])
    with pytest.raises(DataError, match="image or text must be given"):
        EmbeddingSet.from_arrays()
    with pytest.raises(DataError, match="one modality only"):
        EmbeddingSet.from_arrays(_vectors(), text_to_image=[0])


def test_the_repr_of_a_set_is_short():
    many = EmbeddingSet.from_arrays(np.eye(500), np.eye(500), name="n" * 900, captions=["long" * 90] * 500)
    assert repr(many).startswith("EmbeddingSet('nnn")
    assert all(len(repr(made)) <= 200 for made in (many, _images(), _texts()))
    assert "12 images, 0 texts, width 4" in repr(_images())
