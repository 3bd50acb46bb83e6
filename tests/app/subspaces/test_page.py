import csv
import io
import json
import re

import numpy as np
import pytest

import sde_core as sde
from sde_core import EmbeddingSet
from sde_explorer.jobs import queue
from sde_explorer.readings.cached import energies as cached_energies
from sde_explorer.readings.cached import pictures as cached_pictures
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.sets import SetEntry
from sde_explorer.state import State
from sde_explorer.subspaces import picked
from sde_explorer.subspaces.numbers import maps
from sde_explorer.ui.pointer import card_of
from tests.app.conftest import card_numbers, control, settled
from tests.waiting import until

CHARTS = {"Directions": 3, "Pair energies": 1, "Map": 1}  # a direction has its null and its coefficients too


def _said(at) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


def _entry(folder) -> SetEntry:
    return SetEntry(
        data=str(folder), encoder="x", folder=str(folder), stamp=1, pairs_fingerprint="", weights=""
    )


@pytest.fixture
def data(spiked_folder) -> cached_sets.Dataset:
    return cached_sets.dataset(_entry(spiked_folder))


@pytest.mark.parametrize("look", CHARTS)
def test_every_part_shows(open_page, spiked_folder, look):
    at = open_page("subspaces", data=str(spiked_folder), look=look)
    assert not at.exception
    assert not at.error
    assert len(at.get("plotly_chart")) == CHARTS[look]
    if look == "Directions":
        _, correlation, _, _ = card_numbers(at)
        assert float(correlation[0]) > 0.9  # planted: shared by both modalities
        assert "pictures of this set are not on this machine" in _said(at)
        pages = [e.proto.body for e in at.get("html")]
        assert any("caption &lt;b&gt;" in page for page in pages)
        assert not any("caption <b>" in page for page in pages)
    if look == "Map":
        assert "All 600 pictures and captions" in _said(at)
    for chart in at.get("plotly_chart"):
        assert "caption <b>" not in chart.proto.spec
        assert "data:image" not in chart.proto.spec
        assert chart.proto.alt


def test_a_direction_is_chosen_by_number_slider_step_and_jump(open_page, spiked_folder):
    at = open_page("subspaces", data=str(spiked_folder))
    assert at.button(key="direction_previous").disabled
    control(at, "direction_number").set_value(20).run()
    assert control(at, "direction_slider").value == 20
    noise = card_numbers(at)
    assert abs(float(noise[1][0].replace("\u2212", "-"))) < 0.3
    at.button(key="direction_next").click().run()
    assert control(at, "direction_number").value == 21
    at.button(key="direction_correlation").click().run()
    best = control(at, "direction_number").value
    assert best <= 6
    assert at.query_params.get("direction", ["1"]) == [str(best)]
    control(at, "direction_slider").set_value(48).run()
    assert at.button(key="direction_next").disabled
    assert not at.exception


@pytest.mark.parametrize("basis", ["image", "text", "joint", "cross"])
def test_every_basis_is_read(open_page, spiked_folder, basis):
    at = open_page("subspaces", data=str(spiked_folder), basis=basis, direction="2")
    assert not at.exception
    assert not at.error
    numbers = card_numbers(at)
    assert float(numbers[1][0]) > 0.9
    assert (numbers[2] == ["–"]) == (basis == "cross")


def test_the_link_restores_every_part(open_page, spiked_folder):
    link = {"basis": "text", "direction": "3", "noise": "0.8", "pairs": "image-signal", "map_of": "image"}
    link |= {"data": str(spiked_folder), "map_colour": "split", "rows": "0-2.2"}
    at = open_page("subspaces", **link)
    assert not at.exception
    assert not at.warning
    assert control(at, "direction_number").value == 3
    at = open_page("subspaces", look="Map", **link)
    assert control(at, "map_colour_pick").value == "split"
    assert "4 of 300 pictures" in _said(at)
    assert "All 300 pictures." in _said(at)
    spec = json.loads(at.get("plotly_chart")[-2].proto.spec)  # the map; the composition comes last
    assert [trace["name"] for trace in spec["data"]] == ["test", "train", "val"]
    # Rows 0, 1, 2 and 5: the split turns train, test, val.
    assert [trace["selectedpoints"] for trace in spec["data"]] == [[0], [0], [0, 1]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("direction", "0"),
        ("direction", "x"),
        ("basis", "mine"),
        ("map", "t-SNE"),
        ("rows", "!"),
        ("pairs", ""),
    ],
)
def test_wild_link_values_are_named_and_the_default_is_used(open_page, spiked_folder, name, value):
    at = open_page("subspaces", data=str(spiked_folder), **{name: value})
    assert not at.exception
    assert f"`{name}` must" in at.warning[0].value
    assert len(at.get("plotly_chart")) == CHARTS["Directions"]
    assert at.run().warning  # a run that the page asks for says it again
    control(at, "noise_number").set_value(1.2).run()
    assert not at.warning


