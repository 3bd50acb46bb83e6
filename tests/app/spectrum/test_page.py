import json

import pytest

import sde_core as sde
from sde_core import EmbeddingSet
from sde_core.partition import Bands
from sde_core.vocabulary import BANDS
from sde_explorer.spectrum.clicks import threshold_clicked
from sde_explorer.spectrum.downloads import as_csv, as_json
from sde_explorer.spectrum.figures.spectrum import spectrum_figure
from sde_explorer.spectrum.numbers import export as numbers_export
from sde_explorer.state import DEFAULT
from sde_explorer.ui import words
from tests.app.conftest import band_counts, control


def test_the_planted_directions_are_found_and_shown(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder))
    assert not at.exception
    strong_image, _, noise_image, strong_text, _, noise_text = band_counts(at)
    assert (strong_image, strong_text) == (6, 6)
    assert noise_image + noise_text >= 80
    assert [chart.key for chart in at.get("plotly_chart")] == ["spectrum_chart", "bands_chart", "bulk_chart"]
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
    assert "moved by hand" in "\n".join(m.value for m in at.markdown)
    next(b for b in at.button if b.label == "Reset to rule").click().run()
    assert band_counts(at) == before


def test_a_strong_threshold_below_the_noise_threshold_is_raised_to_it(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), noise="3.0", strong="0.1")
    assert not at.exception
    assert band_counts(at)[1] == band_counts(at)[4] == 0
    assert "was raised to it" in "\n".join(m.value for m in at.markdown)


def test_the_link_restores_the_view(open_page, spiked_folder):
    link = {
        "data": str(spiked_folder),
        "noise": "0.8",
        "strong": "1.5",
        "center": "kept",
        "show": "text",
        "unit": "share",
        "xscale": "log",
    }
    at = open_page("spectrum", **link)
    assert not at.exception
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


def test_a_click_moves_the_nearer_threshold_just_above_the_direction(spiked_folder):
    spectrum = sde.compute_spectrum(EmbeddingSet.load(spiked_folder).image)
    own = sde.partition_spectrum(spectrum)
    report = Bands.of(spectrum, own, modality="image")
    points = [t for t in spectrum_figure([report]).data if t.mode == "markers"]
    for trace, name, index in ((points[2], "noise", -3), (points[0], "strong", 2)):
        moved = threshold_clicked([{"customdata": list(trace.customdata[index])}], DEFAULT)
        assert moved is not None
        assert moved[0] == name
        as_sent = {str(i): value for i, value in enumerate(trace.customdata[index])}
        assert threshold_clicked([{"customdata": as_sent}], DEFAULT) == moved
        after = Bands.of(spectrum, own, modality="image").moved(**{name: moved[1]})
        rank = int(trace.customdata[index][0])
        assert (after.labels[rank - 2], after.labels[rank - 1]) == ((1, 2) if name == "noise" else (0, 1))


@pytest.mark.parametrize("data", [None, [], [1, 2, 3], [1, 2, 3, None, None], [1, 2, 3, float("nan"), 0.0]])
def test_a_click_that_says_nothing_moves_nothing(data):
    assert threshold_clicked([{"customdata": data}], DEFAULT) is None
    assert threshold_clicked([], DEFAULT) is None


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
