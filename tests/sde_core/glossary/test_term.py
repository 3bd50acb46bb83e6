"""What a term says of itself, with and without each of its parts."""

import math

import pytest

from sde_core.glossary.term import Format, Term

FULL = Term(
    key="k", name="N", sentence="It says.", formula="x^2", written="x²", equation="6.1",
    source="Someone, 2020", aliases=("M", "O"),
)  # fmt: skip
BARE = Term(key="k", name="N", sentence="It says.")


def test_the_meaning_is_sentence_formula_and_source():
    assert FULL.meaning == "It says. x². Someone, 2020."
    assert BARE.meaning == "It says."
    assert Term(key="k", name="N", sentence="It says.", written="Ends.").meaning == "It says. Ends."


def test_the_help_has_the_formula_its_home_and_other_names():
    assert FULL.help == "It says. $x^2$, docs/method.md (6.1). Also M, O. Someone, 2020."
    assert BARE.help == "It says."
    assert (
        Term(key="k", name="N", sentence="It says.", equation="2.7").help == "It says. Docs/method.md (2.7)."
    )


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        (Format.NUMBER, 0.23456, "0.235"), (Format.SHARE, 0.5, "50\u00a0%"), (Format.RECALL, 0.512, "51.2\u00a0%"),
        (Format.DEGREES, 12.34, "12.3°"), (Format.DEGREES, None, "–"), (Format.NUMBER, math.nan, "–"),
    ],
)  # fmt: skip
def test_a_value_is_written_by_its_format(kind, value, written):
    assert Term(key="k", name="N", sentence="S.", format=kind).show(value) == written
