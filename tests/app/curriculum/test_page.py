"""The Curriculum view: what it shows, from the link, with what is bad, and the numbers behind it."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core import EmbeddingSet
from sde_core.partition import Bands
from sde_explorer.curriculum import cached as cached_curriculum
from sde_explorer.curriculum import words
from sde_explorer.curriculum.certificate_table import certificate_table
from sde_explorer.curriculum.numbers import certificate as numbers_certificate
from sde_explorer.curriculum.numbers.certificate import N_ROWS
from sde_explorer.curriculum.transform_download import as_file, as_zip
from sde_explorer.readings import gains as numbers_gains
from sde_explorer.readings.cached import sets as cached_sets
from sde_explorer.readings.cached import spectra as cached_spectra
from sde_explorer.state import State
from sde_explorer.url_values import numbers_as_text
from tests.app.conftest import control, spiked


def texts(at) -> str:
    kinds = ("markdown", "caption", "info", "error", "warning")
    return "\n".join(e.value for kind in kinds for e in getattr(at, kind))


def parts(folder: Path, modality: str = "image", center: str = "mean"):
    embeddings = EmbeddingSet.load(folder)
    spectrum = sde.compute_spectrum(getattr(embeddings, modality), center=center)
    bands = Bands.of(spectrum, sde.partition_spectrum(spectrum), modality=modality)
    return embeddings, spectrum, bands


# --- the view --------------------------------------------------------------------------------------------


def test_the_view_shows_gains_certificate_and_modes(open_page, spiked_folder):
    at = open_page("curriculum", data=str(spiked_folder))
    assert not at.exception
    assert not at.error
    assert not at.warning
    assert len(at.get("plotly_chart")) == 3
    assert at.title[0].value.startswith("At t = 0.00 strong image directions × 1.50, vectors move by 0.")
    assert "α is 0.500" in texts(at)
    at = open_page("curriculum", data=str(spiked_folder), curriculum_part="Strong band")
    assert len(at.get("plotly_chart")) == 2
    at = open_page("curriculum", data=str(spiked_folder), curriculum_part="Guarantees")
    assert "All 12 measured values stay within their bounds." in texts(at)
    assert "[P]" in texts(at)
    assert len([e for e in at.get("html") if "sde-certificate" in e.proto.body]) == 1


def test_the_title_says_how_far_the_vectors_move(spiked_folder):
    embeddings, spectrum, bands = parts(spiked_folder)
    report = numbers_gains.gain_report(spectrum, bands, 0.2, sde.CurriculumConfig())
    rows = numbers_certificate.sampled_coordinates(embeddings, "image", spectrum)
    certified = numbers_certificate.certificate_report(spectrum, bands, 0.2, sde.CurriculumConfig(), rows)
    line = next(line for line in certified.lines if line.name == "relative_change")
    moved = f"vectors move by {line.measured:.2f} of the bound's {line.bound:.2f}"
    assert words.finding([report], kind="enhanced").endswith(moved)


def test_a_moved_moment_moves_everything_that_depends_on_it(open_page, spiked_folder):
    at = open_page("curriculum", data=str(spiked_folder), curriculum_part="Guarantees")
    table = [e.proto.body for e in at.get("html")]
    control(at, "t_slider").set_value(1.0).run()
    assert "At t = 1.00, α is 0.050" in texts(at)
    assert [e.proto.body for e in at.get("html")] != table
    control(at, "strong_mode_pick").set_value("noise").run()
    assert "Bound 5 is not claimed here" in texts(at)
    assert "All 10 measured values" in texts(at)


def test_the_link_restores_the_view(open_page, spiked_folder):
    link = {
        "t": "0.3", "rho": "0.6", "alpha_start": "0.4", "alpha_end": "0.1", "schedule": "linear", "warmup": "0.1",
        "strong_mode": "adversarial", "noise": "0.8", "show": "text", "followed": numbers_as_text((1, 2)),
    }  # fmt: skip
    at = open_page("curriculum", data=str(spiked_folder), **link)
    assert not at.exception
    assert not at.warning
    embeddings = EmbeddingSet.load(spiked_folder)
    state = State(
        t=0.3, rho=0.6, alpha_start=0.4, alpha_end=0.1, schedule="linear", warmup=0.1, strong_mode="adversarial",
        noise=0.8, show="text",
    )  # fmt: skip
    data = cached_sets.Dataset(embeddings, ())
    (report,) = cached_curriculum.gains(data, state, ("text",))
    assert report.alpha == pytest.approx(0.4 - (0.3 - 0.1) / 0.9 * 0.3)
    assert words.moment_lead([report], kind="enhanced") in texts(at)
    assert words.moment_bands([report]) in texts(at)
    assert control(at, "followed_pick").value == [1, 2]


def test_pruning_needs_no_curriculum(open_page, spiked_folder):
    at = open_page("curriculum", data=str(spiked_folder), transform="pruned")
    assert not at.exception
    assert "Noise directions are set to 0" in texts(at)
    assert control(at, "t_slider").disabled
    assert "energy 4" not in texts(at).split("noise")[-1]
    assert ":gray[**noise**] × 0.00" in texts(at)


@pytest.mark.parametrize(
    ("name", "value"),
    [("t", "2"), ("t", "nan"), ("rho", "0"), ("alpha_end", "1e9"), ("schedule", "magic"), ("transform", "<b>"),
     ("strong_mode", ""), ("followed", "x!")],
)  # fmt: skip
def test_wild_link_values_are_named_and_the_default_is_used(open_page, spiked_folder, name, value):
    at = open_page("curriculum", data=str(spiked_folder), **{name: value})
    assert not at.exception
    assert f"`{name}` must" in at.warning[0].value
    assert "At t = 0.00, α is 0.500" in texts(at)


@pytest.mark.parametrize("kind", ["three rows", "rank 1", "all equal"])
def test_degenerate_sets_are_shown_or_named(open_page, tmp_path, kind):
    rng = np.random.default_rng(0)
    rows = {
        "three rows": rng.normal(size=(3, 6)),
        "rank 1": np.outer(rng.normal(size=20), rng.normal(size=6)),
        "all equal": np.ones((20, 6)),
    }[kind].astype(np.float32)
    folder = EmbeddingSet.from_arrays(rows, rows + 0, name="tiny").save(tmp_path / "tiny")
    for mode in ("amplify", "adversarial"):
        at = open_page("curriculum", data=str(folder), strong_mode=mode, curriculum_part="Guarantees")
        assert not at.exception
        assert not at.error
        if kind == "all equal":
            assert "All vectors are equal" in texts(at)
        else:
            assert "measured values stay within" in texts(at)


def test_without_pairs_the_adversarial_mode_says_what_it_misses_and_the_rest_works(open_page, tmp_path):
    whole = spiked(40, 8)
    apart = replace_links(whole, np.zeros((0, 2), dtype=np.int64))
    folder = apart.save(tmp_path / "apart")
    at = open_page("curriculum", data=str(folder), curriculum_part="Strong band")
    assert not at.exception
    assert any("at least 2 pairs; got 0" in w.value for w in at.warning)
    assert len(at.get("plotly_chart")) == 2
    at = open_page("curriculum", data=str(folder), strong_mode="adversarial")
    assert not at.exception
    assert any("choose amplify or noise" in e.value for e in at.error)


def replace_links(embeddings: EmbeddingSet, links) -> EmbeddingSet:
    fields = {
        name: getattr(embeddings, name)
        for name in ("image", "text", "image_ids", "captions", "metadata", "name")
    }
    return EmbeddingSet(links=links, **fields)


# --- the numbers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["amplify", "noise", "adversarial"])
@pytest.mark.parametrize("warmup", [0.0, 0.2])
def test_every_moment_holds_the_gains_of_the_library(spiked_folder, mode, warmup):
    _, spectrum, bands = parts(spiked_folder)
    config = sde.CurriculumConfig(strong=mode, warmup=warmup, rho=0.7)
    ascent = torch.linspace(-1, 1, spectrum.rank, dtype=torch.float64)
    report = numbers_gains.gain_report(spectrum, bands, 0.35, config, ascent=ascent)
    partition = sde.partition_spectrum(spectrum)
    for i in (0, 4, 20, 40):
        t = float(report.moments[i])
        generator = torch.Generator().manual_seed(2 * round(1000 * t))
        expected = sde.enhancement_gains(spectrum, partition, t, config, generator=generator, ascent=ascent)
        # alpha(t) / alpha(t0) instead of alpha(t): two roundings of numbers below 1.
        np.testing.assert_allclose(report.gains[i], expected.numpy(), rtol=0, atol=1e-15)
    assert np.abs(report.now - 1).max() <= report.amount + 1e-15


def test_noise_is_drawn_anew_for_every_moment_and_alike_for_the_same(spiked_folder):
    _, spectrum, bands = parts(spiked_folder)
    config = sde.CurriculumConfig(strong="noise", schedule="constant")
    first, again = (numbers_gains.gain_report(spectrum, bands, 0.5, config) for _ in range(2))
    np.testing.assert_array_equal(first.gains, again.gains)
    strong = first.labels == 0
    assert len(np.unique(first.gains[:, strong][:, 0])) > 10
    other = replace(bands, modality="text")
    assert not np.array_equal(numbers_gains.gain_report(spectrum, other, 0.5, config).now, first.now)


def test_a_curriculum_of_zero_changes_nothing_and_is_certified(spiked_folder):
    embeddings, spectrum, bands = parts(spiked_folder)
    config = sde.CurriculumConfig(start=0.0, end=0.0)
    report = numbers_gains.gain_report(spectrum, bands, 0.5, config)
    np.testing.assert_array_equal(report.gains, 1.0)
    rows = numbers_certificate.sampled_coordinates(embeddings, "image", spectrum)
    found = numbers_certificate.certificate_report(spectrum, bands, 0.5, config, rows)
    assert found.holds
    assert [line.tightness for line in found.lines][:4] == [0.0] * 4


def test_the_certificate_measures_what_the_vectors_do(spiked_folder):
    embeddings, spectrum, bands = parts(spiked_folder)
    config = sde.CurriculumConfig()
    rows = numbers_certificate.sampled_coordinates(embeddings, "image", spectrum)
    assert len(rows) == min(N_ROWS, embeddings.n_images)
    found = numbers_certificate.certificate_report(spectrum, bands, 0.2, config, rows)
    gains = numbers_gains.gains_at(spectrum, bands, 0.2, config)
    # All rows are in the sample here, so that measuring on the rows themselves gives the same.
    expected = sde.certify(gains, spectrum, embeddings.image)
    for line in found.lines[:5]:
        assert line.measured == pytest.approx(expected.bounds[line.name].measured, rel=1e-6)
        assert 0 < line.tightness <= 1 + 1e-9
    assert found.lines[5].bound == pytest.approx(sde.step_bound(0.2, 0.25, config))
    table = certificate_table([found])
    assert f"{100 * found.lines[0].measured:.1f}\u00a0%" in table
    assert numbers_certificate.certificate_report(spectrum, bands, 1.0, config, rows).steps == (1.0, 0.95)


def test_the_adversarial_mode_raises_the_loss_that_it_asked(spiked_folder):
    from sde_core.losses import info_nce

    data = cached_sets.Dataset(EmbeddingSet.load(spiked_folder), ())
    state = State(strong_mode="adversarial", alpha_start=0.05)
    image, text = (torch.from_numpy(np.array(x)) for x in data.embeddings.paired())
    losses = {}
    for mode in ("adversarial", "amplify"):
        maps = [
            cached_curriculum.fitted(data, replace(state, strong_mode=mode), m) for m in ("image", "text")
        ]
        losses[mode] = float(info_nce(maps[0](image), maps[1](text), temperature=0.01))
    assert losses["adversarial"] > losses["amplify"]


def test_the_transform_of_the_page_is_the_file_that_is_saved(spiked_folder, tmp_path):
    data = cached_sets.Dataset(EmbeddingSet.load(spiked_folder), ())
    assert cached_curriculum.transform(data, State(), "image") is None
    state = State(transform="pruned")
    pruned = cached_curriculum.transform(data, state, "image")
    assert pruned is not None
    path = tmp_path / "transform.safetensors"
    path.write_bytes(as_file(pruned))
    loaded = sde.SpectralTransform.load(path)
    vectors = torch.from_numpy(np.array(data.embeddings.image))
    torch.testing.assert_close(loaded(vectors), pruned(vectors), rtol=0, atol=0)
    (report,) = cached_spectra.bands(data, state, ("image",))
    after = sde.compute_spectrum(loaded(vectors))
    # Noise directions are gone up to float32's rounding of the rows that come back.
    assert int((after.singular_values > 1e-5 * after.singular_values[0]).sum()) == (report.labels < 2).sum()
    enhanced = cached_curriculum.transform(data, State(transform="enhanced", t=0.5), "text")
    (gains,) = cached_curriculum.gains(data, State(t=0.5), ("text",))
    np.testing.assert_array_equal(enhanced.gains.numpy(), gains.now[gains.now != 1])


def test_both_maps_are_a_folder_that_the_command_line_reads(spiked_folder, tmp_path):
    from sde_core.treatments.treatment import load_treatment

    data = cached_sets.Dataset(EmbeddingSet.load(spiked_folder), ())
    state = State(data="spiked", transform="enhanced", t=0.2)
    with zipfile.ZipFile(io.BytesIO(as_zip(data, state, "map"))) as archive:
        archive.extractall(tmp_path)
    loaded = load_treatment(tmp_path / "map")
    expected = cached_curriculum.fitted(data, state, "text")(np.asarray(data.embeddings.text))
    np.testing.assert_array_equal(loaded(data.embeddings).text, expected)
    assert loaded.facts["parameters"]["t"] == 0.2
    assert loaded.facts["image"]["n_strong"] == 6
    assert loaded.facts["text"]["certificate"]["bounds"]["relative_change"]["measured"] > 0


def test_a_moved_threshold_moves_the_gains(spiked_folder):
    data = cached_sets.Dataset(EmbeddingSet.load(spiked_folder), ())
    (before,) = cached_curriculum.gains(data, State(), ("image",))
    (after,) = cached_curriculum.gains(data, State(noise=0.8), ("image",))
    assert (before.labels == 2).sum() > (after.labels == 2).sum()
    assert not np.array_equal(before.now, after.now)