def test_what_another_set_had_is_cut_to_this_one(open_page, spiked_folder):
    link = {"data": str(spiked_folder), "direction": "4000", "map_colour": "species", "rows": "zz.5"}
    at = open_page("subspaces", **link)
    assert not at.exception
    assert control(at, "direction_number").value == 48
    at = open_page("subspaces", look="Map", **link)
    assert not at.exception
    assert "no column “species”" in at.warning[0].value
    assert "Draw around points" in _said(at)  # rows that this set does not have pick nothing


@pytest.mark.parametrize(
    ("look", "follows"), [("Directions", [True, False, False]), ("Pair energies", [True]), ("Map", [True])]
)
def test_thresholds_move_the_bands_of_directions_pairs_and_map(open_page, spiked_folder, look, follows):
    at = open_page("subspaces", data=str(spiked_folder), map_colour="noise energy", look=look)
    specs = [chart.proto.spec for chart in at.get("plotly_chart")]
    control(at, "noise_slider").set_value(0.794).run()
    assert not at.exception
    moved = [chart.proto.spec for chart in at.get("plotly_chart")]
    assert [a != b for a, b in zip(specs, moved, strict=True)] == follows
    next(b for b in at.button if b.label == "Reset to rule").click().run()
    assert [chart.proto.spec for chart in at.get("plotly_chart")] == specs


def test_energies_agree_with_the_library(data):
    for center in ("removed", "kept"):
        state = State(center=center, noise=0.7)
        [report] = cached_spectra.bands(data, state, ("text",))
        spectrum = cached_spectra.spectrum(data, "text", center)
        shares = sde.energy_shares(data.embeddings.text, spectrum).numpy()
        found = cached_energies.band_shares(data, state, "text")
        np.testing.assert_allclose(found[:, 0], shares[:, report.labels == 0].sum(axis=1), atol=1e-5)
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_energies_of_a_large_set_are_the_same_without_keeping_them(data, monkeypatch):
    state = State(noise=0.93)
    kept = cached_energies.band_shares(data, state, "image")
    monkeypatch.setattr("sde_explorer.readings.cached.energies.KEPT_ENTRIES", 10)
    monkeypatch.setattr("sde_explorer.readings.cached.energies._BLOCK_ROWS", 64)
    fresh = cached_energies.band_shares(data, State(noise=0.93, strong=1.0 + 1e-12), "image")
    np.testing.assert_allclose(fresh, kept, atol=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_handful_of_rows_still_shows(open_page, tmp_path, rows):
    x = np.random.default_rng(0).normal(size=(rows, 5)).astype(np.float32)
    folder = EmbeddingSet.from_arrays(x, x + 0.1, captions=list("abc")[:rows]).save(tmp_path / "few")
    for link in ({}, {"center": "kept", "basis": "joint"}, {"basis": "cross", "map_of": "text"}):
        for look in CHARTS:
            at = open_page("subspaces", data=str(folder), rows="0", look=look, **link)
            assert not at.exception, (link, look)


@pytest.mark.parametrize("center", ["removed", "kept"])
@pytest.mark.parametrize("rank", [0, 1])
def test_sets_on_a_point_or_a_line_still_show(open_page, tmp_path, rank, center):
    x = np.outer(np.arange(1.0, 21) if rank else np.ones(20), [1.0, 2.0, 2.0]).astype(np.float32)
    folder = EmbeddingSet.from_arrays(x, x).save(tmp_path / "line")
    for look in CHARTS:
        at = open_page("subspaces", data=str(folder), center=center, look=look)
        assert not at.exception
        assert not at.error


def test_a_set_without_pairs_says_what_it_cannot_show(open_page, tmp_path):
    x = np.random.default_rng(0).normal(size=(30, 6)).astype(np.float32)
    none = np.zeros((0, 2), np.int64)
    folder = EmbeddingSet.from_arrays(x, x[:20], none).save(tmp_path / "apart")
    at = open_page("subspaces", data=str(folder))
    assert not at.exception
    assert card_numbers(at)[1] == ["–"]
    at = open_page("subspaces", data=str(folder), look="Pair energies")
    assert "there are no pairs to compare" in _said(at)
    at = open_page("subspaces", data=str(folder), basis="joint")
    assert "no picture of this set has a caption" in at.error[0].value
    at = open_page("subspaces", data=str(folder), look="Map")
    assert len(at.get("plotly_chart")) == 1


def test_a_rule_that_misses_something_is_one_sentence_and_thresholds_stay(open_page, tmp_path):
    x = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)
    folder = EmbeddingSet.from_arrays(x, x).save(tmp_path / "few")
    at = open_page("subspaces", data=str(folder), rule="cross-modal")
    assert not at.exception
    assert "paired must have at least 8 rows" in at.error[0].value
    control(at, "rule_pick").set_value("energy").run()
    assert not at.error


