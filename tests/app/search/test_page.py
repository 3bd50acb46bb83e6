"""The search of the Retrieval view: what it shows, from the link, with what is bad, and the numbers behind it."""

import re
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core import EmbeddingSet
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.jobs import JobQueue
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.search import cached as cached_search
from sde_explorer.search import numbers, words
from sde_explorer.state import State
from tests.app.conftest import control, spiked
from tests.app.curriculum.test_page import replace_links, texts
from tests.fixtures import picture_bytes
from tests.waiting import until

COLOURS = (
    "red",
    "green",
    "blue",
    "white",
    "black",
    "yellow",
    "purple",
    "orange",
    "brown",
    "pink",
    "gray",
    "teal",
)
A_PIXEL_TOO_MANY = 24_500  # squared: 600 megapixels


@pytest.fixture(scope="module")
def coloured(tmp_path_factory, tiny_encoder_folder) -> Path:
    """A dozen coloured squares encoded by the tiny encoder, one caption with HTML."""
    folder = tmp_path_factory.mktemp("coloured")
    for colour in COLOURS:
        (folder / f"{colour}.webp").write_bytes(picture_bytes(colour))
        (folder / f"{colour}.txt").write_text(f"a {colour} <b>square</b>\n")
    made = sde.encode_pairs(sde.load_encoder(tiny_encoder_folder), sde.open_pairs(folder))
    return made.save(tmp_path_factory.mktemp("sets") / "coloured")


def settled(at):
    """Run until no encoder is loaded and nothing indexed any more; what is measured below goes on."""
    until(lambda: not waits(at) or not waits(at.run()))
    assert not at.exception
    return at


def waits(at) -> bool:
    return any(e.proto.text.startswith(("**Encoder", "**Index")) for e in at.get("progress"))


def listed(at, side: str) -> list[tuple[int, str]]:
    """Row and mark of every result on one side, in order."""
    body = next((e.proto.body for e in at.get("html") if f'data-side="{side}"' in e.proto.body), "")
    items = body.partition(f'data-side="{side}"')[2].partition("</ol>")[0]
    return [
        (int(row), mark) for row, mark in re.findall(r'data-row="(\d+)"[^>]*>(?:<div>)?<b>(.*?)</b>', items)
    ]


def rows(at, side: str) -> list[int]:
    return [row for row, _ in listed(at, side)]


def bodies(at) -> str:
    return "\n".join(e.proto.body for e in at.get("html"))


def altered(folder: Path, target: Path, **origin: str) -> Path:
    """The same set with another provenance."""
    found = EmbeddingSet.load(folder)
    return replace(found, provenance=replace(found.provenance, **origin)).save(target)


def ranking(gallery: np.ndarray, query: np.ndarray) -> np.ndarray:
    unit = [
        x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (gallery.astype(float), query.astype(float))
    ]
    return np.argsort(-(unit[0] @ unit[1]), kind="stable")


# --- the view --------------------------------------------------------------------------------------------


def test_the_sample_opens_with_three_examples_that_one_click_runs(open_page):
    at = open_page("retrieval", part="split=val")  # fewer pictures to measure below the search
    assert not at.exception
    assert not at.warning
    assert [b.label for b in at.button if (b.key or "").startswith("example")] == list(
        words.EXAMPLES["emoji"]
    )
    at.button(key="example 0").click().run()
    settled(at)
    assert at.text_input[0].value == "a red heart"
    assert "".join(at.query_params["query"]) == "a red heart"
    assert len(rows(at, "before")) == len(rows(at, "after")) == numbers.N_HITS
    embeddings = cached_sets.dataset(cached_sets.entries_of("emoji")[0], ("split=val",)).embeddings
    assert all("heart" in embeddings.captions_of(row)[0] for row in rows(at, "before")[:3])
    assert "of the first 8 pictures" in bodies(at) or "the same 8 pictures" in bodies(at)


