"""`sde find`: the images whose cosine with a text is largest, as numpy finds them."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.embedding_formats.named import open_named


def test_the_nearest_images_come_first_with_their_cosines(capsys):
    assert main(["find", "clipart/test", "a", "red", "car", "-k", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["text"] == "a red car"
    made = open_named("clipart/test")
    query = sde.load_encoder("bundled").encode_texts(["a red car"]).numpy()
    image = np.float32(made.image) / np.linalg.norm(np.float32(made.image), axis=1, keepdims=True)
    cosines = (image @ query.T)[:, 0]
    nearest = np.argsort(-cosines)[:5]
    assert [one["id"] for one in told["found"]] == [made.image_ids[row] for row in nearest]
    assert [one["cosine"] for one in told["found"]] == pytest.approx(cosines[nearest].tolist(), abs=1e-5)
    captions = [{made.captions[text] for text, image in made.links if image == row} for row in nearest]
    assert all(one["caption"] in known for one, known in zip(told["found"], captions, strict=True))


def test_at_most_as_many_as_there_are_and_an_image_without_text_has_no_caption(tmp_path, capsys):
    few = open_named("clipart/test").select(np.arange(3))
    alone = replace(sde.EmbeddingSet.from_arrays(few.image), provenance=few.provenance).save(
        tmp_path / "alone"
    )
    assert main(["find", str(alone), "a red car", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["found"]
    assert len(found) == 3
    assert {one["caption"] for one in found} == {None}


def test_what_cannot_be_searched_is_one_sentence(saved_set, capsys):
    assert main(["find", str(saved_set), "a red car"]) == 2
    assert "must have images and name its encoder" in capsys.readouterr().err
    assert main(["find", "clipart/test", "a red car", "-k", "0"]) == 2
    assert "k must be at least 1; got 0" in capsys.readouterr().err
