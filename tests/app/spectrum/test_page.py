import base64
import json
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core import EmbeddingSet
from sde_core.partition import Bands
from sde_core.report.words import bands_finding
from sde_core.vocabulary import BANDS
from sde_explorer.spectrum.downloads import as_csv, as_json
from sde_explorer.spectrum.numbers import export as numbers_export
from sde_explorer.state import DEFAULT
from sde_explorer.ui import words
from sde_explorer.ui.frame import MOST_LETTERS
from tests.app.conftest import band_counts, control, figure_sent, settled


def test_the_planted_directions_are_found_and_shown(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder))
    assert not at.exception
    strong_image, _, noise_image, strong_text, _, noise_text = band_counts(at)
    assert (strong_image, strong_text) == (6, 6)
    assert noise_image + noise_text >= 80
    assert [panel["name"] for panel in figure_sent(at)["panels"]] == ["image", "text"]
    assert [chart.key for chart in at.get("plotly_chart")] == ["bulk_chart"]
    assert "Marchenko-Pastur fits the bulk" in "\n".join(i.value for i in at.info)


def test_moved_thresholds_move_the_bands_and_reset_brings_them_back(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder))
    before = band_counts(at)
    control(at, "noise_number").set_value(0.8).run()
    moved = band_counts(at)
    assert moved[2] < before[2]
    assert control(at, "noise_slider").value == pytest.approx(0.8, rel=0.05)
    control(at, "strong_slider").set_value(10.0).run()
    assert band_counts(at)[0] == 0
    assert control(at, "strong_number").value == 10.0
    assert "moved by hand" in "\n".join(c.value for c in at.caption)
    next(b for b in at.button if b.label == "Reset to rule").click().run()
    assert band_counts(at) == before


def test_a_strong_threshold_below_the_noise_threshold_is_raised_to_it(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), noise="3.0", strong="0.1")
    assert not at.exception
    assert band_counts(at)[1] == band_counts(at)[4] == 0
    assert "was raised to it" in "\n".join(c.value for c in at.caption)


def test_the_link_restores_the_view(open_page, spiked_folder):
    link = {
        "data": str(spiked_folder),
        "noise": "0.8",
        "strong": "1.5",
        "center": "kept",
        "show": "text",
        "unit": "share",
        "xscale": "log",
        "names": ["text 2 <b>flags</b>", "image 1 faces"],
    }
    at = open_page("spectrum", **link)
    assert not at.exception
    [panel] = figure_sent(at)["panels"]  # the names that people gave are shown where the pointer rests
    assert panel["names"][1] == "<b>flags</b>"
    assert "faces" not in panel["names"]
    assert control(at, "noise_number").value == 0.8
    assert not at.warning
    embeddings = EmbeddingSet.load(spiked_folder)
    spectrum = sde.compute_spectrum(embeddings.text, center=None)
    own = sde.partition_spectrum(spectrum)
    report = Bands.of(spectrum, own, modality="text").moved(noise=0.8, strong=1.5)
    assert band_counts(at) == [report.count(band) for band in BANDS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("noise", "1e9"),
        ("noise", "nan"),
        ("strong", "<script>"),
        ("rule", "magic"),
        ("center", "7"),
        ("show", "all"),
        ("unit", "percent"),
        ("yscale", ""),
    ],
)
def test_wild_link_values_are_named_and_the_default_is_used(open_page, spiked_folder, name, value):
    at = open_page("spectrum", data=str(spiked_folder), **{name: value})
    assert not at.exception
    assert len(at.warning) >= 1
    assert f"`{name}` must" in at.warning[0].value
    assert band_counts(at) == band_counts(open_page("spectrum", data=str(spiked_folder)))


def test_every_rule_shows_or_says_what_it_misses(open_page, spiked_folder):
    for rule in sde.rule_names():
        if rule != "manual":
            at = open_page("spectrum", data=str(spiked_folder), rule=rule)
            assert not at.exception, rule
            assert sum(band_counts(at)) == 96, rule


def test_downloads_hold_what_is_shown(spiked_folder):
    embeddings = EmbeddingSet.load(spiked_folder)
    spectrum = sde.compute_spectrum(embeddings.image)
    report = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="image")
    rows = numbers_export.as_rows([report])
    assert [r["singular_value"] for r in rows] == spectrum.singular_values.tolist()
    assert rows[-1]["cumulative_energy"] == pytest.approx(1.0)
    content = json.loads(json.dumps(numbers_export.as_json([report], {"rule": "mp-iqr"}), allow_nan=False))
    assert content["spectra"]["image"]["bands"]["strong"]["directions"] == report.count("strong")


def test_files_are_whole_and_say_where_they_come_from(spiked_folder):
    embeddings = EmbeddingSet.load(spiked_folder)
    spectrum = sde.compute_spectrum(embeddings.image)
    report = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="image")
    assert len(as_csv([report]).splitlines()) == 1 + spectrum.rank
    content = json.loads(as_json([report], DEFAULT, embeddings))
    assert content["parameters"]["fingerprint"] == embeddings.fingerprint
    assert content["parameters"]["rule"] == "mp-iqr"
    assert set(content["provenance"]) >= {"encoder", "weights_sha256", "pairs_fingerprint"}