def test_a_typed_text_gives_what_the_library_gives_on_both_sides(open_page, coloured, tiny_encoder_folder):
    at = settled(open_page("retrieval", data=str(coloured), query="something blue", t="0.2", noise="0.7"))
    assert not at.error
    assert not at.warning
    data = cached_sets.Dataset(EmbeddingSet.load(coloured), ())
    query = sde.load_encoder(tiny_encoder_folder).encode_texts(["something blue"]).numpy()
    shown = numbers.N_HITS
    before = ranking(data.embeddings.image, query[0])
    np.testing.assert_array_equal(rows(at, "before"), before[:shown])
    maps = [cached_curriculum.fitted(data, State(t=0.2, noise=0.7), m) for m in ("image", "text")]
    after = ranking(maps[0](np.asarray(data.embeddings.image)), maps[1](query)[0])
    np.testing.assert_array_equal(rows(at, "after"), after[:shown])
    assert [mark for _, mark in listed(at, "after")] == [
        f"{i + 1} {words.change_mark(i + 1, before.tolist().index(row) + 1)}"
        for i, row in enumerate(after[:shown])
    ]


def test_every_control_changes_what_comes_back(open_page, coloured):
    at = settled(open_page("retrieval", data=str(coloured), query="a red car"))
    before, after = rows(at, "before"), bodies(at)
    control(at, "transform_pick").set_value("pruned").run()
    settled(at)
    assert at.session_state["transform"] == "pruned"
    assert control(at, "t_slider").disabled
    assert rows(at, "before") == before
    assert bodies(at) != after
    control(at, "find_pick").set_value("captions").run()
    settled(at)
    assert 'class="sde-texts"' in bodies(at)
    assert "a red &lt;b&gt;square&lt;/b&gt;" in bodies(at)
    assert "<b>square" not in bodies(at)
    at.text_input[0].set_value("<script>alert(1)</script>").run()
    settled(at)
    assert len(rows(at, "after")) == numbers.N_HITS
    assert "&lt;script&gt;" in bodies(at)
    assert "<script>" not in bodies(at)


def test_the_right_answer_of_a_caption_and_of_a_pair_is_marked_and_ranked_as_in_the_table(
    open_page, coloured
):
    at = settled(open_page("retrieval", data=str(coloured), query=" A  green <b>SQUARE</b>"))
    data = cached_sets.Dataset(EmbeddingSet.load(coloured), ())
    row = data.embeddings.image_ids.index("green")
    typed = [(side, listed(at, side)) for side in ("before", "after")]
    for side, found in typed:
        assert [r for r, mark in found if "✓" in mark] == [row], side
    at = settled(open_page("retrieval", data=str(coloured), search="pair", pair=str(row)))
    sides = [data.embeddings.image, data.embeddings.text]
    ranks = []
    for maps in (
        (np.asarray, np.asarray),
        [cached_curriculum.fitted(data, State(), m) for m in ("image", "text")],
    ):
        image, text = (f(np.asarray(x)) for f, x in zip(maps, sides, strict=True))
        found = sde.retrieval_ranks(image, text, data.embeddings.links)
        ranks.append(int(found.image_retrieval.best_rank[data.embeddings.primary_text[row]]))
    for side, expected in zip(("before", "after"), ranks, strict=True):
        marked = next(mark for r, mark in listed(at, side) if r == row)
        assert marked.endswith("✓")
        assert marked.split(" ")[0] == str(expected)
    assert "<b>The right picture</b>" in bodies(at)
    assert f"rank {ranks[1]} of" in bodies(at)


def test_another_pair_is_drawn_and_its_picture_finds_captions(open_page, coloured):
    at = settled(open_page("retrieval", data=str(coloured), search="pair", find="captions"))
    assert "Asked: picture 0" in bodies(at)
    first = at.session_state["pair"]
    next(b for b in at.button if b.label == "Another at random").click().run()
    settled(at)
    assert at.session_state["pair"] != first
    assert "<b>The right caption</b>" in bodies(at)
    assert "".join(at.query_params["pair"]) == str(at.session_state["pair"])


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


