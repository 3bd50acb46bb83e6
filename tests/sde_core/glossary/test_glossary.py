from pathlib import Path

import pytest
import torch

import sde_core as sde
from sde_core.glossary import BOUNDS, SPECTRUM, TERMS, Format, Term, formats
from sde_core.glossary.page import as_markdown
from sde_core.partition import rules
from sde_core.partition.rules import rule_names, rule_term
from tests.test_method_references import HOMES

ROOT = Path(__file__).resolve().parents[3]


def test_the_page_of_the_docs_is_what_the_command_prints():
    assert (ROOT / "docs/glossary.md").read_text() == as_markdown()


@pytest.mark.parametrize("term", TERMS.values(), ids=lambda t: t.key)
def test_each_term_has_its_home_and_says_one_thing(term):
    assert TERMS[term.key] is term
    assert term.equation in HOMES
    assert term.sentence.endswith(".")
    assert f"docs/method.md ({term.equation})" in term.help.replace("Docs", "docs")
    assert "$" not in term.meaning, "tables without mathematics have none"
    assert bool(term.formula) == bool(term.written)


def test_the_terms_of_a_spectrum_are_the_metrics_that_it_has():
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    measured = sde.spectrum_metrics(sde.compute_spectrum(rows))
    assert {*measured, "two_nn"} == {term.key for term in SPECTRUM}


def test_the_bounds_are_those_of_a_certificate():
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    fitted = sde.fit_treatment(rows, sde.TreatmentConfig(progress=0.2))
    assert set(fitted.certificate(rows).bounds) | {"step_change"} == {term.key for term in BOUNDS}


@pytest.mark.parametrize("name", [name for name in rule_names() if name != "manual"])
def test_each_rule_says_what_it_does(name):
    term = rule_term(name)
    assert term.key == name
    assert term.equation in HOMES


def test_a_rule_of_a_users_own_is_told_by_its_docstring(monkeypatch):
    monkeypatch.setattr(rules, "_registered", {})

    def halves(spectrum, evidence):
        """Call the first half strong.

        The rest is weak.
        """
        raise NotImplementedError

    sde.register_rule("halves of a test", halves)
    assert rule_term("halves of a test") == Term(
        key="halves of a test", name="halves of a test", sentence="Call the first half strong."
    )


def test_values_are_written_by_their_format():
    assert TERMS["recall"].show(0.512) == formats.recall(0.512)
    assert TERMS["neighbourhood_overlap"].show(0.0996) == formats.percent(0.0996) == "10\u00a0%"
    assert TERMS["row_turn_by_change"].format is Format.DEGREES
    assert TERMS["row_turn_by_change"].show(12.34) == "12.3°"
    assert TERMS["isoscore"].show(float("nan")) == formats.ABSENT
