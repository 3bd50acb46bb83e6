"""Words and numbers of all views: every head and card says what it is, minus and percent are written in one way."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from sde_core.glossary.formats import percent, recall, signed
from sde_explorer.overview import cards as headline_cards
from sde_explorer.ui import table_heads, terms
from sde_explorer.ui.cards import Card
from sde_explorer.ui.metric_cards import metric_cards, short

APP = Path(__file__).resolve().parents[3] / "app"
# Figures are written in Plotly's own templates.
SOURCES = sorted(path for path in APP.rglob("*.py") if "figures" not in (path.parent.name, path.stem))
GLOSSARIES = [
    ".".join(path.relative_to(APP).with_suffix("").parts) for path in SOURCES if path.stem.endswith("terms")
]


def test_a_card_or_a_head_without_its_meaning_cannot_be_made():
    with pytest.raises(TypeError):
        Card(label="Cone", numbers=())
    with pytest.raises(KeyError):
        table_heads.head("something new")
    assert table_heads.head("bound").startswith('<th scope="col" title="What it can do')


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_no_component_writes_a_head_of_its_own(source):
    if source.stem != "table_heads":
        assert not re.findall(r'<th(?![^>]*scope="row(?:group)?")[ >]', source.read_text("utf-8"))


def test_cards_keep_their_meaning_while_they_wait():
    for card in (*headline_cards.waiting(), *metric_cards(())):
        assert card.help in terms.HELP.values()
        assert card.below


@pytest.mark.parametrize("name", GLOSSARIES)
def test_help_texts_are_whole_sentences(name):
    module = vars(import_module(name))
    found = {key: module[key] for key in ("HELP", "RULES", "ROWS", "TRAINING") if key in module}
    assert found
    for glossary in found.values():
        for key, text in glossary.items():
            assert len(text) > 12, (name, key)
            assert text.count("$") % 2 == 0, (name, key)


FORMULAS = (
    "effective_rank",
    "stable_rank",
    "participation_ratio",
    "isoscore",
    "alpha_req",
    "uniformity",
    "linear_cka",
)
SOURCED = ("effective_rank", "isoscore", "alpha_req", "alignment", "uniformity", "two_nn", "hubness", "cone")


def test_metrics_name_their_formula_and_their_source():
    assert set(terms.METRICS) <= set(terms.HELP)
    for key in FORMULAS:
        assert re.search(r"\$|/", terms.HELP[key]), key
    for key in (*SOURCED, "modality_gap", "linear_cka"):
        assert re.search(r"(19|20)\d\d", terms.HELP[key]), key


def test_numbers_are_written_in_one_way():
    assert (percent(0.342), percent(0.0056), percent(0.0001)) == (
        "34\u00a0%",
        "0.6\u00a0%",
        "<\u00a00.1\u00a0%",
    )
    assert recall(0.4249) == "42.5\u00a0%"
    assert (signed(-0.5937, 3), signed(float("nan"), 3)) == ("\u22120.594", "–")
    assert (short(-0.254), short(12.345)) == ("\u22120.25", "12.3")
    # A hyphen is no minus: whoever formats with a sign replaces it, within two lines.
    for source in SOURCES:
        lines = source.read_text("utf-8").splitlines()
        for i, line in enumerate(lines):
            if re.search(r"\{[^{}]*:\+[,.\d]*[fg%]\}", line):
                near = " ".join(lines[max(0, i - 1) : i + 7])
                assert "u2212" in near or "_minus" in near, f"{source.name}:{i + 1}: {line.strip()}"
