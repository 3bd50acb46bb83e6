"""One number, one meaning: overview, number files, Compare, report and commands say the same, or what differs."""

import json
import re

import numpy as np
import pytest

from sde_core import EmbeddingSet
from sde_core.cli.main import main
from sde_core.geometry.alignment import alignment_metrics
from sde_core.report.content import make_content
from sde_core.report.spec import ReportSpec, SetSpec
from sde_core.vocabulary import BANDS
from sde_explorer.compare.numbers.measures import compared_retrieval
from sde_explorer.compare.numbers.rows import pair_rows, pair_texts
from sde_explorer.readings.headline import Headline, aligned, recall
from sde_explorer.retrieval.numbers.parts import parts_of
from sde_explorer.retrieval.words import half_story
from sde_explorer.share.numbers.tables import number_tables
from tests.app.conftest import card_numbers, open_page, spiked  # noqa: F401  (a fixture)

WAYS = ("image_retrieval", "text_retrieval")


@pytest.fixture(scope="module")
def twice() -> EmbeddingSet:
    """Two captions an image, so that the gallery matters."""
    made = spiked(240)
    again = made.text + np.random.default_rng(1).normal(size=made.text.shape).astype(np.float32) / 2
    return EmbeddingSet(
        image=made.image,
        text=np.concatenate([made.text, again]),
        links=np.concatenate([made.links, made.links + np.array([[made.n_texts, 0]])]),
        image_ids=made.image_ids,
        captions=[f"caption {i}" for i in range(2 * made.n_texts)],
        metadata=made.metadata,
        name="twice",
    )


@pytest.fixture(scope="module")
def folder(twice, tmp_path_factory):
    return twice.save(tmp_path_factory.mktemp("one") / "twice")


@pytest.fixture
def said(capsys):
    def run(*arguments: str):
        assert main([*arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture(scope="module")
def content(twice):
    sets = (SetSpec(embeddings="twice"),)
    spec = ReportSpec(sets=sets, title="one", captions="primary", treatments=("sde-pruned",))
    [found] = make_content(spec, {"twice": twice})["sets"]
    return found


def test_bands_and_ranks_are_those_of_command_and_report(twice, folder, said, content):
    for spectrum in said("spectrum", str(folder))["spectra"]:
        facts = content["modalities"][spectrum["modality"]]
        assert facts["tau_noise"] == pytest.approx(spectrum["tau_noise"], rel=1e-9)
        for name, value in spectrum["metrics"].items():
            assert facts["metrics"][name] == pytest.approx(value, rel=1e-6), name
        for band in BANDS:
            assert facts["bands"][band]["directions"] == spectrum[f"n_{band}"]
            assert facts["bands"][band]["energy_share"] == pytest.approx(
                spectrum[f"{band}_energy_share"], abs=1e-9
            )


def test_recall_is_that_of_the_command_wherever_the_whole_set_asks(twice, folder, said):
    [row] = said("evaluate", "--embeddings", str(folder), "--captions", "primary")
    here = recall(twice)
    assert here.n_texts == row["n_texts"] == twice.n_images
    pairs = pair_rows(twice, pair_texts(twice, twice))
    both = compared_retrieval(twice, twice, pairs, lambda share, what: None)
    table = number_tables([], Headline(recall=here, aligned=None), [])["metrics"]
    written = {entry["metric"]: entry["value"] for entry in table}
    for way in WAYS:
        for k in (1, 10):
            name = f"{way}_recall@{k}"
            assert here.metrics[name] == written[name] == pytest.approx(row["metrics"][name], abs=1e-12)
            assert both.first[name] == both.second[name] == here.metrics[name]
    assert (both.n_images, both.n_texts) == (row["n_images"], row["n_texts"])


def test_the_gap_is_one_wherever_all_pairs_are_taken(twice, content):
    near = aligned(twice).values
    assert near == alignment_metrics(*twice.paired())
    for name in ("modality_gap", "cone_image", "cone_text", "paired_cosine", "linear_cka"):
        assert content["pairs"][name] == pytest.approx(near[name], rel=1e-5), name


def test_a_part_of_the_set_that_asks_says_so(twice, content):
    test = parts_of(twice, "primary")[-1]
    images = test.embeddings.n_images
    assert images < twice.n_images
    assert f"A seeded half asks: **{images:,} pictures**" in half_story(test)
    assert content["treatment"]["test"]["n_images"] < twice.n_images
    assert "half" in content["treatment"]["reference"]["words"]


def test_the_cards_say_of_which_captions_they_are(open_page, folder, said):  # noqa: F811
    [row] = said("evaluate", "--embeddings", str(folder), "--captions", "primary")
    spectra = said("spectrum", str(folder))["spectra"]
    at = open_page("overview", data=str(folder))
    _, forward, backward, rank, *_ = card_numbers(at)
    for shown, way in ((forward, "text_retrieval"), (backward, "image_retrieval")):
        assert [float(re.sub(r"[^\d.]", "", number)) for number in shown] == [
            round(100 * row["metrics"][f"{way}_recall@{k}"], 1) for k in (1, 10)
        ]
    assert rank == [f"{spectrum['metrics']['effective_rank']:.0f}" for spectrum in spectra]
    assert sum(caption.value.startswith("first captions, chance") for caption in at.caption) == 2
