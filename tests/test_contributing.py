"""CONTRIBUTING.md and docs/architecture.md name what is there, and every row of the table is carried out as it says.

Each test writes the one file of its row and adds the one line, and sees the new thing where people meet it.
"""

import re
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest

import sde_core as sde
from tests.app.conftest import spiked
from tests.test_layers import FLOOR

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_the_example_runs_as_it_stands(capsys):
    from sde_core.partition import rules

    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    try:
        exec(compile(code, "CONTRIBUTING.md", "exec"), {})
    finally:
        rules._registered.pop("half-energy", None)
    assert (
        1 <= int(capsys.readouterr().out) <= 8
    )  # half of the energy of noise lies in fewer than half of the directions


def test_every_place_of_the_table_is_there():
    rows = [line.split("|")[1:-1] for line in PAGE.splitlines() if line.startswith("| a ")]
    assert len(rows) == 10
    for _, _, line in rows:
        for name, path in re.findall(r"`(_?[A-Z]+)`[^`]*`([\w/]+\.py)`", line):
            assert re.search(rf"^{name}\b", (ROOT / path).read_text("utf-8"), re.M), (name, path)


def test_the_picture_of_the_rooms_is_of_those_that_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawn = set(re.findall(r"[a-z_]+", re.findall(r"```\n(.*?)```", text, re.DOTALL)[0]))
    assert set(FLOOR) - {"__init__", "__main__", "vocabulary"} <= drawn


def _module(monkeypatch, name: str, code: str) -> ModuleType:
    """Make the file that a row of the table asks for."""
    module = ModuleType(name)
    monkeypatch.setitem(sys.modules, name, module)
    exec(compile(code, name, "exec"), module.__dict__)
    return module