# --- bad input -------------------------------------------------------------------------------------------


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


# --- the numbers -----------------------------------------------------------------------------------------


def test_what_an_inexact_index_does_not_know_is_not_invented():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3_000, 8)).astype("f4")
    query = torch.from_numpy(x[:1])
    whole = numbers.search(sde.build_index(x), query)
    part = numbers.search(sde.build_index(x, exact_rows=100), query)
    assert len(whole.rows) == 3_000
    assert len(part.rows) < 3_000
    far = whole.rows[-1:]
    assert whole.best_rank(far) == 3_000
    assert part.best_rank(far) is None
    found = numbers.compare(whole, part, far)
    assert (found.right_before, found.right_after, found.best_after) == (3_000.0, None, None)
    assert "it is not among the first" in words.comparison_story(found, "pictures")
    assert found.after[0].other == 1


def test_ranks_count_ties_half_and_other_right_answers_not():
    found = numbers.Found(
        rows=np.array([4, 2, 0, 1, 3]), cosines=np.array([0.9, 0.5, 0.5, 0.5, 0.1], "f4"), n_gallery=5
    )
    assert found.best_rank(np.array([2])) == 3.0
    assert found.best_rank(np.array([3, 4])) == 1.0
    assert found.best_rank(np.array([0, 1, 2])) == 2.0
    assert found.ranks().tolist() == [3, 4, 2, 5, 1]


@pytest.mark.parametrize("name", ["t", "rho", "noise", "strong", "center", "schedule", "transform"])
def test_another_transform_is_another_index(name):
    from sde_explorer.search.cached import transform_key

    other = {"t": 0.5, "rho": 0.5, "noise": 0.5, "strong": 2.0, "center": "kept", "schedule": "step",
             "transform": "pruned"}[name]  # fmt: skip
    assert transform_key(replace(State(), **{name: other})) != transform_key(State())
    assert transform_key(State(transform="enhanced")) == transform_key(State())
    assert transform_key(State(transform="pruned", t=0.5)) == transform_key(State(transform="pruned"))


def test_what_an_earlier_widget_reports_once_more_is_not_taken():
    from streamlit.testing.v1 import AppTest

    def script() -> None:
        import streamlit as st

        from sde_explorer.ui.own_keys import own_key, take
        from sde_explorer.ui.session import put

        assert own_key("query_text", "query", "") == ("query_text", "")
        st.session_state["query_text"] = ""  # an empty box, before an example was clicked
        put(query="typed")
        assert own_key("query_text", "query", "typed") == ("query_text 1", "typed")
        take("query_text", "query_text")
        first = st.session_state["query"]
        st.session_state["query_text 1"] = "more"
        take("query_text", "query_text 1")
        st.write(first, st.session_state["query"])

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert at.markdown[0].value == "typed more"


def test_a_set_that_is_read_where_it_lies_answers_as_one_that_is_copied(
    open_page, spiked_folder, monkeypatch
):
    found = []
    for most in (cached_search.EXACT_ROWS, 100):
        monkeypatch.setattr(cached_search, "EXACT_ROWS", most)
        monkeypatch.setattr(cached_search, "_indices", JobQueue())
        at = settled(open_page("retrieval", data=str(spiked_folder), search="pair", pair="7"))
        assert not at.exception
        found.append((rows(at, "before"), rows(at, "after")))
    assert found[0] == found[1]
    assert found[0][1]


def test_a_disk_without_room_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(sde.DataError, match="has no room for the transformed vectors"):
        numbers.on_disk((2, 2), tmp_path / "file")
    assert numbers.on_disk((2, 2), tmp_path / "new").tolist() == [[0, 0], [0, 0]]
    assert list((tmp_path / "new").iterdir()) == []
