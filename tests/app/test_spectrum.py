import json

import pytest

import sde_core as sde
from app import analysis
from app.components import words
from sde_core import EmbeddingSet


def _bands(at) -> list[int]:
    return at.dataframe[0].value["directions"].tolist()


def test_the_planted_directions_are_found_and_shown(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder))
    assert not at.exception
    strong_image, _, noise_image, strong_text, _, noise_text = _bands(at)
    assert (strong_image, strong_text) == (6, 6)
    assert noise_image + noise_text >= 80
    assert len(at.get("plotly_chart")) == 3
    assert "Marchenko-Pastur fits the bulk" in "\n".join(c.value for c in at.caption)


def test_moved_thresholds_move_the_bands_and_reset_brings_them_back(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder))
    before = _bands(at)
    at.number_input(key="noise").set_value(0.8).run()
    moved = _bands(at)
    assert moved[2] < before[2]
    assert at.select_slider(key="noise_slider").value == pytest.approx(0.8, rel=0.05)
    at.select_slider(key="strong_slider").set_value(10.0).run()
    assert _bands(at)[0] == 0
    assert at.number_input(key="strong").value == 10.0
    assert "moved by hand" in "\n".join(m.value for m in at.markdown)
    next(b for b in at.button if b.label == "Reset to rule").click().run()
    assert _bands(at) == before


def test_a_strong_threshold_below_the_noise_threshold_is_raised_to_it(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), noise="3.0", strong="0.1")
    assert not at.exception
    assert _bands(at)[1] == _bands(at)[4] == 0


def test_the_link_restores_the_view(open_page, spiked_folder):
    link = {
        "data": str(spiked_folder),
        "noise": "0.8",
        "strong": "1.5",
        "center": "none",
        "show": "text",
        "logx": "true",
    }
    at = open_page("spectrum", **link)
    assert not at.exception
    assert at.number_input(key="noise").value == 0.8
    assert at.dataframe[0].value["modality"].unique().tolist() == ["text"]
    embeddings = EmbeddingSet.load(spiked_folder)
    spectrum = sde.compute_spectrum(embeddings.text, center=None)
    own = sde.partition_spectrum(spectrum)
    report = analysis.band_report("text", spectrum, own, noise_factor=0.8, strong_factor=1.5)
    assert _bands(at) == [report.count(band) for band in analysis.BANDS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("noise", "1e9"),
        ("noise", "nan"),
        ("strong", "<script>"),
        ("rule", "magic"),
        ("center", "7"),
        ("show", "all"),
    ],
)
def test_wild_link_values_are_named_and_the_default_is_used(open_page, spiked_folder, name, value):
    at = open_page("spectrum", data=str(spiked_folder), **{name: value})
    assert not at.exception
    assert len(at.warning) >= 1
    assert f"`{name}` must" in at.warning[0].value
    assert _bands(at) == _bands(open_page("spectrum", data=str(spiked_folder)))


def test_every_rule_shows_or_says_what_it_misses(open_page, spiked_folder):
    for rule in sde.rule_names():
        if rule != "manual":
            at = open_page("spectrum", data=str(spiked_folder), rule=rule)
            assert not at.exception, rule
            assert sum(_bands(at)) == 96, rule


def test_downloads_hold_what_is_shown(spiked_folder):
    embeddings = EmbeddingSet.load(spiked_folder)
    spectrum = sde.compute_spectrum(embeddings.image)
    report = analysis.band_report("image", spectrum, sde.partition_spectrum(spectrum))
    rows = analysis.as_rows([report])
    assert [r["singular_value"] for r in rows] == spectrum.singular_values.tolist()
    assert rows[-1]["cumulative_energy"] == pytest.approx(1.0)
    content = json.loads(json.dumps(analysis.as_json([report], {"rule": "mp-iqr"}), allow_nan=False))
    assert content["spectra"]["image"]["bands"]["strong"]["directions"] == report.count("strong")


def test_words_agree_with_the_numbers(spiked_folder):
    embeddings = EmbeddingSet.load(spiked_folder)
    spectrum = sde.compute_spectrum(embeddings.image)
    report = analysis.band_report("image", spectrum, sde.partition_spectrum(spectrum))
    assert f"{report.count('strong')} strong directions" in words.spectrum_story([report], moved=False)
    half = int((report.energy.cumsum() < 0.5).sum()) + 1
    assert f"{half} directions hold half" in words.energy_story([report])
    assert words.percent(0.004) == "0.4 %"
    assert words.percent(0.5) == "50 %"
