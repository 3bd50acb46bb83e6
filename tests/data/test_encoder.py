"""The bundled encoder is an ordinary open_clip model, and the model card tells the truth about it."""

import re
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

import sde_core as sde
from benchmarks import model_card
from sde_core.embedding_formats import open_embeddings
from sde_core.files import bundled
from sde_core.sets.evaluation import GALLERIES, evaluate_retrieval

ROOT = Path(__file__).resolve().parents[2]
NAME = f"local-dir:{bundled.encoder_folder()}"


@pytest.fixture(scope="module")
def plain():
    """Return the model as open_clip alone loads it."""
    model, _, preprocess = open_clip.create_model_and_transforms(NAME)
    return model.eval(), preprocess, open_clip.get_tokenizer(NAME)


def test_open_clip_loads_it_without_any_of_our_code(plain):
    model, preprocess, tokenizer = plain
    ours = sde.load_encoder("bundled", device="cpu")
    with torch.inference_mode():
        theirs = model.encode_text(tokenizer(["a red apple"]), normalize=True)
    torch.testing.assert_close(ours.encode_texts(["a red apple"]), theirs)
    assert str(preprocess) == str(ours.preprocess)


def test_the_file_stays_below_24_megabytes():
    assert (bundled.encoder_folder() / "open_clip_model.safetensors").stat().st_size <= 24e6


def test_the_preprocessing_is_the_trunk_s_own(plain):
    _, preprocess, _ = plain
    pixels = np.arange(128 * 128 * 3, dtype=np.uint32).reshape(128, 128, 3) % 256
    picture = Image.fromarray(pixels.astype(np.uint8))
    expected = (torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1) - 127) / 128
    torch.testing.assert_close(preprocess(picture), expected, atol=1e-5, rtol=0)


def test_a_caption_s_vector_does_not_depend_on_its_batch():
    encoder = sde.load_encoder("bundled", device="cpu")
    captions = [
        "dog",
        "a very long caption about a small brown dog that runs after a ball in the park",
        "x",
        "",
    ]
    together = encoder.encode_texts(captions)
    alone = torch.cat([encoder.encode_texts([caption]) for caption in captions])
    # Only the order of float32 sums may differ.
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    assert bool(torch.isfinite(together).all())


def test_it_knows_more_than_it_was_trained_on():
    encoder = sde.load_encoder("bundled", device="cpu")
    close, far = (encoder.encode_texts(pair) for pair in (["kitten", "cat"], ["kitten", "airport"]))
    assert float(close[0] @ close[1]) > float(far[0] @ far[1]) + 0.2


def test_the_card_prints_what_the_shipped_vectors_give():
    """The vectors are float16 roundings of what `sde evaluate` encodes: a few ranks may differ, not more."""
    sets = [open_embeddings(name) for name in model_card.SETS]
    sets.append(sde.concatenate(sets))
    reports = [evaluate_retrieval(s, captions=c, ks=model_card.KS) for c in GALLERIES for s in sets]
    expected = model_card.table(reports).splitlines()
    card = model_card.DOCUMENT.read_text("utf-8")
    marked = re.search(r"<!-- sde evaluate -->\n(.*?)\n<!-- /sde evaluate -->", card, re.DOTALL)
    assert marked
    for line, wanted in zip(marked[1].splitlines(), expected, strict=True):
        for cell, target in zip(line.split("|"), wanted.split("|"), strict=True):
            if re.fullmatch(r"\s*\d+\.\d\s*", target):
                assert float(cell) == pytest.approx(float(target), abs=0.5)
            else:
                assert cell == target


def test_the_bar_is_reached_on_held_out_captions():
    both = sde.concatenate([open_embeddings(name) for name in model_card.SETS])
    metrics = evaluate_retrieval(both, captions="primary").metrics
    assert metrics["text_retrieval_recall@10"] >= 0.42
    assert metrics["image_retrieval_recall@10"] >= 0.42
