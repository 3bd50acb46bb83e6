"""Vectors against the encoder that is said to have made them."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import sde_core as sde
from sde_core.cli import main
from sde_core.errors import DataError
from sde_core.sets.claimed_encoder import agreement_of, with_agreement

WORDS = ("red", "blue", "green", "large", "small", "round", "old", "wet")


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """60 different pictures that are not square, with a caption each."""
    folder = tmp_path_factory.mktemp("pairs")
    rng = np.random.default_rng(0)
    for i in range(60):
        blocks = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8))
        blocks.resize((70, 40 + i), Image.Resampling.NEAREST).save(folder / f"{i:02d}.png")
        (folder / f"{i:02d}.txt").write_text(f"{WORDS[i % 8]} and {WORDS[i // 8]} thing {i}")
    return sde.open_pairs(folder)


@pytest.fixture(scope="module")
def encoder(tiny_encoder_folder):
    made = sde.load_encoder(tiny_encoder_folder)
    with torch.no_grad(), torch.random.fork_rng():  # random weights of training's start tell little apart
        torch.manual_seed(1)
        for weight in made.model.parameters():
            if weight.ndim > 1:
                weight.mul_(4)
    return made


@pytest.fixture(scope="module")
def vectors(encoder, pairs):
    return sde.encode_pairs(encoder, pairs)


def _images(pairs):
    return [Image.open(io.BytesIO(pair.read_image())).convert("RGB") for pair in pairs]


def test_vectors_of_the_encoder_are_the_same_also_as_float16(vectors, encoder):
    half = replace(
        vectors, image=vectors.image.astype(np.float16), text=3 * vectors.text
    )  # length is no matter
    for given in (vectors, half):
        found = sde.compare_with_encoder(given, encoder)
        assert found.verdict == "same"
        assert (found.n_images, found.n_texts) == (8, 8)
        assert found.image_cosine > 0.9999
        assert "are those of" in found.sentence


@pytest.mark.parametrize("by", [1, -3])
@pytest.mark.parametrize("side", ["image", "text"])
def test_shifted_rows(vectors, encoder, side, by):
    found = sde.compare_with_encoder(
        replace(vectors, **{side: np.roll(getattr(vectors, side), by, axis=0)}), encoder
    )
    assert found.verdict == "rows shifted"
    assert f"{by:+d} from their own" in found.detail
    mixed = np.random.default_rng(0).permutation(60)
    found = sde.compare_with_encoder(replace(vectors, **{side: getattr(vectors, side)[mixed]}), encoder)
    assert (found.verdict, "in another order" in found.detail) == ("rows shifted", True)


def _prepared(encoder, **changes):
    from open_clip.transform import PreprocessCfg, image_transform_v2

    settings = dict(encoder.model.visual.preprocess_cfg) | changes
    return replace(encoder, preprocess=image_transform_v2(PreprocessCfg(**settings), is_train=False))


IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (IMAGENET, "mean and std of ImageNet"),
        ({"mean": (0.0,) * 3, "std": (1.0,) * 3}, "no mean and std"),
        ({"resize_mode": "squash"}, "squash resizing"),
        (IMAGENET | {"resize_mode": "longest"}, "mean and std of ImageNet, longest resizing"),
    ],
)
def test_another_preparation_is_named(pairs, vectors, encoder, changes, words):
    image = _prepared(encoder, **changes).encode_pictures(_images(pairs)).numpy()
    found = sde.compare_with_encoder(replace(vectors, image=image), encoder)
    assert found.verdict == "other preprocessing"
    assert words in found.detail
    assert found.text_cosine > 0.9999


def test_exchanged_colours_are_named(pairs, vectors, encoder):
    swapped = [Image.merge("RGB", x.split()[::-1]) for x in _images(pairs)]
    found = sde.compare_with_encoder(
        replace(vectors, image=encoder.encode_pictures(swapped).numpy()), encoder
    )
    assert (found.verdict, "red and blue exchanged" in found.detail) == ("other preprocessing", True)


def test_another_prompt(vectors, encoder):
    text = encoder.encode_texts([f"a photo of a {c}" for c in vectors.captions]).numpy()
    found = sde.compare_with_encoder(replace(vectors, text=text), encoder)
    assert (found.verdict, "pictures agree and captions do not" in found.detail) == (
        "other preprocessing",
        True,
    )


def test_other_weights_and_another_model(vectors, encoder):
    import copy

    def moved(share):
        model = copy.deepcopy(encoder.model)
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(5)
            for weight in model.parameters():
                if weight.ndim > 1:
                    weight.copy_((1 - share) * weight + share * weight.std() * torch.randn_like(weight))
        return replace(encoder, model=model, weights_digest="")

    assert sde.compare_with_encoder(vectors, moved(0.1)).verdict == "other weights"
    rng = np.random.default_rng(0)
    image, text = rng.normal(size=(2, 60, 16)).astype(np.float32)
    assert (
        sde.compare_with_encoder(replace(vectors, image=image, text=text), encoder).verdict == "other model"
    )
    wide = replace(vectors, image=np.ones((60, 7), np.float32), text=np.ones((60, 7), np.float32))
    found = sde.compare_with_encoder(wide, encoder)
    assert (found.verdict, found.detail) == ("other model", "it gives 16 numbers, the vectors have 7")


def test_statistics_of_a_batch(pairs):
    """A writer that never calls `model.eval()`: the bundled encoder has BatchNorm."""
    encoder = sde.load_encoder("bundled")
    state = {name: value.clone() for name, value in encoder.model.state_dict().items()}
    honest = sde.encode_pairs(encoder, pairs)
    careless = sde.load_encoder("bundled")
    careless.model.train()
    image = careless.encode_pictures(_images(pairs)).numpy()
    found = sde.compare_with_encoder(replace(honest, image=image), encoder)
    assert found.verdict == "BatchNorm in training mode"
    assert "model.eval()" in found.detail
    assert all(torch.equal(value, state[name]) for name, value in encoder.model.state_dict().items())
    assert not encoder.model.training


def _levels(rows, bits):
    step = np.abs(rows).max() / (2 ** (bits - 1) - 1)
    return np.round(rows / step) * step


CHANGES = {
    "shifted": lambda rows: rows - rows.mean(axis=0),
    "quantised": lambda rows: _levels(rows, 4),
    "broken rows": lambda rows: np.where(np.arange(len(rows))[:, None] % 4 == 0, np.roll(rows, 16, 1), rows),
}


@pytest.fixture(scope="module")
def of_bundled(pairs):
    encoder = sde.load_encoder("bundled")
    return encoder, sde.encode_pairs(encoder, pairs)


@pytest.mark.parametrize("sides", [("image",), ("text",), ("image", "text")])
@pytest.mark.parametrize("verdict", CHANGES)
def test_what_was_done_to_the_vectors_has_the_word_that_parity_has_for_it(of_bundled, verdict, sides):
    encoder, honest = of_bundled
    changed = replace(honest, **{side: CHANGES[verdict](getattr(honest, side)) for side in sides})
    found = sde.compare_with_encoder(changed, encoder)
    assert (found.verdict, found.space) == (verdict, sde.parity(honest, changed).verdict)
    assert found.detail.startswith(("pictures:", "captions:"))


def test_the_words_of_parity_for_what_only_an_encoder_tells(vectors, encoder):
    for given, verdict, space in (
        (vectors, "same", "identical"),
        (replace(vectors, image=np.roll(vectors.image, 1, axis=0)), "rows shifted", "reordered"),
    ):
        found = sde.compare_with_encoder(given, encoder)
        assert (found.verdict, found.space, sde.parity(vectors, given).verdict) == (verdict, space, space)


def test_captions_that_were_cut_off_are_the_long_ones(of_bundled):
    encoder, honest = of_bundled
    words = [f"{c}{' and a tail that was cut off' * (i % 5 == 0)}" for i, c in enumerate(honest.captions)]
    short = encoder.encode_texts(honest.captions).numpy()
    found = sde.compare_with_encoder(replace(honest, captions=tuple(words), text=short), encoder, n_rows=24)
    assert found.verdict == "truncated captions"
    other = [c if i % 5 else c[:-1] for i, c in enumerate(honest.captions)]
    found = sde.compare_with_encoder(replace(honest, captions=tuple(other), text=short), encoder, n_rows=24)
    assert found.verdict == "other preprocessing"


def test_without_pictures_captions_tell(vectors, encoder):
    alone = replace(vectors, provenance=replace(vectors.provenance, pairs="gone"))
    found = sde.compare_with_encoder(alone, encoder)
    assert (found.verdict, found.n_images, found.n_texts) == ("same", 0, 8)
    nothing = replace(alone, captions=("",) * 60)
    with pytest.raises(DataError, match="captions or pictures at hand"):
        sde.compare_with_encoder(nothing, encoder)
    moved = replace(vectors, provenance=replace(vectors.provenance, transform="centred"))
    with pytest.raises(DataError, match="was transformed"):
        sde.compare_with_encoder(moved, encoder)


def test_a_claim_is_told_in_remarks_and_by_the_commands(
    vectors, tiny_encoder_folder, pairs, tmp_path, capsys
):
    honest = sde.encode_pairs(sde.load_encoder(tiny_encoder_folder), pairs)
    assert agreement_of(honest) is None  # the digest of its weights is known
    claimed = replace(honest, provenance=replace(honest.provenance, weights_sha256=""))
    assert agreement_of(claimed).verdict == "same"
    wrong = replace(claimed, image=np.roll(claimed.image, 1, axis=0))
    told = with_agreement(wrong)
    assert "rows shifted" in told.remarks[-1]
    assert with_agreement(told).remarks == told.remarks
    assert sde.EmbeddingSet.load(told.save(tmp_path / "told")).remarks == told.remarks
    wrong.save(tmp_path / "wrong")
    assert main(["spectrum", str(tmp_path / "wrong")]) == 0
    assert "note: The vectors are not those of" in capsys.readouterr().err
    assert main(["evaluate", "--embeddings", str(tmp_path / "wrong"), "--captions", "primary"]) == 0
    assert "rows shifted: rows of pictures hold the vectors of others, +1" in capsys.readouterr().err
    for name in ("nonsense", "ViT-B-32/openai", "hf-hub:some/one", ""):
        assert agreement_of(replace(claimed, provenance=replace(claimed.provenance, encoder=name))) is None
