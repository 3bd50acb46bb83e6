"""CLIP, SigLIP and SigLIP 2 as transformers and sentence-transformers save them give those libraries' vectors."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import normalize

import sde_core as sde
from sde_core.errors import EncoderError

CAPTIONS = ["a cat", "a red dog", "red square a cat dog " * 10, "", "unknown words, many"]


def _pictures():
    rng = np.random.default_rng(0)
    small = [Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)) for _ in range(4)]
    return [x.resize(size) for x, size in zip(small, [(50, 37), (32, 32), (20, 90), (200, 150)], strict=True)]


@pytest.mark.parametrize("folder", ["clip_folder", "siglip_of_transformers", "siglip2_folder"])
def test_vectors_are_those_of_transformers(folder, request):
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

    place = request.getfixturevalue(folder)
    model = AutoModel.from_pretrained(place).eval()
    words = AutoTokenizer.from_pretrained(place)(
        CAPTIONS, padding="max_length", truncation=True, max_length=16, return_tensors="pt"
    )
    prepared = AutoImageProcessor.from_pretrained(place)(images=_pictures(), return_tensors="pt")
    names = ("pixel_values", "pixel_attention_mask", "spatial_shapes")
    with torch.inference_mode():
        texts = model.get_text_features(
            **{k: words[k] for k in ("input_ids", "attention_mask") if k in words}
        )
        images = model.get_image_features(**{k: prepared[k] for k in names if k in prepared})
    encoder = sde.load_encoder(place)
    for made, theirs in (
        (encoder.encode_texts(CAPTIONS), texts),
        (encoder.encode_pictures(_pictures()), images),
    ):
        wanted = normalize(getattr(theirs, "pooler_output", theirs), dim=-1)
        torch.testing.assert_close(made, wanted, rtol=0, atol=1e-5)
    assert len(np.unique(encoder.encode_pictures(_pictures()).numpy().round(4), axis=0)) == 4
    assert sde.load_encoder(encoder.name).weights_sha256 == encoder.weights_sha256
    assert "image_mean" in encoder.preprocessing
    assert encoder.characters_read("a cat") == 5
    assert encoder.characters_read("a cat " * 20) < 120


def test_half_precision_keeps_the_grid_of_siglip2(siglip2_folder):
    full, half = (sde.load_encoder(siglip2_folder, precision=p) for p in ("fp32", "bf16"))
    torch.testing.assert_close(
        half.encode_pictures(_pictures()), full.encode_pictures(_pictures()), rtol=0, atol=0.1
    )


def test_pairs_are_encoded_with_provenance(clip_folder, tmp_path):
    folder = tmp_path / "pairs"
    folder.mkdir()
    for i, picture in enumerate(_pictures()):
        picture.save(folder / f"{i}.png")
        (folder / f"{i}.txt").write_text(CAPTIONS[0] if i else "a dog")
    encoder = sde.load_encoder(clip_folder)
    for workers in (0, 1):
        made = sde.encode_pairs(encoder, sde.open_pairs(folder), workers=workers)
        torch.testing.assert_close(
            torch.from_numpy(made.image), encoder.encode_pictures(_pictures()), rtol=0, atol=1e-6
        )
        assert made.provenance.encoder == str(clip_folder)
        assert made.provenance.weights_sha256 == encoder.weights_sha256


@pytest.mark.parametrize("layout", ["library", "0_CLIPModel"])
def test_vectors_are_those_of_sentence_transformers(clip_folder, tmp_path, layout):
    library = pytest.importorskip("sentence_transformers")
    from sentence_transformers.models import CLIPModel

    theirs = library.SentenceTransformer(modules=[CLIPModel(str(clip_folder))], device="cpu")
    place = tmp_path / "st"
    theirs.save(str(place))
    if layout == "0_CLIPModel" and not (place / "0_CLIPModel").is_dir():  # as version 2 left it
        inner = place / "0_CLIPModel"
        inner.mkdir()
        for path in [p for p in place.iterdir() if p.is_file() and p.name != "modules.json"]:
            shutil.move(path, inner / path.name)
        kind = "sentence_transformers.models.CLIPModel"
        (place / "modules.json").write_text(
            json.dumps([{"idx": 0, "name": "0", "path": "0_CLIPModel", "type": kind}])
        )
    encoder = sde.load_encoder(place)
    pictures, captions = _pictures(), [c for c in CAPTIONS if c]
    with torch.inference_mode():
        images = torch.from_numpy(theirs.encode(pictures, normalize_embeddings=True))
        texts = torch.from_numpy(theirs.encode(captions, normalize_embeddings=True))
    torch.testing.assert_close(encoder.encode_pictures(pictures), images, rtol=0, atol=1e-5)
    torch.testing.assert_close(encoder.encode_texts(captions), texts, rtol=0, atol=1e-5)


def test_other_kinds_are_refused_with_what_there_is(clip_folder, tmp_path):
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(
        EncoderError, match=r"two towers, clip, siglip, siglip2.* kind 'bert'.*from_callables"
    ):
        sde.load_encoder(folder)
    modules = [{"path": "", "type": "sentence_transformers.models.Transformer"},
               {"path": "1", "type": "sentence_transformers.models.Pooling"}]  # fmt: skip
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EncoderError, match="its modules are 'Transformer', 'Pooling'"):
        sde.load_encoder(folder)


@pytest.mark.parametrize("gone", ["model.safetensors", "tokenizer.json", "preprocessor_config.json"])
def test_what_is_missing_is_said(clip_folder, tmp_path, gone):
    folder = tmp_path / "clip"
    shutil.copytree(clip_folder, folder)
    (folder / gone).unlink()
    with pytest.raises(
        EncoderError,
        match=r"must hold (the weights|the files of its tokenizer|preprocessor_config.json beside)",
    ):
        sde.load_encoder(folder)


def test_names_with_line_breaks_stay_in_one_sentence(clip_folder, tmp_path):
    module = {"idx": 0, "name": "0", "path": "../..", "type": "se\ntence_transformers.models.CLIPModel"}
    (tmp_path / "modules.json").write_text(json.dumps([module]))
    with pytest.raises(sde.EncoderError, match=r"names code of its own \('se\\ntence"):
        sde.load_encoder(tmp_path)