def test_a_umap_is_laid_out_once_and_can_be_stopped(open_page, spiked_folder):
    at = open_page("subspaces", data=str(spiked_folder), map="UMAP", map_of="image", look="Map")
    assert not at.exception
    [job] = queue.active("map")
    assert "UMAP of 300 pictures" in at.get("progress")[0].proto.text
    job.cancel()
    assert job.wait(120)
    at.run()
    assert "stopped" in _said(at)
    next(b for b in at.button if b.label == "Lay it out").click().run()
    [again] = queue.active("map")
    assert again is not job
    assert again.wait(120)
    at.run()
    assert len(at.get("plotly_chart")) == CHARTS["Map"]
    assert "seed 0" in _said(at)
    # Another process finds the file.
    queue.forget(again.key)
    at = open_page("subspaces", data=str(spiked_folder), map="UMAP", map_of="image", look="Map")
    assert len(at.get("plotly_chart")) == CHARTS["Map"]
    assert queue.find(again.key) is not again


def test_a_umap_of_too_few_is_one_sentence(open_page, tmp_path):
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    folder = EmbeddingSet.from_arrays(x, x).save(tmp_path / "few")
    at = open_page("subspaces", data=str(folder), map="UMAP", look="Map")
    until(lambda: at.error or at.run().error)
    assert "at least 8 rows" in at.error[0].value
    assert not at.exception


def test_a_map_of_many_is_drawn_from_all_of_them(open_page, spiked_folder, monkeypatch):
    monkeypatch.setattr(maps, "MOST_POINTS", 100)
    for of, count, first in (("both", 600, 0), ("text", 300, 300)):
        at = open_page("subspaces", data=str(spiked_folder), look="Map", map_of=of, rows="5")
        settled(at)  # it is being laid out
        assert not at.exception
        found = [e.proto for e in at.get("bidi_component") if e.proto.component_name.endswith("point_map")]
        [sent] = json.loads(found[0].json)
        assert (sent["n"], sent["first"]) == (count, first)
        assert sent["picked"]["count"] == count // 300
        assert f"All {count}" in _said(at)


def test_files_hold_all_that_is_picked(data):
    state = State(rows=(3, 7))
    lines = list(csv.DictReader(io.StringIO(picked.as_csv(data, state, [3, 7]))))
    assert [line["id"] for line in lines] == ["3", "7"]
    assert lines[0]["caption"] == "caption <b>3</b>"
    assert sum(float(lines[0][f"image {band}"]) for band in ("strong", "weak", "noise")) == pytest.approx(
        1, abs=1e-5
    )
    content = json.loads(picked.as_json(data, state, [3, 7]))
    assert [pair["row"] for pair in content["pairs"]] == [3, 7]
    assert content["parameters"]["fingerprint"] == data.fingerprint
    assert content["pairs"][0]["split"] in ("train", "test", "val")


def test_cards_say_what_a_point_is_and_refuse_what_is_none(data):
    state = State()
    picture, caption = card_of(data, state, 5), card_of(data, state, 305)
    assert (picture["title"], caption["title"]) == ("Picture", "Caption")
    assert picture["text"] == caption["text"] == "caption <b>5</b>"
    assert picture["picture"] is None  # it is not on this machine
    assert sum(share for _, share, _ in picture["bars"]) == pytest.approx(1, abs=1e-5)
    assert re.fullmatch(r"strong \d+% · weak \d+% · noise \d+%", caption["numbers"])
    assert card_of(data, state, 600) is None
    assert card_of(data, state, -1) is None


def test_small_pictures_are_made_of_those_that_are_there():
    data = cached_sets.dataset(cached_sets.entries_of("clipart")[0])
    card = card_of(data, State(data="clipart"), 0)
    assert card["picture"].startswith("data:image/webp;base64,")
    assert len(card["picture"]) < 20_000
    assert cached_pictures.thumbnail("", "nobody") is None


def test_pictures_are_picked_by_words_too(open_page, data, spiked_folder):
    from sde_explorer.subspaces.numbers.selection import rows_with_words

    word = data.embeddings.captions_of(3)[0].split()[0]
    found = rows_with_words(data.embeddings, word.upper())
    assert 3 in found
    for row in range(data.embeddings.n_images):
        holds = any(word.casefold() in caption.casefold() for caption in data.embeddings.captions_of(row))
        assert (row in found) == holds
    assert rows_with_words(data.embeddings, "  ") == []
    at = open_page("subspaces", data=str(spiked_folder), look="Map")
    at.text_input(key="pick_words").set_value(word).run()
    assert not at.exception
    assert at.session_state["rows"] == tuple(found)
    next(b for b in at.button if b.label == "Let go").click().run()
    assert not at.exception
    assert at.session_state["rows"] == ()
    at.text_input(key="pick_words").set_value("no such words").run()
    assert "No caption holds all of these words." in _said(at)
