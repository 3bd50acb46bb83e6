"""What no file system can hold is said in a sentence by everything that takes a path."""

import pytest

import sde_core as sde
from sde_core.files.place import check_place

OPENS = {
    "open_pairs": sde.open_pairs,
    "open_embeddings": sde.open_embeddings,
    "load": sde.EmbeddingSet.load,
    "load_encoder": sde.load_encoder,
    "read_series": sde.read_series,
}


@pytest.fixture
def circle(tmp_path):
    path = tmp_path / "circle"
    path.symlink_to(path)
    return path


@pytest.mark.parametrize("name", OPENS)
def test_places_that_cannot_be_are_refused_in_one_short_sentence(name, circle, tmp_path):
    for place in ("~nobody-of-that-name/x", "x" * 5_000, str(tmp_path / ("y" * 300)), str(circle), "a\0b"):
        with pytest.raises(sde.SDEError) as told:
            OPENS[name](place)
        assert len(str(told.value)) < 400
        assert "\n" not in str(told.value)


def test_a_link_to_itself_is_no_reason_not_to_read_the_rest(circle):
    (circle.parent / "image.npy").touch()
    for opens in (sde.open_pairs, sde.open_embeddings):
        with pytest.raises(sde.DataError):
            opens(circle.parent)


def test_other_places_pass(tmp_path):
    for place in (tmp_path, tmp_path / "none", "emoji/val", "hf://a/b", "hf-hub:a/b", ""):
        check_place(place, "path")


@pytest.mark.parametrize("name", ["hf-hub:", "hf-hub:/", "hf-hub: "])
def test_a_hub_needs_a_name(name):
    with pytest.raises(sde.SDEError, match="which model of the hub"):
        sde.load_encoder(name)
