"""Columns that are made of a set: closed forms of the statistics, words and lengths, what is kept."""

import colorsys
import io
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.files import bundled
from sde_core.knowledge import caption_columns, image_statistics, set_columns, word_column
from sde_core.knowledge.image_statistics import KINDS, _bundled, statistics_of


def image(rgb):
    return Image.fromarray(np.asarray(rgb, dtype=np.uint8), "RGB")


def test_one_colour_has_its_own_numbers():
    found = statistics_of(image(np.full((10, 20, 3), (255, 128, 0))), 1000)
    assert list(found) == list(KINDS)
    assert found["brightness"] == pytest.approx(0.299 + 0.587 * 128 / 255)
    assert found["contrast"] == pytest.approx(0, abs=1e-12)
    red_green, yellow_blue = 127 / 255, (255 + 128) / 2 / 255
    assert found["colourfulness"] == pytest.approx(0.3 * math.hypot(red_green, yellow_blue))
    assert found["white share"] == 0
    assert found["aspect"] == pytest.approx(math.log(2))
    assert found["file size"] == pytest.approx(math.log(1000))


@pytest.mark.parametrize("degrees", [0, 60, 120, 180, 240, 300])
def test_hue_is_that_of_the_colour_circle(degrees):
    colour = np.rint(np.array(colorsys.hsv_to_rgb(degrees / 360, 1, 1)) * 255)
    assert statistics_of(image(np.full((4, 4, 3), colour)), 1)["hue"] == pytest.approx(degrees, abs=1e-9)


def test_grey_has_no_hue_and_a_half_white_image_is_half_white():
    rgb = np.zeros((10, 10, 3))
    rgb[:, :5] = 255
    found = statistics_of(image(rgb), 1)
    assert math.isnan(found["hue"])
    assert found["white share"] == 0.5
    assert found["contrast"] == pytest.approx(0.5)
    assert found["colourfulness"] == 0


def test_colourfulness_is_the_formula_of_hasler_and_suesstrunk():
    rgb = np.random.default_rng(0).integers(0, 256, (30, 40, 3))
    r, g, b = (rgb[..., i].astype(float) for i in range(3))
    rg, yb = r - g, 0.5 * (r + g) - b
    theirs = np.sqrt(rg.std() ** 2 + yb.std() ** 2) + 0.3 * np.sqrt(rg.mean() ** 2 + yb.mean() ** 2)
    assert statistics_of(image(rgb), 1)["colourfulness"] == pytest.approx(theirs / 255)


def test_a_blurred_image_is_less_sharp():
    from PIL import ImageFilter

    sharp = image(np.random.default_rng(0).integers(0, 256, (64, 64, 3)))
    soft = sharp.filter(ImageFilter.GaussianBlur(2))
    assert statistics_of(soft, 1)["sharpness"] < statistics_of(sharp, 1)["sharpness"] - 1


@pytest.fixture
def folder(tmp_path):
    """Forty images of one colour each with a caption, one of them damaged, and their set."""
    source = tmp_path / "pairs"
    source.mkdir()
    rng = np.random.default_rng(0)
    for i in range(40):
        buffer = io.BytesIO()
        image(np.full((6, 6, 3), (6 * i, 0, 255 - 6 * i))).save(buffer, "PNG")
        (source / f"{i:02d}.png").write_bytes(buffer.getvalue() if i != 7 else b"no picture")
        (source / f"{i:02d}.txt").write_text("a red thing" if i > 20 else "a blue thing of the sea")
    pairs = sde.open_pairs(source)
    found = sde.EmbeddingSet.from_arrays(
        rng.normal(size=(40, 4)),
        rng.normal(size=(40, 4)),
        image_ids=[f"{i:02d}" for i in range(40)],
        captions=["a red thing" if i > 20 else "a blue thing of the sea" for i in range(40)],
    )
    return replace(found, provenance=replace(found.provenance, pairs=pairs.uri, pairs_fingerprint="x"))


def test_statistics_are_read_once_and_an_unreadable_image_is_a_gap(folder, tmp_path):
    calls = []
    found = image_statistics(folder, cache=tmp_path / "kept", progress=lambda *at: calls.append(at))
    assert calls[-1] == (40, 40)
    bright = found["brightness"]
    assert bright.n_gaps == 1
    assert np.isnan(bright.numbers[7, 0])
    assert bright.numbers[3, 0] == pytest.approx((0.299 * 18 + 0.114 * 237) / 255)
    calls.clear()
    again = image_statistics(folder, cache=tmp_path / "kept", progress=lambda *at: calls.append(at))
    assert not calls
    np.testing.assert_array_equal(again["hue"].numbers, found["hue"].numbers)
    [kept] = (tmp_path / "kept").iterdir()
    kept.write_bytes(b"cut off")
    image_statistics(folder, cache=tmp_path / "kept", progress=lambda *at: calls.append(at))
    assert calls  # a damaged file is made again


