"""Embedding sets on disk for the views: with spikes, without pictures, degenerate."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from sde_core import EmbeddingSet
from sde_explorer.readings import kept
from sde_explorer.readings.cached import background
from sde_explorer.ui.figures import layout as figure_layout
from tests.waiting import until


def spiked(n_pairs: int = 300, width: int = 48, seed: int = 0) -> EmbeddingSet:
    """Six shared directions above iid noise, image and text, splits in the metadata."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n_pairs, 6)) * np.linspace(4, 8, 6)
    basis = np.linalg.qr(rng.normal(size=(width, 6)))[0]
    image, text = (
        (shared @ basis.T + rng.normal(size=(n_pairs, width))).astype(np.float32) for _ in range(2)
    )
    made = EmbeddingSet.from_arrays(
        image, text, captions=[f"caption <b>{i}</b>" for i in range(n_pairs)], name="spiked"
    )
    split = np.array(["train", "test", "val"] * n_pairs)[:n_pairs]
    return EmbeddingSet(
        image=made.image,
        text=made.text,
        links=made.links,
        image_ids=made.image_ids,
        captions=made.captions,
        metadata={"split": split},
        name="spiked",
    )


def _shape(value: Any) -> Any:
    """Return what a trace or a layout is made of, without its numbers and words."""
    if isinstance(value, dict):
        return tuple((name, _shape(each)) for name, each in sorted(value.items()))
    if isinstance(value, list | tuple) and value and isinstance(value[0], dict):
        return tuple(dict.fromkeys(map(_shape, value)))
    return type(value).__name__


def _told(figure: go.Figure) -> dict[str, Any]:
    """Return what the browser gets, without empty lists of the layout, which draw nothing."""
    told: dict[str, Any] = json.loads(figure.to_json())
    told["layout"] = {name: each for name, each in told["layout"].items() if each != []}
    return told


@pytest.fixture(scope="session", autouse=True)
def _validated_figures() -> Iterator[None]:
    """Have plotly go through every figure; of each shape the first must be what is shown without that."""
    seen, shown = set(), figure_layout.built

    def built(traces: list[dict[str, Any]], layout: dict[str, Any]) -> go.Figure:
        quick = shown(traces, layout)
        gone_through = go.Figure(data=traces, layout=layout)
        shape = (_shape(traces), _shape(layout))
        if shape not in seen:
            seen.add(shape)
            assert _told(quick) == _told(gone_through)
        return quick

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figure_layout, "built", built)
        yield


@pytest.fixture(scope="session", autouse=True)
def _packages_are_read_once() -> Iterator[None]:
    """Streamlit's AppTest reads the metadata of every installed package for each page: a fifth of a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests)
        )
        yield


@pytest.fixture(autouse=True)
def _nothing_kept_by_other_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test read what another one, or the last run, computed of the same vectors."""
    monkeypatch.setattr(kept, "cache_folder", lambda: tmp_path / "kept")


@pytest.fixture(scope="session")
def spiked_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return spiked().save(tmp_path_factory.mktemp("sets") / "spiked")


PAGE = """
import streamlit as st
from sde_explorer.{page} import page
st.set_page_config(layout="wide")
page.show()
"""


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Return a function that runs one view of the real app with URL parameters."""
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))

    def run(page: str, **parameters: str) -> AppTest:
        at = AppTest.from_string(PAGE.format(page=page), default_timeout=120)
        for name, value in parameters.items():
            at.query_params[name] = value
        return at.run()

    return run


def settled(at: AppTest) -> AppTest:
    """Run the page again whenever a job of its numbers has ended, until none is on its way.

    A run while the job goes on would show the same, and take the processor from it.
    """

    def is_settled() -> bool:
        if at.exception or not at.get("progress"):
            return True
        wait_for_a_job()
        at.run()
        return False

    until(is_settled, seconds=300)
    return at


def wait_for_a_job() -> None:
    """Wait until the oldest job of a page's numbers has ended; return at once where none is on its way."""
    for job in background._figures.active("figure")[:1]:
        job.wait(120)


def card_numbers(at: AppTest) -> list[list[str]]:
    """The numbers of every card on the page, in order; names beside them are left out."""
    bodies = [e.proto.body for e in at.get("html") if "sde-numbers" in e.proto.body]
    return [re.findall(r"<b[^>]*>(.*?)</b>", body.rsplit("</style>")[-1]) for body in bodies]


def figure_sent(at: AppTest) -> dict[str, Any]:
    """What the browser gets of the figure with thresholds."""
    found = [e.proto for e in at.get("bidi_component") if e.proto.component_name.endswith("threshold_figure")]
    sent: dict[str, Any]
    [sent] = json.loads(found[0].json)
    return sent


def band_counts(at: AppTest) -> list[int]:
    """Directions by the figure's words: strong, weak, noise of the first modality, then of the second."""
    counts = re.findall(r"([\d,]+)\u00a0(strong|weak|noise)\b", figure_sent(at)["alt"])
    assert [band for _, band in counts[:3]] == ["strong", "weak", "noise"]
    return [int(count.replace(",", "")) for count, _ in counts]


def control(at: AppTest, name: str):
    """The widget of a name that shows a field of the state, under whichever key it is drawn right now."""
    drawn = at.session_state["drawn_widgets"][name]
    key = f"{name} {drawn.number}" if drawn.number else name
    kinds = (
        "selectbox",
        "multiselect",
        "number_input",
        "slider",
        "select_slider",
        "text_input",
        "button_group",
    )
    return next(widget for kind in kinds for widget in at.get(kind) if widget.key == key)
