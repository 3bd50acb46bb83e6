"""The parts of the Spectrum view below its spectra: matrices, batches, chance, bootstrap, cone, metrics, rules."""

import base64
from typing import get_args

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import sde_core as sde
from sde_core import EmbeddingSet
from sde_explorer.readings import metrics as numbers_metrics
from sde_explorer.readings.matrices import Matrix, sides_of
from sde_explorer.spectrum.numbers import batches as numbers_batches
from sde_explorer.spectrum.numbers import centring as numbers_centring
from sde_explorer.spectrum.state import Section, Spectra
from tests.app.conftest import band_counts, card_numbers, control, figure_sent, settled

SECTION_CHARTS = {
    "Is it noise?": ["bulk_chart"],
    "Energy and cone": ["energy_chart", "centring_chart"],
    "Batches": ["batches_chart"],
    "Metrics": [],
    "Rules": [],
    "Files": [],
}


def _said(at: AppTest) -> str:
    return "\n".join(m.value for m in at.markdown)


@pytest.mark.parametrize("spectra", get_args(Spectra))
@pytest.mark.parametrize("section", get_args(Section))
def test_every_part_shows_every_kind_of_spectrum(open_page, spiked_folder, section, spectra):
    at = settled(open_page("spectrum", data=str(spiked_folder), section=section, spectra=spectra))
    assert not at.exception
    assert not at.error
    charts = [chart.key for chart in at.get("plotly_chart")]
    assert charts == SECTION_CHARTS[section]
    counts = band_counts(at)
    assert counts[0] == 6, "the planted directions"
    assert sum(counts) == (96 if spectra == "by modality" else 48)
    if section == "Metrics":
        assert len(card_numbers(at)) == 11
        assert "…" not in str(card_numbers(at))


def test_a_batch_of_the_link_is_the_seeded_batch_of_the_library(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), batch="64", seed="5")
    embeddings = EmbeddingSet.load(spiked_folder)
    rows = np.sort(np.random.default_rng(5).permutation(300)[:64])
    expected = []
    for x in (embeddings.image[rows], embeddings.text[embeddings.primary_text[rows]]):
        spectrum = sde.compute_spectrum(x)
        own = sde.partition_spectrum(spectrum)
        expected += [own.n_strong, own.n_weak, own.n_noise]
    assert band_counts(at) == expected
    assert figure_sent(at)["panels"][0]["size"] == "64 × 48"
    next(b for b in at.button if b.label == "Draw others").click().run()
    assert at.session_state["seed"] == 6
    control(at, "batch_pick").set_value(0).run()
    assert at.session_state["batch"] == 0
    assert figure_sent(at)["panels"][0]["size"] == "300 × 48"


def test_a_batch_larger_than_the_set_is_said_and_everything_is_shown(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), batch="100000")
    assert not at.exception
    assert "fewer than the 100,000 of the link" in "\n".join(c.value for c in at.caption)
    assert band_counts(at) == band_counts(open_page("spectrum", data=str(spiked_folder)))


@pytest.mark.parametrize("name", ["spectra", "overlay", "section"])
def test_wild_choices_are_named_and_the_default_is_used(open_page, spiked_folder, name):
    at = open_page("spectrum", data=str(spiked_folder), **{name: "<b>7</b>"})
    assert not at.exception
    assert f"`{name}` must be one of" in at.warning[0].value


@pytest.mark.parametrize("overlay", ["chance", "bootstrap", "none"])
def test_the_band_around_the_spectra_is_the_one_chosen(open_page, spiked_folder, overlay):
    at = settled(open_page("spectrum", data=str(spiked_folder), overlay=overlay))
    assert not at.exception
    band = figure_sent(at)["panels"][0]["overlay"]
    name = band["name"] if band else ""
    assert name == {"chance": "shuffled columns", "bootstrap": "90 % bootstrap", "none": ""}[overlay]
    if band:
        low, high = (np.frombuffer(base64.b64decode(band[end])) for end in ("low", "high"))
        assert np.all(low <= high)
        assert len(low) == 48


@pytest.mark.parametrize("section", get_args(Section))
@pytest.mark.parametrize("spectra", ["by modality", "cross"])
def test_three_equal_rows_and_rank_one_break_nothing(open_page, tmp_path, section, spectra):
    rng = np.random.default_rng(0)
    few = rng.normal(size=(3, 8)).astype(np.float32)
    thin = np.outer(rng.normal(size=40), rng.normal(size=8)).astype(np.float32)
    for name, rows in (("few", few), ("thin", thin), ("equal", np.ones((5, 8), np.float32))):
        folder = EmbeddingSet.from_arrays(rows, rows, name=name).save(tmp_path / name)
        at = settled(open_page("spectrum", data=str(folder), section=section, spectra=spectra))
        assert not at.exception, (name, section, spectra)


def test_the_cone_s_share_is_measured():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 12)) + np.array([3.0] + [0.0] * 11)
    found = numbers_centring.centring((x,), "image")
    mean = x.mean(axis=0)
    assert found.cone_of_all == pytest.approx(500 * mean @ mean / (x**2).sum())
    u = np.linalg.svd(x)[2][0]
    assert found.cone_of_first == pytest.approx(500 * (mean @ u) ** 2 / ((x @ u) @ (x @ u)))


def test_larger_batches_of_one_seed_contain_the_smaller_ones(spiked_folder):
    embeddings = EmbeddingSet.load(spiked_folder)
    small, large = (sides_of(embeddings, Matrix(kind="image", batch=size, seed=3))[0] for size in (32, 64))
    assert {row.tobytes() for row in small} <= {row.tobytes() for row in large}
    assert numbers_batches.batch_sizes(embeddings) == (32, 64, 128, 256, 300)


def test_every_metric_differs_from_its_control_where_its_subject_is_there():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 24))
    image = shared + 0.2 * rng.normal(size=(400, 24)) + 2.0
    text = shared + 0.2 * rng.normal(size=(400, 24)) - 2.0
    found = {reading.key: reading for reading in numbers_metrics.row_readings(image, text)}
    assert found["cone"].values["image"] > 0.2
    assert abs(found["cone"].control["image"]) < 0.05
    assert found["modality_gap"].values[""] > 5 * found["modality_gap"].control[""]
    assert found["alignment"].values[""] < found["alignment"].control[""]
    assert found["two_nn"].values["image"] < found["two_nn"].control["image"]
