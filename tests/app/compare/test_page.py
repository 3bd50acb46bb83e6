"""The Compare view: choice of the second set, pairing, numbers against the library, bad input."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import streamlit as st

import sde_core as sde
from sde_core import EmbeddingSet
from sde_explorer.compare import download as compare_download
from sde_explorer.compare.cached import both as cached_compare
from sde_explorer.compare.cached import measured
from sde_explorer.compare.numbers import rows as compare
from sde_explorer.compare.numbers.rows import ENHANCED, PRUNED
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.intake.addresses import is_id, path_of
from sde_explorer.readings.cached import background
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.sets import entry_of
from sde_explorer.state import State, choices
from sde_explorer.ui.frame import MOST_LETTERS
from tests.app.conftest import card_numbers, control, settled, spiked
from tests.waiting import until

CHARTS = 7  # spectra, neighbours kept; in tabs CKA, two of angles, what only one separates, retrieval
LOOK = {"compare_look": "Whose company changed"}
PICTURE = 2  # of them above the tabs
LOOKS = choices("compare_look")


def said(at) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


def parameter(at, name: str) -> str:
    value = at.query_params[name]
    last = value if isinstance(value, str) else value[-1]
    return path_of(cached_sets.server_folder(), last) if is_id(last) else last


def charts(at) -> list:
    """Every figure of the view: those of the picture, and those of each tab, opened one after another."""
    found, opened = list(at.get("plotly_chart")), at.session_state["compare_look"]
    n_above = len(found)
    for look in LOOKS[1:]:
        found += list(tab(at, look).get("plotly_chart"))[n_above:]
    tab(at, opened)
    return found


def tab(at, look: str):
    at.session_state["compare_look"] = look
    return settled(at.run())


def turned(source: EmbeddingSet, width: int, *, noise: float = 0.3) -> EmbeddingSet:
    """The same items by another encoder: rotated into another width, with noise."""
    rng = np.random.default_rng(3)
    basis = np.linalg.qr(rng.normal(size=(max(width, source.width), min(width, source.width))))[0]
    basis = basis if width < source.width else basis.T
    image, text = (
        (x @ basis[: source.width, :width] + noise * rng.normal(size=(len(x), width))).astype(np.float32)
        for x in (source.image, source.text)
    )
    return replace(source, image=image, text=text)


def named(source: EmbeddingSet, ids) -> EmbeddingSet:
    return replace(source, image_ids=tuple(ids))


@pytest.fixture(scope="session")
def other_folder(tmp_path_factory):
    return turned(spiked(), 32).save(tmp_path_factory.mktemp("other") / "turned")


@pytest.mark.parametrize(
    ("transform", "kind"), [("none", ENHANCED), ("enhanced", ENHANCED), ("pruned", PRUNED)]
)
def test_without_a_choice_it_is_this_set_before_and_after(open_page, spiked_folder, transform, kind):
    at = settled(open_page("compare", data=str(spiked_folder), transform=transform))
    assert not at.exception
    assert not at.error
    assert "other" not in at.query_params  # nothing was chosen, and the link says so
    assert len(at.get("plotly_chart")) == PICTURE
    assert at.title[0].value.startswith("B spreads its energy ")
    assert re.search(r"(finds [\d.]+ points|finds as much)", at.title[0].value)
    assert len(at.title[0].value) <= MOST_LETTERS
    shown = card_numbers(at)
    at = settled(open_page("compare", data=str(spiked_folder), transform=transform, other=kind))
    assert card_numbers(at) == shown


def test_a_treatment_that_is_chosen_at_the_side_is_the_one_compared(open_page, spiked_folder):
    at = settled(open_page("compare", data=str(spiked_folder)))
    enhanced = card_numbers(at)
    control(at, "transform_pick").set_value("pruned").run()
    assert card_numbers(settled(at)) != enhanced
    assert "other" not in at.query_params


def test_only_the_open_tab_is_computed(open_page, spiked_folder):
    at = settled(open_page("compare", data=str(spiked_folder), compare_look="Whose company changed"))
    followed = at.session_state["followed_jobs"]
    assert {name.split()[1] for name in followed} == {"retrieval", "neighbours"}
    tab(at, "Same directions")
    assert {name.split()[1] for name in followed} == {"retrieval", "neighbours", "subspaces"}


def test_every_number_is_that_of_the_library(open_page, spiked_folder, other_folder):
    at = settled(open_page("compare", data=str(spiked_folder), other=str(other_folder)))
    assert not at.exception
    assert not at.error
    a, b = (EmbeddingSet.load(folder) for folder in (spiked_folder, other_folder))
    image_rank, text_rank, cka, kept, overlap, gap, forth, back = card_numbers(at)
    for numbers, modality in ((image_rank, "image"), (text_rank, "text")):
        expected = [sde.spectrum_metrics(sde.compute_spectrum(getattr(s, modality))) for s in (a, b)]
        assert numbers == [f"{metrics['effective_rank']:.1f}" for metrics in expected]
    assert cka == [f"{sde.linear_cka(getattr(a, m), getattr(b, m)):.2f}" for m in ("image", "text")]
    assert gap == [f"{sde.alignment_metrics(s.image, s.text)['modality_gap']:.2f}" for s in (a, b)]
    found = [sde.retrieval_metrics(s.image, s.text, s.links) for s in (a, b)]
    assert forth == [f"{100 * r['text_retrieval_recall@1']:.1f}\u00a0%" for r in found]
    assert back == [f"{100 * r['image_retrieval_recall@1']:.1f}\u00a0%" for r in found]
    assert all(float(number.split("\u00a0")[0]) > 30 for number in kept)  # of nearly the same space
    assert all(float(number.split("\u00a0")[0]) > 80 for number in overlap)
    shown = charts(at)
    assert len(shown) == CHARTS - 1
    assert "300 pictures** are in both, paired by row and **300 captions** by their words" in said(at)
    for chart in shown:
        assert "caption <b>" not in chart.proto.spec
        assert chart.proto.alt
    # instead of angles in feature space
    assert "A has 48 features where B has 32" in said(tab(at, "Same directions"))
    bodies = [e.proto.body for e in tab(at, "Whose company changed").get("html")]
    assert not any("caption <b>" in body for body in bodies)
    assert any("caption &lt;b&gt;" in body for body in bodies)


def test_some_rows_are_said_and_a_press_compares_all(open_page, tmp_path, monkeypatch):
    monkeypatch.setattr(measured, "MOST_ROWS", 100)
    a = spiked(seed=8)
    b = turned(a, 32)
    one, two = a.save(tmp_path / "one"), b.save(tmp_path / "two")
    at = settled(open_page("compare", data=str(one), other=str(two)))
    assert "seeded sample, 100 of 300, among which neighbours" in said(at)
    some = card_numbers(at)
    button = at.button(key="compare_all")
    assert re.fullmatch(r"Compare all rows, about \d+ s", button.label)
    button.click().run()
    until(lambda: not background._figures.active("figure"), 120)
    at = settled(at.run())
    assert not at.exception
    assert "seeded sample" not in said(at)
    assert "compare_all" not in {b.key for b in at.button}
    *ranks, cka, kept, overlap, _, forth, back = card_numbers(at)
    found = [sde.retrieval_metrics(s.image, s.text, s.links) for s in (a, b)]
    assert forth == [f"{100 * r['text_retrieval_recall@1']:.1f}\u00a0%" for r in found]
    assert back == [f"{100 * r['image_retrieval_recall@1']:.1f}\u00a0%" for r in found]
    assert cka == [f"{sde.linear_cka(getattr(a, m), getattr(b, m)):.2f}" for m in ("image", "text")]
    assert kept != some[3]
    assert [*ranks, overlap] == [*some[:2], some[4]]  # of all rows before


def test_swap_turns_both_around_and_keeps_the_part(open_page, spiked_folder, other_folder):
    at = settled(open_page("compare", data=str(spiked_folder), other=str(other_folder), part="split=test"))
    before = card_numbers(at)
    assert "100 pictures** are in both" in said(at)
    assert "Left out: 200 of B" in said(at)
    next(b for b in at.button if b.label == "Swap").click().run()
    settled(at)
    assert not at.exception
    assert parameter(at, "data") == str(other_folder)
    assert parameter(at, "other") == str(spiked_folder)
    assert parameter(at, "part") == "split=test"
    after = card_numbers(at)
    assert [after[i] for i in (0, 1, 5, 6, 7)] == [before[i][::-1] for i in (0, 1, 5, 6, 7)]
    assert after[2] == before[2]  # CKA knows no order


@pytest.mark.parametrize("other", [ENHANCED, PRUNED])
def test_the_set_itself_with_a_transform_needs_no_file(open_page, spiked_folder, other):
    at = settled(open_page("compare", data=str(spiked_folder), other=other, t="0.25"))
    assert not at.exception
    assert not at.error
    assert len(charts(at)) == CHARTS
    assert next(b for b in at.button if b.label == "Swap").disabled
    data = cached_sets.dataset(entry_of(spiked_folder, str(spiked_folder)))
    state = State(transform=compare.KINDS[other], t=0.25)
    moved = cached_curriculum.transform(data, state, "image")(data.embeddings.image)
    assert card_numbers(at)[2][0] == f"{sde.linear_cka(data.embeddings.image, moved):.2f}"
    # The map keeps every direction: it moves their sizes only.
    assert card_numbers(at)[4] == ["100\u00a0%", "100\u00a0%"]
    if other == ENHANCED:
        assert any("enhanced at t \\= 0.25" in c.help or "enhanced at t = 0.25" in c.help for c in at.caption)
        control(at, "t_slider").set_value(1.0).run()
        settled(at)
        assert parameter(at, "t") == "1.0"
        assert card_numbers(at)[2] == ["1.00", "1.00"]  # at the end of training little is left of it


def test_thresholds_move_the_subspaces_and_nothing_else(open_page, spiked_folder, other_folder):
    at = settled(open_page("compare", data=str(spiked_folder), other=str(other_folder)))
    before = card_numbers(at)
    control(at, "strong_slider").set_value(3.16).run()
    settled(at)
    assert not at.exception
    after = card_numbers(at)
    assert [b == a for b, a in zip(before, after, strict=True)] == [i != 4 for i in range(8)]


def test_captions_can_be_looked_at_instead_of_pictures(open_page, spiked_folder, other_folder):
    at = settled(
        open_page("compare", data=str(spiked_folder), other=str(other_folder), changed="text", **LOOK)
    )
    assert not at.exception
    assert any("sde-lines" in e.proto.body and "in both" in e.proto.body for e in at.get("html"))


def test_the_same_set_twice_says_so_and_shows_no_difference(open_page, spiked_folder):
    at = settled(open_page("compare", data=str(spiked_folder), other=str(spiked_folder)))
    assert not at.exception
    assert "A and B hold the same vectors" in said(at)
    numbers = card_numbers(at)
    assert numbers[2:5] == [["1.00", "1.00"], ["100\u00a0%", "100\u00a0%"], ["100\u00a0%", "100\u00a0%"]]
    assert all(n[0] == n[1] for n in (*numbers[:2], *numbers[5:]))
    assert "keep all of their neighbours" in said(tab(at, "Whose company changed"))


def test_a_set_that_vanished_is_one_sentence(open_page, spiked_folder, tmp_path):
    at = open_page("compare", data=str(spiked_folder), other=str(tmp_path / "gone"))
    assert not at.exception
    assert len(at.error) == 1
    assert "gone" in at.error[0].value
    at = open_page("compare", data="emoji", other="emoji", other_encoder="nobody")
    assert "has not been encoded by nobody" in at.error[0].value


def test_nothing_in_common_leaves_the_spectra(open_page, tmp_path):
    rows = {"one": named(spiked(60), (f"a{i}" for i in range(60)))}
    rows["two"] = named(spiked(40, seed=1), (f"b{i}" for i in range(40)))
    one, two = (made.save(tmp_path / name) for name, made in rows.items())
    at = settled(open_page("compare", data=str(one), other=str(two)))
    assert not at.exception
    assert not at.error
    assert "no id is in both, and the counts are 60 and 40" in at.warning[0].value
    assert len(at.get("plotly_chart")) == 1
    assert card_numbers(at)[2] == ["–"]


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_handful_of_rows_still_shows(open_page, tmp_path, rows):
    x = np.random.default_rng(0).normal(size=(rows, 5)).astype(np.float32)
    made = EmbeddingSet.from_arrays(x, x + 0.1, captions=list("abc")[:rows])
    one, two = made.save(tmp_path / "one"), replace(made, image=x[:, ::-1].copy()).save(tmp_path / "two")
    at = settled(open_page("compare", data=str(one), other=str(two)))
    assert not at.exception
    if rows < 3:
        assert "neighbourhoods must have at least 3 rows" in said(at)
    else:
        assert not at.error
        assert len(charts(at)) == CHARTS


@pytest.mark.parametrize("center", ["removed", "kept"])
@pytest.mark.parametrize("rank", [0, 1])
def test_sets_on_a_point_or_a_line_still_show(open_page, spiked_folder, tmp_path, rank, center):
    x = np.outer(np.arange(1.0, 301) if rank else np.ones(300), [1.0, 2.0, 2.0]).astype(np.float32)
    made = EmbeddingSet.from_arrays(x, x, captions=[f"caption <b>{i}</b>" for i in range(300)])
    at = settled(
        open_page("compare", data=str(spiked_folder), other=str(made.save(tmp_path / "x")), center=center)
    )
    assert not at.exception
    assert len(charts(at)) >= 4
    if not rank and center == "removed":
        assert "vectors of B are equal: there is no direction to compare" in said(at)


def test_one_modality_alone_is_compared_as_far_as_it_goes(open_page, spiked_folder, tmp_path):
    made = spiked()
    bare = replace(made, text=made.text[:0], links=made.links[:0], captions=())
    at = settled(open_page("compare", data=str(spiked_folder), other=str(bare.save(tmp_path / "bare"))))
    assert not at.exception
    assert "B has no captions: pictures alone are compared" in said(at)
    assert len(charts(at)) == CHARTS - 1  # no retrieval
    assert card_numbers(at)[1] == ["–"]


def test_half_precision_and_other_order_are_the_same_set(open_page, spiked_folder, tmp_path):
    made = named(spiked(), (f"id{i}" for i in range(300)))
    mixed = made.select(np.random.default_rng(0).permutation(300)[:290])
    mixed = replace(mixed, image=mixed.image.astype(np.float16), text=mixed.text.astype(np.float16))
    one, two = made.save(tmp_path / "one"), mixed.save(tmp_path / "two")
    at = settled(open_page("compare", data=str(one), other=str(two)))
    assert not at.exception
    assert "**290 pictures** are in both, paired by id and **290 captions** by their words" in said(at)
    assert "Left out: 10 of A" in said(at)
    assert card_numbers(at)[2] == ["1.00", "1.00"]


def test_the_file_holds_what_the_page_shows(spiked_folder, other_folder):
    data = cached_sets.dataset(entry_of(spiked_folder, str(spiked_folder)))
    state = State(data=str(spiked_folder), encoder="unknown", other=str(other_folder))
    common = cached_compare.common(data, state)
    job = measured.similarity(common)
    job.wait()
    reports = [tuple(cached_spectra.bands(side, state, ("image",))[0] for side in (common.a, common.b))]
    content = json.loads(compare_download.as_json(common, reports, [job], state))
    assert content["sets"]["B"]["fingerprint"] == common.b.fingerprint
    assert content["pairing"] == {
        "pictures": 300, "by": "row", "captions": 300, "left_out": {"A": 0, "B": 0},
    }  # fmt: skip
    assert content["measures"]["Comparing the spaces (CKA)"]["cka"][0][0] == 1
    assert len(content["spectra"][0]["B"]["values"]) == 32


# pairing


def test_pictures_pair_by_id_in_any_order():
    made = named(spiked(30), (f"id{i}" for i in range(30)))
    order = np.random.default_rng(0).permutation(30)[:20]
    found = compare.pair_images(made, made.select(order))
    assert found.by == "id"
    assert not found.note
    assert [made.image_ids[i] for i in found.first] == [made.select(order).image_ids[j] for j in found.second]
    assert sorted(found.first.tolist()) == sorted(order.tolist())


def test_row_numbers_are_no_ids():
    assert compare.pair_images(spiked(30), spiked(30, 20)).by == "row"
    assert not compare.pair_images(spiked(30), spiked(30, 20)).note
    refused = compare.pair_images(spiked(30), spiked(20))
    assert refused.by == ""
    assert "neither knows ids, and the counts are 30 and 20" in refused.note
    strange = compare.pair_images(named(spiked(30), (f"id{i}" for i in range(30))), spiked(30))
    assert strange.by == "row"
    assert "falls to its chance value" in strange.note


def test_captions_pair_by_words_by_row_or_by_picture():
    made = spiked(30)
    words = compare.pair_texts(made, replace(made, captions=made.captions[::-1]))
    assert (words.by, words.second.tolist()) == ("caption", list(range(29, -1, -1)))
    bare = replace(made, captions=("",) * 30)
    assert compare.pair_texts(bare, bare).by == "row"
    shared = replace(bare, text=bare.text[:15], captions=("",) * 15, links=bare.links // [2, 1])
    by_picture = compare.pair_texts(bare, shared)
    assert by_picture.by == "picture"
    assert len(set(by_picture.first)) == len(by_picture.first) == 15
    assert len(set(by_picture.second)) == 15


def test_the_cards_say_of_how_many_rows_they_are(open_page, spiked_folder, monkeypatch):
    at = settled(open_page("compare", data=str(spiked_folder)))
    assert "seeded sample" not in said(at)
    monkeypatch.setattr(measured, "MOST_ROWS", 120)
    st.cache_resource.clear()  # what was measured of all rows
    at = settled(open_page("compare", data=str(spiked_folder), t="0.1"))
    assert not at.exception
    assert "Ranks are of all rows; the rest is of a seeded sample, 120 of 300" in said(at)


def test_large_sets_are_compared_on_a_stated_sample():
    made = spiked(120)
    texts = compare.pair_texts(made, made)
    for modality in ("image", "text"):
        items = compare.items_of(made, texts, modality, 50)
        assert (len(items.first), items.total) == (50, 120)
    pairs = compare.pair_rows(made, texts, 50)
    assert (len(pairs.images), pairs.total) == (50, 120)
    np.testing.assert_array_equal(pairs.first, made.primary_text[pairs.images])