def _rows(n: int = 60, width: int = 8) -> torch.Tensor:
    return torch.randn(n, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_a_partition_rule_is_a_file_and_a_line(monkeypatch, capsys, tmp_path):
    from sde_core.cli.main import main
    from sde_core.partition import rules

    _module(
        monkeypatch,
        "sde_core.partition.halves",
        """
from sde_core.glossary.term import Term
from sde_core.partition.base import Decision

class HalvesRule:
    name = "halves"
    about = Term(key="halves", name="halves", sentence="The first half is strong.")

    def __call__(self, spectrum, evidence):
        edge = float(spectrum.singular_values[spectrum.rank // 2])
        return Decision(tau_strong=edge, tau_noise=edge, note="Halves.")
""",
    )
    monkeypatch.setitem(rules._BUNDLED, "halves", "sde_core.partition.halves:HalvesRule")
    assert sde.partition_spectrum(sde.compute_spectrum(_rows()), "halves").n_strong == 4
    assert rules.rule_term("halves").sentence == "The first half is strong."
    folder = spiked().save(tmp_path / "set")
    assert main(["spectrum", str(folder), "--rule", "halves"]) == 0
    assert "Halves." in capsys.readouterr().out


def test_a_number_about_a_spectrum_is_a_function_and_a_line(monkeypatch):
    from sde_core.glossary import SPECTRUM, Term
    from sde_core.glossary.page import as_markdown
    from sde_core.report.tables import metrics
    from sde_core.spectra.metrics import _MEASURES

    monkeypatch.setitem(_MEASURES, "largest", lambda spectrum: float(spectrum.singular_values[0]))
    term = Term(key="largest", name="Largest value", sentence="The first singular value.", equation="1.1")
    SPECTRUM.append(term)
    try:
        spectrum = sde.compute_spectrum(_rows())
        found = sde.spectrum_metrics(spectrum)
        assert found["largest"] == float(spectrum.singular_values[0])
        assert "| Largest value | `largest` | The first singular value. |" in as_markdown()
        assert "Largest value" in [
            cells[0][0] for _, cells in metrics({"image": {"metrics": found, "controls": found}}).rows
        ]
    finally:
        SPECTRUM.remove(term)


def test_a_number_of_a_users_own_is_registered(monkeypatch):
    from sde_core.glossary import SPECTRUM, TERMS, Term
    from sde_core.spectra import metrics

    monkeypatch.setattr(metrics, "_MEASURES", dict(metrics._MEASURES))
    term = Term(key="largest", name="Largest value", sentence="The first singular value.")
    try:
        sde.register_metric(term, lambda spectrum: float(spectrum.singular_values[0]))
        assert sde.spectrum_metrics(sde.compute_spectrum(_rows()))["largest"] > 0
        with pytest.raises(sde.ConfigError, match="the key of a term must be new; 'largest' is taken"):
            sde.register_metric(term, lambda spectrum: 0.0)
    finally:
        SPECTRUM.remove(term)
        TERMS.pop("largest")


def test_a_baseline_is_a_function_and_a_line(monkeypatch):
    from sde_core.treatments import table, ways

    def fit_doubling(reference):
        return sde.AffineMap.fit(sde.compute_spectrum(reference), torch.full((8,), 2.0))

    monkeypatch.setitem(
        ways.WAYS, "doubling", ways.map_way(fit_doubling, "doubling", "Every direction counts twice.", "7.1")
    )
    assert "doubling" in sde.comparison_names()
    assert table.baseline_term("doubling").help.startswith("Every direction counts twice.")
    [raw, doubled] = sde.fit_all(_rows(), _rows(), names=["doubling"])
    torch.testing.assert_close(doubled.image(_rows()) - _rows().mean(0), 2 * (_rows() - _rows().mean(0)))
    assert raw.name == "raw"


def test_a_loss_term_is_a_file_and_a_line(monkeypatch):
    from sde_core.losses.config import keywords
    from sde_core.losses.terms import TERMS

    term = _module(
        monkeypatch,
        "sde_core.losses.terms.distance",
        """
from dataclasses import dataclass
from typing import Annotated, ClassVar

from sde_core.checks.settings import Help, Positive, Weight
from sde_core.losses.terms.term import Term

@dataclass(frozen=True, slots=True, kw_only=True)
class Distance(Term):
    name: ClassVar[str] = "distance"
    prefix: ClassVar[str] = "distance"
    weight: Annotated[float, Weight, Help("of the distance")] = 1.0
    power: Annotated[float, Positive, Help("of each pair's distance")] = 2.0

    def __call__(self, batch):
        return (batch.image - batch.text).norm(dim=1).pow(self.power).mean()
""",
    ).Distance
    TERMS.append(term)
    try:
        config = sde.SDELossConfig(distance=0.5, hellinger=0, subspace=0, enhancement=None, spectral_every=1)
        image = torch.nn.functional.normalize(_rows(), dim=1)
        parts = sde.SDELoss(config)(image, image.flip(0), torch.tensor(10.0), output_dict=True)
        expected = 0.5 * (image - image.flip(0)).square().sum(1).mean()
        torch.testing.assert_close(parts["spectral_loss"], expected)
        assert keywords()["distance_power"] == "of each pair's distance; must be finite and above 0"
    finally:
        TERMS.remove(term)


def test_a_reader_of_pairs_is_a_file_and_a_line(monkeypatch, tmp_path):
    from sde_core.pairs import registry

    _module(
        monkeypatch,
        "sde_core.pairs.listing",
        """
from sde_core.pairs import open_pairs

LOOKS_FOR = "a listing (*.listing)"

def detects(source):
    return source.path.suffix == ".listing"

def open_source(source):
    return open_pairs(source.path.read_text().strip())
""",
    )
    monkeypatch.setattr(registry, "_MODULES", {"listing": "listing", **registry._MODULES})
    file = tmp_path / "mine.listing"
    file.write_text("emoji/val")
    assert len(sde.open_pairs(file)) == len(sde.open_pairs("emoji/val"))


def test_a_command_is_a_file_and_a_line(monkeypatch, capsys):
    cli = import_module("sde_core.cli.main")
    command = _module(
        monkeypatch,
        "sde_core.cli.greet",
        """
from sde_core.cli.options import new_command

def add_parser(commands):
    new_command(commands, "greet", "Greet.", "sde greet").set_defaults(run=lambda options: print("good day"))
""",
    )
    monkeypatch.setattr(cli, "_COMMANDS", (*cli._COMMANDS, command))
    assert cli.main(["greet"]) == 0
    assert capsys.readouterr().out == "good day\n"


_VIEW = {
    "page": """
import streamlit as st
from sde_explorer.toy.figures import heights
from sde_explorer.toy.numbers import largest
from sde_explorer.ui.frame import open_view

def show():
    view = open_view("Toy")
    values = largest(view.data.embeddings)
    view.finding(f"The largest entry is {max(values):.1f}")
    with view.picture:
        st.plotly_chart(heights(values), key="toy")
""",
    "numbers": """
def largest(embeddings):
    return [float(abs(rows).max()) for rows in (embeddings.image, embeddings.text)]
""",
    "figures": """
import plotly.graph_objects as go

def heights(values):
    return go.Figure(go.Bar(x=["image", "text"], y=values))
""",
}


def test_a_view_with_its_figure_is_a_folder_and_a_line(monkeypatch, tmp_path):
    import sde_explorer

    (tmp_path / "toy").mkdir()
    for name, code in {"__init__": "", **_VIEW}.items():
        (tmp_path / "toy" / f"{name}.py").write_text(code)
    monkeypatch.setattr(sde_explorer, "__path__", [*sde_explorer.__path__, str(tmp_path)])
    pages = (ROOT / "app/sde_explorer/pages.py").read_text("utf-8")
    line = 'VIEWS = {\n    "Toy": "toys",'
    file = tmp_path / "pages.py"
    file.write_text(pages.replace("VIEWS = {", line, 1).replace("__file__", repr(sde_explorer.__file__)))
    folder = spiked().save(tmp_path / "set")
    at = AppTest.from_file(file, default_timeout=120)
    at.query_params["data"] = str(folder)
    at.run()
    assert not at.exception
    assert [chart.key for chart in at.get("plotly_chart")] == ["toy"]
    largest = max(float(np.abs(rows).max()) for rows in (spiked().image, spiked().text))
    assert [title.value for title in at.title] == [f"The largest entry is {largest:.1f}"]
    for name in [name for name in sys.modules if name.startswith("sde_explorer.toy")]:
        monkeypatch.delitem(sys.modules, name)
