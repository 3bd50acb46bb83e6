"""A row of the page of the docs, letter by letter."""

from sde_core.glossary import TERMS
from sde_core.glossary.elsewhere import ELSEWHERE
from sde_core.glossary.page import _cells, as_markdown
from sde_core.glossary.term import Term


def test_every_term_has_its_row():
    measures, elsewhere = as_markdown().split("## Under the same name elsewhere")
    rows = [line for line in measures.splitlines() if line.startswith("| ") and "`" in line]
    assert sorted(line.split("`")[1] for line in rows) == sorted(TERMS)
    assert all(f"`{each.name}`: {each.says}" in elsewhere for each in ELSEWHERE)


def test_the_cells_of_a_row():
    full = Term(
        key="k", name="N", sentence="It says.", written="|x|", equation="6.1", source="Someone, 2020",
        control="0 to 1", aliases=("M", "O"),
    )  # fmt: skip
    assert _cells(full) == ("N (M, O)", "`k`", "It says. Someone, 2020.", r"\|x\| (6.1)", "0 to 1")
    bare = Term(key="k", name="N", sentence="It says.", equation="2.7")
    assert _cells(bare) == ("N", "`k`", "It says.", "(2.7)", "")