@pytest.mark.parametrize("spectra", ["by modality", "joint", "cross"])
def test_the_browser_gets_the_numbers_of_the_library(open_page, spiked_folder, spectra):
    at = open_page("spectrum", data=str(spiked_folder), noise="0.8", spectra=spectra)
    settled(at)
    sent = figure_sent(at)
    assert sent["factors"] == {"noise": 0.8, "strong": 1.0}
    embeddings = EmbeddingSet.load(spiked_folder)
    first = sent["panels"][0]
    spectrum = {
        "by modality": lambda: sde.compute_spectrum(embeddings.image),
        "joint": lambda: sde.compute_joint_spectrum(embeddings.image, embeddings.text),
        "cross": lambda: sde.compute_cross_spectrum(embeddings.image, embeddings.text),
    }[spectra]()
    values = np.frombuffer(base64.b64decode(first["values"]))
    np.testing.assert_allclose(values, spectrum.singular_values.numpy(), rtol=1e-12)
    if spectra != "cross":
        own = sde.partition_spectrum(spectrum)
        assert first["own"] == {"noise": own.tau_noise, "strong": own.tau_strong}


def test_the_title_follows_the_thresholds(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder))
    assert at.title[0].value.startswith("6 of 48 image directions carry ")
    control(at, "noise_number").set_value(3.0).run()
    assert figure_sent(at)["factors"] == {"noise": 3.0, "strong": 1.0}
    strong, _, noise, *_ = band_counts(at)
    assert at.title[0].value.startswith(f"{strong} of 48 image directions carry ")
    assert f"; {noise} " in at.title[0].value
    control(at, "strong_number").set_value(10.0).run()
    assert at.title[0].value.startswith("No image direction stands out")


@pytest.mark.parametrize(
    ("counts", "doubtful", "modality", "said"),
    [
        ((9, 72, 111), False, "image", "9 of 192 image directions carry 34 % of the energy; 111 look like noise"),
        ((1, 84, 107), False, "text", "1 of 192 text directions carries 34 % of the energy; 107 look like noise"),
        ((0, 84, 108), False, "text", "No text direction stands out: 84 of 192 are weak, 108 look like noise"),
        ((0, 0, 192), False, "joint", "No joint direction stands out: 192 look like noise"),
        ((9, 182, 1), True, "image", "9 of 192 image directions carry 34 % of the energy; 1 lies below the noise edge"),
        ((9, 183, 0), False, "image", "9 of 192 image directions carry 34 % of the energy; none looks like noise"),
        ((9, 0, 5), False, "cross", "9 of 14 shared directions carry 34 % of the energy; 5 are no more than chance"),
    ],
)  # fmt: skip
def test_the_title_is_the_finding(counts, doubtful, modality, said):
    total = sum(counts)
    energy = np.full(total, 0.66 / max(total - counts[0], 1))
    energy[: counts[0]] = 0.34 / max(counts[0], 1)
    rows = np.random.default_rng(0).normal(size=(400, 60)) * (np.geomspace(4, 0.2, 60) if doubtful else 1.0)
    spectrum = sde.compute_spectrum(rows)
    found = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality=modality)
    assert found.edge_is_doubtful == doubtful
    report = replace(
        found, values=np.linspace(2, 1, total), labels=np.repeat([0, 1, 2], counts), energy=energy
    )
    assert bands_finding(report).replace("\u00a0", " ") == said
    assert len(said) <= MOST_LETTERS


def test_a_doubtful_edge_leads_to_the_other_rules(open_page, tmp_path):
    x = (np.random.default_rng(0).normal(size=(400, 60)) * np.geomspace(4, 0.2, 60)).astype(np.float32)
    folder = EmbeddingSet.from_arrays(x, x, name="decaying").save(tmp_path / "decaying")
    at = open_page("spectrum", data=str(folder))
    assert "below the noise edge" in at.title[0].value
    at.button(key="compare_rules").click().run()
    assert at.session_state["section"] == "Rules"
    assert not at.get("plotly_chart"), "the tab of the rules is the open one"


def test_the_rule_is_not_offered_where_shuffled_pairs_judge(open_page, spiked_folder):
    for spectra in ("by modality", "joint", "cross"):
        at = open_page("spectrum", data=str(spiked_folder), spectra=spectra)
        said = "\n".join(c.value for c in at.sidebar.caption)
        assert control(at, "rule_pick").disabled == (spectra == "cross")
        assert ("Judged by shuffled pairs" in said) == (spectra == "cross")


def test_words_agree_with_the_numbers(spiked_folder):
    embeddings = EmbeddingSet.load(spiked_folder)
    spectrum = sde.compute_spectrum(embeddings.image)
    report = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="image")
    assert f"{report.count('strong')}\u00a0strong directions" in words.plain(words.spectrum_story([report]))
    half = int((report.energy.cumsum() < 0.5).sum()) + 1
    assert f"{half} directions hold half" in words.energy_story([report])
    assert words.percent(0.004) == "0.4\u00a0%"
    assert words.percent(0.5) == "50\u00a0%"
    assert words.percent(1e-5) == "<\u00a00.1\u00a0%"
