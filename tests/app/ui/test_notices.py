"""Whatever came by a link, a name or an error is shown as text, never as Markdown of its own."""

import re
from pathlib import Path

import pytest

import sde_explorer
from sde_core import DataError
from sde_explorer.jobs import Job
from sde_explorer.ui.job_progress import job_error, job_sentence
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.words import as_text

PICTURE = "![x](http:||127.0.0.1:9|p.png)"  # no slashes, which a path would lose
HOSTILE = (
    "![x](http://h/p.png)",
    "[x](http://h)",
    "<http://h>",
    "**b**",
    "`c`",
    ":red[x]",
    ":material/x:",
    "$x$",
    "# x",
)
VIEWS = {
    "overview": ("data", "encoder", "part", "noise", "rule"),
    "spectrum": ("noise", "strong", "batch", "section"),
    "training": ("training",),
    "retrieval": ("query", "recall_row", "recall_way"),
    "compare": ("other", "other_encoder"),
    "subspaces": ("map_colour", "rows", "direction"),
    "data": ("data",),
}
# What Streamlit reads as Markdown, by where its words are.
_WORDS = ("body", "label", "text", "value", "help", "header")


def _markdown(at) -> list[str]:
    found = []
    for kind in (
        "error",
        "warning",
        "info",
        "success",
        "markdown",
        "caption",
        "header",
        "title",
        "progress",
        "expander",
    ):
        for element in at.get(kind):
            found += [str(getattr(element.proto, name, "")) for name in _WORDS]
            found.append(str(getattr(element, "value", "")))
    return found


@pytest.mark.parametrize(("view", "names"), VIEWS.items())
def test_a_link_makes_no_picture_and_no_foreign_link(view, names, open_page):
    for name in names:
        at = open_page(view, **{name: PICTURE})
        assert not at.exception
        assert not [text for text in _markdown(at) if re.search(r"(?<!\\)!\[x\]|(?<!\\)\[x\]\(", text)], name


def test_words_from_outside_are_text():
    for words in HOSTILE:
        shown = as_text(words)
        assert not re.search(r"(?<!\\)[\[\]<>`*$#!]", shown), words
        assert not re.search(r"https?://|www\.", shown), words
        assert not re.match(r"\s*(#|[-+]\s|\d+[.)])", shown)
    assert as_text("a\n\n# b") == r"a \# b"
    assert as_text("1. a").startswith("\u2060")
    assert as_text("me@evil.example").count("\u2060") == 1
    assert as_text("pairs must exist: name a folder (a.csv, x-y) at 3.5 %") == (
        "pairs must exist: name a folder (a.csv, x-y) at 3.5 %"
    )


def test_errors_and_jobs_are_sentences_of_text():
    bad = "![x](http://h/p.png)"
    assert sentence_of(DataError(f"there is no {bad}.")).endswith(".")
    job = Job(key="k", kind="t", title=bad, work=lambda j: j, note=bad, error=bad)
    for text in (sentence_of(DataError(bad)), job_error(job), job_sentence(job)):
        assert "![x" not in text
        assert "](" not in text.replace("\\](", "")


def test_no_view_shows_an_error_in_its_own_way():
    for path in Path(sde_explorer.__file__).parent.rglob("*.py"):
        text = path.read_text()
        assert not re.search(
            r"\.(error|warning|info|success|markdown|caption|toast)\(\s*f?\"[^\n]*\{(str\()?error", text
        ), path
