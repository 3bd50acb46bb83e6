"""The glossary as a page of the docs."""

from collections.abc import Iterable

from sde_core.glossary.between import BETWEEN
from sde_core.glossary.bounds import BOUNDS
from sde_core.glossary.elsewhere import ELSEWHERE, OURS, READ
from sde_core.glossary.measures import PAIRS, RETRIEVAL, SPECTRUM
from sde_core.glossary.term import Term

_PARTS = (
    ("Of one spectrum", SPECTRUM),
    ("Of image and text", PAIRS),
    ("Of two encoders on the same rows", BETWEEN),
    ("Of retrieval", RETRIEVAL),
    ("Of the certificate", BOUNDS),
)
_TOP = """# Glossary

Every measure once: its name here, its key in results and JSON, what it says, its formula, and what it is compared
with. Numbers in parentheses are equations of [method.md](method.md). `python -m sde_core.glossary` prints this page
from the entries that the dashboard and the reports read.
"""
_WHERE = (
    f"Read, and all but stable-pretraining run, on {READ} in the versions named; "
    "`tests/clients/test_elsewhere.py` holds each line, in `.ci/run` with all of them installed."
)


def as_markdown() -> str:
    """Return the page: one table for each kind of measure."""
    parts = [f"\n## {title}\n\n{_table(terms)}" for title, terms in _PARTS]
    return _TOP + "".join(parts) + _elsewhere()


def _elsewhere() -> str:
    names = {term.key: term.name for _, terms in _PARTS for term in terms}
    head = (
        f"\n## Under the same name elsewhere\n\n{_WHERE}\n\n| measure | ours | elsewhere |\n|---|---|---|\n"
    )
    rows = []
    for key, ours in OURS.items():
        found = [f"{e.package}, `{e.name}`: {e.says}." for e in ELSEWHERE if e.measure == key]
        rows.append(f"| {names[key]} | {ours} | {' '.join(found)} |\n")
    return head + "".join(rows)


def _table(terms: Iterable[Term]) -> str:
    head = "| measure | key | what it says | formula | compared with |\n|---|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(_cells(term))} |\n" for term in terms)


def _cells(term: Term) -> tuple[str, ...]:
    also = f" ({', '.join(term.aliases)})" if term.aliases else ""
    source = f" {term.source}." if term.source else ""
    formula = f"{term.written} ({term.equation})" if term.written else f"({term.equation})"
    return (
        f"{term.name}{also}", f"`{term.key}`", f"{term.sentence}{source}", formula.replace("|", "\\|"), term.control
    )  # fmt: skip
