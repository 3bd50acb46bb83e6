"""A row of checkpoints in Compare: read from its folder, drawn, closed again; what is none is a sentence."""

import base64
import json

import numpy as np
import pytest

import sde_core as sde
from sde_core.training.series import measure_series, save_series
from sde_explorer.compare.figures.series import from_start_figure, kept_bands_figure
from sde_explorer.compare.series_words import finding
from sde_explorer.serving import policy
from sde_explorer.state import choices
from sde_explorer.ui.frame import MOST_LETTERS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three checkpoints: the start, turned, and one whose strong directions are faint."""
    numbers = np.random.default_rng(0)
    z = numbers.normal(size=(300, 40)) * np.where(np.arange(40) < 4, 6, 1)
    captions = [f"caption {i}" for i in range(300)]
    turn = np.linalg.qr(numbers.normal(size=(40, 40)))[0]
    sets = [
        sde.EmbeddingSet.from_arrays((z @ way).astype(np.float32), z.astype(np.float32), captions=captions)
        for way in (np.eye(40), turn, np.diag(np.where(np.arange(40) < 4, 0.02, 1)))
    ]
    place = tmp_path_factory.mktemp("row") / "run <b>"
    return save_series(measure_series(sets, [1, 5, 9]), place)


def test_the_row_is_drawn_and_closed_again(open_page, spiked_folder, folder):
    at = open_page("compare", data=str(spiked_folder), series=str(folder))
    assert not at.exception
    assert not at.error
    assert at.title[0].value.startswith("run \\<b\\>: R@1 ")
    for part in choices("series_part"):
        at.session_state["series_part"] = part
        at.run()
        assert not at.exception
        assert len(at.get("plotly_chart")) == 2  # the picture, and that of the open part
    [picture, _] = at.get("plotly_chart")
    falls = [trace for trace in json.loads(picture.proto.spec)["data"] if trace["type"] == "heatmap"]
    steps = [np.frombuffer(base64.b64decode(trace["x"]["bdata"])).tolist() for trace in falls]
    assert steps == [[1, 5, 9]] * 2
    at.button(key="series_close").click().run()
    assert at.session_state["series"] == ""
    assert at.get("selectbox")  # of the second set


def test_lines_are_the_numbers_of_the_series(folder):
    series = sde.read_series(folder)
    lines = {(t.name, t.yaxis): list(t.y) for t in from_start_figure(series.points).data}
    assert lines["image", "y"] == [point.cka["image"] for point in series.points]
    assert lines["image", "y"][1] == pytest.approx(1, abs=1e-5)  # blind to what only turned
    assert lines["image", "y2"][1] > 20 > lines["text", "y2"][1]
    bands = {(t.name, t.yaxis): list(t.y) for t in kept_bands_figure(series.points).data}
    assert bands["strong", "y"][0] > 0.5 > 0.02 > bands["strong", "y"][2]
    assert bands["strong", "y2"] == pytest.approx([bands["strong", "y2"][0]] * 3)
    assert len(finding(series)) <= MOST_LETTERS


def test_what_is_no_series_or_out_of_bounds_is_a_sentence(open_page, spiked_folder, folder, monkeypatch):
    at = open_page("compare", data=str(spiked_folder), series=str(folder / "gone"))
    assert "must be a series that sde series wrote" in at.error[0].value
    monkeypatch.setattr(policy, "_CURRENT", [policy.Policy(roots=(spiked_folder,))])
    at = open_page("compare", data=str(spiked_folder), series=str(folder))
    assert "is not among them" in at.error[0].value