def test_a_part_of_a_set_reads_what_the_whole_one_kept_and_adds_what_is_missing(folder, tmp_path):
    calls = []

    def told(made):
        calls.clear()
        return image_statistics(made, cache=tmp_path / "kept", progress=lambda *at: calls.append(at))

    told(folder.select(np.arange(40) < 30))
    assert calls[-1] == (30, 30)
    whole = told(folder)
    assert calls[-1] == (10, 10)
    some = told(folder.select(np.arange(40) % 2 == 0))
    assert not calls
    np.testing.assert_array_equal(some["hue"].numbers, whole["hue"].numbers[::2])
    assert len(list((tmp_path / "kept").iterdir())) == 1


@pytest.mark.parametrize("name", bundled.PAIR_SETS)
def test_the_statistics_of_the_bundled_images_came_with_them(name, monkeypatch):
    made = sde.EmbeddingSet.load(bundled.embeddings_folder(name))
    some = made.select(np.arange(made.n_images) % 400 == 0)
    calls = []
    kept = image_statistics(some, progress=lambda *at: calls.append(at))
    assert not calls
    monkeypatch.setattr(sys.modules[_bundled.__module__], "_bundled", lambda _: {})
    read = image_statistics(some, progress=lambda *at: calls.append(at))
    assert calls
    for column in KINDS:  # another version of the decoder may differ in the last bit of a pixel
        np.testing.assert_allclose(kept[column].numbers, read[column].numbers, rtol=1e-2, atol=1e-2)


def test_statistics_of_other_pairs_by_the_name_of_bundled_ones_are_not_taken(folder):
    other = replace(folder, provenance=replace(folder.provenance, pairs="emoji", pairs_fingerprint="other"))
    assert _bundled(other) == {}


def test_a_set_whose_images_are_elsewhere_has_the_rest(folder):
    away = replace(folder, provenance=replace(folder.provenance, pairs="/nowhere/at/all"))
    assert image_statistics(away) == {}
    assert list(set_columns(away)) == ["caption length", "“blue”", "“sea”", "“red”"]


def test_words_and_lengths_are_those_of_the_captions(folder):
    found = caption_columns(folder, "text")
    assert found["caption length"].numbers[:, 0].tolist() == [6.0] * 21 + [3.0] * 19
    blue = found["“blue”"]
    assert blue.values == ("blue", "no blue")
    assert (blue.codes == 0).tolist() == [True] * 21 + [False] * 19
    assert "“thing”" not in found  # all captions have it
    assert "“the”" not in found
    assert word_column(folder, "Sea").values == ("no sea", "sea")
    assert word_column(folder, "moon").reason == "it has one value only"


def test_an_image_has_the_words_of_all_its_captions():
    x = np.eye(3)
    two = sde.EmbeddingSet.from_arrays(
        x[:2], x, [[0, 0], [1, 0], [2, 1]], captions=["a cat", "a cat on the mat", "dog"]
    )
    column = word_column(two, "mat", "image")
    assert [column.values[code] for code in column.codes] == ["mat", "no mat"]
    assert caption_columns(two, "image")["caption length"].numbers[:, 0].tolist() == [3.5, 1.0]


def test_a_column_of_the_metadata_comes_first_and_every_one_can_be_asked_for(folder):
    own = replace(folder, metadata={"brightness": np.array(["a", "b"] * 20)})
    columns = set_columns(own)
    assert columns["brightness"].kind == "category"
    known = sde.band_knowledge(own, columns, n_resamples=0)
    assert [c.name for c in known.columns] == list(columns)
    assert known["hue"].n_gaps == 1
    with pytest.raises(sde.ConfigError, match="side must be image or text"):
        set_columns(own, "sound")


def test_the_numbers_of_the_emoji():
    """Direction 3 is the share of white, 4 is yellow-blue and colour, 10 the size of the file."""
    columns = set_columns(open_named("emoji").select(np.arange(0, 5418, 3)), n_words=0)
    known = sde.band_knowledge(open_named("emoji").select(np.arange(0, 5418, 3)), columns, n_resamples=0)
    assert int(known["white share"].known.argmax()) == 2
    assert int(known["yellow-blue"].known.argmax()) == 3
    assert known["aspect"].reason == "it has one value only"
