"""What to look at next: written from the numbers, and done by the button beside it."""

import numpy as np

import sde_core as sde
from sde_core.partition import Bands
from sde_explorer.overview.next_steps import MOST, Step, suggested
from sde_explorer.readings.headline import Aligned, Recall
from sde_explorer.state import choices
from tests.app.conftest import settled

LUCK = {"text_retrieval_recall@10": 0.05}


def _bands(rows: np.ndarray, modality: str) -> Bands:
    spectrum = sde.compute_spectrum(rows)
    return Bands.of(spectrum, sde.partition_spectrum(spectrum), modality=modality)


def _steps(image: np.ndarray, text: np.ndarray, *, recall: float = 0.9, gap: float = 0.0) -> list[Step]:
    asked = Recall(metrics={"text_retrieval_recall@10": recall}, chance=LUCK, n_texts=len(text))
    return suggested(
        [_bands(image, "image"), _bands(text, "text")], asked, Aligned(values={"modality_gap": gap})
    )


def _noise(seed: int, *, strong: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(600, 24)).astype(np.float32)
    rows[:, :3] += strong * rng.normal(size=(600, 3)).astype(np.float32)
    return rows


def test_plain_noise_leaves_how_many_dimensions_are_used():
    [step] = _steps(_noise(1), _noise(2))
    assert step.says.endswith("of 24 dimensions.**")
    assert (step.view, step.field, step.value) == ("Spectrum", "section", "Energy and cone")


def test_the_most_telling_come_first_and_no_more_than_fit():
    steps = _steps(_noise(1, strong=5), _noise(2), recall=0.06, gap=0.8)
    assert len(steps) == MOST
    assert [step.does for step in steps] == ["Look for wrong pairs", "See both spectra", "Keep the mean"]
    assert "6.0 % against 5.0 %" in steps[0].says.replace("\u00a0", " ")
    assert "of the image energy" in steps[1].says.partition(",")[0]
    assert "0.80 apart" in steps[2].says


def test_a_spectrum_that_is_no_noise_below_its_edge_leads_to_the_rules():
    decay = np.random.default_rng(3).normal(size=(600, 24)) * np.geomspace(1, 0.02, 24)
    steps = _steps(decay.astype(np.float32), _noise(2))
    assert _bands(decay.astype(np.float32), "image").edge_is_doubtful
    assert (steps[0].does, steps[0].view, steps[0].value) == ("Compare rules", "Spectrum", "Rules")


def test_what_a_step_sets_is_a_value_of_the_state():
    decay = (np.random.default_rng(3).normal(size=(600, 24)) * np.geomspace(1, 0.02, 24)).astype(np.float32)
    for steps in (_steps(decay, _noise(2)), _steps(_noise(1, strong=5), _noise(2), recall=0.05, gap=0.8)):
        assert all(step.value in choices(step.field) for step in steps)


def test_a_press_sets_what_it_says(open_page, spiked_folder):
    at = settled(open_page("overview", data=str(spiked_folder)))
    button = at.button(key="next_step 0")
    assert button.label == "See what the last ones hold"
    button.click().run()
    assert not at.exception
    assert at.session_state["section"] == "Energy and cone"
