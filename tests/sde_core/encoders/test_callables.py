"""Two functions are an encoder."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

import sde_core as sde
from sde_core.errors import ConfigError, EncoderError


def _images(pictures):
    return np.stack([np.asarray(p.resize((2, 2)), np.float64).reshape(-1) + p.width for p in pictures])


def _texts(captions):
    return torch.tensor([[float(ord(c.ljust(12)[i])) for i in range(12)] for c in captions])


@pytest.fixture
def pairs(tmp_path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i, size in enumerate([(50, 37), (32, 32), (20, 90), (20, 91), (20, 90)]):
        Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)).save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text(f"caption 漢字 {i}" + " long" * 200 * (i == 2))
    return sde.open_pairs(folder)


@pytest.mark.parametrize("workers", [0, 1])
def test_pairs_are_encoded_by_the_functions_themselves(pairs, workers):
    encoder = sde.Encoder.from_callables(_images, _texts, name="mine")
    made = sde.encode_pairs(encoder, pairs, workers=workers, batch_size=2)
    read = [Image.open(io.BytesIO(p.read_image())).convert("RGB") for p in pairs]
    for found, wanted in ((made.image, _images(read)), (made.text, _texts(made.captions).numpy())):
        np.testing.assert_allclose(
            found, wanted / np.linalg.norm(wanted, axis=1, keepdims=True), rtol=0, atol=1e-6
        )
    assert made.provenance.encoder == "callables:mine"
    assert made.provenance.weights_sha256 == encoder.weights_sha256
    assert made.skipped == ()


def test_captions_arrive_whole():
    seen = []
    encoder = sde.Encoder.from_callables(_images, lambda captions: seen.extend(captions) or _texts(captions))
    words = ["", "a", "zwölf 漢字 \U0001f600", "x" * 5000]
    encoder.encode_texts(words)
    assert seen == words
    assert encoder.characters_read("x" * 5000) == 5000


def test_another_function_or_version_is_told_apart():
    make = sde.Encoder.from_callables
    one, other = make(_images, _texts), make(_images, lambda c: _texts(c) * 2 + 1)
    assert one.weights_sha256 == make(_images, _texts).weights_sha256 != other.weights_sha256
    assert (
        make(_images, _texts, version="1").weights_sha256 != make(_images, _texts, version="2").weights_sha256
    )


@pytest.mark.parametrize(
    ("texts", "match"),
    [
        (lambda c: np.zeros((len(c) + 1, 12)), "one row for each of 2"),
        (lambda c: np.zeros(3), r"got the shape \(3,\)"),
        (lambda c: np.ones((len(c), 5)), "rows of one width; texts gave 5 after 12"),
        (lambda c: [["a"]] * len(c), "rows of numbers"),
        (lambda c: None, "rows|row"),
    ],
)
def test_what_a_function_must_return_is_said(texts, match):
    encoder = sde.Encoder.from_callables(_images, texts)
    encoder.encode_pictures([Image.new("RGB", (4, 4))])
    with pytest.raises(EncoderError, match=match):
        encoder.encode_texts(["a", "b"])


def test_no_functions_and_no_names():
    with pytest.raises(ConfigError, match="texts must be a function"):
        sde.Encoder.from_callables(_images, "texts")
    with pytest.raises(EncoderError, match="made of two functions and cannot be loaded by its name"):
        sde.load_encoder("callables:mine")


def test_an_encoder_is_one_short_line(clip_folder, tiny_encoder_folder):
    for encoder in (
        sde.Encoder.from_callables(_images, _texts, name="x" * 500),
        sde.load_encoder(clip_folder),
        sde.load_encoder(tiny_encoder_folder),
    ):
        assert len(repr(encoder)) <= 200
        assert "\n" not in repr(encoder)
