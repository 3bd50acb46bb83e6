"""The search of the Retrieval view: what it shows, from the link."""

import numpy as np

import sde_core as sde
from sde_core import EmbeddingSet
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.search import numbers, words
from sde_explorer.state import State
from tests.app.conftest import control
from tests.app.search.conftest import bodies, listed, rows, settled


def ranking(gallery: np.ndarray, query: np.ndarray) -> np.ndarray:
    unit = [
        x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (gallery.astype(float), query.astype(float))
    ]
    return np.argsort(-(unit[0] @ unit[1]), kind="stable")


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


def test_what_an_earlier_widget_reports_once_more_is_not_taken():
    from streamlit.testing.v1 import AppTest

    def script() -> None:
        import streamlit as st

        from sde_explorer.ui.session import put
        from sde_explorer.ui.widget_keys import store_choice, widget_key

        assert widget_key("query_text", "query", "") == ("query_text", "")
        st.session_state["query_text"] = ""  # an empty box, before an example was clicked
        put(query="typed")
        assert widget_key("query_text", "query", "typed") == ("query_text 1", "typed")
        store_choice("query_text", "query_text")
        first = st.session_state["query"]
        st.session_state["query_text 1"] = "more"
        store_choice("query_text", "query_text 1")
        st.write(first, st.session_state["query"])

    at = AppTest.from_function(script).run()
    assert not at.exception
    assert at.markdown[0].value == "typed more"
