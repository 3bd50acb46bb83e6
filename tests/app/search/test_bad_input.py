"""What cannot be searched is named, and the rest of the page works."""

import struct
import zlib

import numpy as np
import pytest

from sde_core import EmbeddingSet
from sde_explorer.search import numbers, words
from tests.app.conftest import control, spiked
from tests.app.curriculum.test_page import replace_links, texts
from tests.app.search.conftest import altered, bodies, rows, settled
from tests.fixtures import picture_bytes

A_PIXEL_TOO_MANY = 24_500  # squared: 600 megapixels


def test_an_uploaded_picture_finds_itself_and_a_bad_one_is_one_sentence(open_page, coloured):
    at = open_page("retrieval", data=str(coloured), search="picture")
    upload = at.file_uploader(key="search_upload")
    settled(upload.set_value(("blue.png", picture_bytes("blue", kind="PNG"), "image/png")).run())
    data = EmbeddingSet.load(coloured)
    assert data.image_ids[rows(at, "before")[0]] == "blue"
    assert "1.000" in bodies(at)
    for name, content, why in (
        ("notes_*x*.txt", b"no picture", "not a picture"),
        ("huge.png", huge_png(), "at most 64 megapixels"),
        ("cut.webp", picture_bytes("red")[:60], "damaged"),
        ("empty.png", b"", "empty: it has no bytes"),
    ):
        at.file_uploader(key="search_upload").set_value((name, content, "image/png")).run()
        assert not at.exception
        assert why in at.error[0].value
        assert at.error[0].value.startswith(name.split("_")[0].split(".")[0])
        assert not rows(at, "before")
    control(at, "search_pick").set_value("pair").run()
    assert rows(settled(at), "after")


def huge_png() -> bytes:
    """A PNG of a few bytes whose header says 600 megapixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    size = struct.pack(">IIBBBBB", A_PIXEL_TOO_MANY, A_PIXEL_TOO_MANY, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    )


def test_an_empty_query_and_one_that_is_too_long(open_page, coloured):
    at = open_page("retrieval", data=str(coloured), query="   ")
    assert at.text_input[0].placeholder == words.PROMPT
    assert "Asked: the caption of picture" in bodies(at)
    long = "red blue " * 1_111
    at.text_input[0].set_value(long).run()
    settled(at)
    assert rows(at, "after")
    assert "keeps the first 16 tokens, which end at character" in texts(at)
    assert "`query` holds 9,999 characters, more than a link can carry" in texts(at)
    assert "query" not in at.query_params
    for text, why in (
        ("a " * 5_100, "at most 10,000 characters; got 10,199"),
        ("b" * 5_000, "at most 500 letters"),
    ):
        at.text_input[0].set_value(text).run()
        assert not at.exception
        assert why in at.error[0].value
        assert not rows(at, "before")


def test_bare_vectors_are_searched_by_their_pairs_only(open_page, spiked_folder):
    at = open_page("retrieval", data=str(spiked_folder))
    assert not at.exception
    assert not at.error
    assert words.NO_ENCODER in texts(at)
    assert at.text_input[0].disabled
    assert rows(at, "before")  # an answered query all the same
    next(b for b in at.button if b.label == "Take a pair of the set").click().run()
    settled(at)
    assert at.session_state["search"] == "pair"
    assert len(rows(at, "before")) >= numbers.N_HITS
    assert "caption &lt;b&gt;0&lt;/b&gt;" in bodies(at)
    assert "<b>0</b>" not in bodies(at).split('class="sde-hits bare"')[1]


def test_an_encoder_that_is_not_there_is_named_and_pairs_still_work(open_page, coloured, tmp_path):
    folder = altered(coloured, tmp_path / "set", encoder="/no/such/encoder")
    at = settled(open_page("retrieval", data=str(folder), query="red"))
    assert "/no/such/encoder" in at.error[0].value
    next(b for b in at.button if b.label == "Try again").click().run()
    assert "/no/such/encoder" in settled(at).error[0].value
    next(b for b in at.button if b.label == "Take a pair of the set").click().run()
    assert rows(settled(at), "after")
    assert not at.error


def test_an_encoder_that_changed_or_does_not_fit_is_said(open_page, coloured, tmp_path, tiny_encoder_folder):
    changed = altered(coloured, tmp_path / "changed", weights_sha256="0" * 64, transform="enhanced")
    at = settled(open_page("retrieval", data=str(changed), query="red"))
    assert any("than those that made this set (00000000)" in w.value for w in at.warning)
    assert any("were changed after the encoder" in w.value for w in at.warning)
    assert rows(at, "after")
    other = altered(spiked(60, 48).save(tmp_path / "a"), tmp_path / "b", encoder=str(tiny_encoder_folder))
    at = settled(open_page("retrieval", data=str(other), query="red"))
    assert "makes vectors of 16 numbers and this set has 48" in at.error[0].value
    assert not rows(at, "before")


def test_what_one_side_misses_leaves_the_other(open_page, tmp_path):
    apart = replace_links(spiked(40, 8), np.zeros((0, 2), dtype=np.int64)).save(tmp_path / "apart")
    at = settled(
        open_page("retrieval", data=str(apart), search="pair", find="captions", strong_mode="adversarial")
    )
    assert any("choose amplify or noise" in e.value for e in at.error)
    assert len(rows(at, "alone")) == numbers.N_HITS
    control(at, "find_pick").set_value("pictures").run()
    assert "no caption to search with" in texts(at)


@pytest.mark.parametrize("kind", ["three rows", "all equal"])
def test_degenerate_sets_are_searched_too(open_page, tmp_path, kind):
    x = np.random.default_rng(0).normal(size=(3, 6)) if kind == "three rows" else np.ones((20, 6))
    folder = EmbeddingSet.from_arrays(x.astype("f4"), x.astype("f4"), name="tiny").save(tmp_path / "tiny")
    at = settled(open_page("retrieval", data=str(folder), search="pair", pair="2"))
    assert rows(at, "after")
    if kind == "all equal":
        assert "stays at rank 10.5 of 20" in bodies(at)


@pytest.mark.parametrize(
    ("name", "value"), [("pair", "-1"), ("search", "magic"), ("find", "<b>"), ("pair", "999")]
)
def test_wild_link_values_are_named_and_the_rest_works(open_page, spiked_folder, name, value):
    at = open_page("retrieval", data=str(spiked_folder), **({"search": "pair"} | {name: value}))
    assert not at.exception
    said = at.warning[0].value
    assert f"`{name}` must" in said or "row 999 is not there: row 0 is shown instead" in said
