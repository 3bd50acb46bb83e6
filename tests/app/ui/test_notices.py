"""Whatever came by a link, a name or an error is shown as text, never as Markdown of its own."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from google.protobuf.message import Message

import sde_explorer
from sde_core import DataError, Provenance
from sde_explorer.jobs import Job
from sde_explorer.readings.cached import background
from sde_explorer.search.words import encoder_warnings, width_problem
from sde_explorer.ui.job_progress import job_error, job_sentence
from sde_explorer.ui.notices import sentence_of
from sde_explorer.ui.words import as_code, as_text
from tests.app.conftest import spiked
from tests.waiting import until

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


BAD = "![x](http://h/p.png)"
# What Streamlit shows as it is: choices of a list, what is typed, and what is no Markdown at all.
_AS_IT_IS = ("options", "default", "placeholder", "id", "value", "raw_values")
_NO_MARKDOWN = ("html", "plotly_chart", "bidi_component", "text", "code")


@pytest.fixture(scope="module")
def hostile_set(tmp_path_factory):
    """A set of which every word is Markdown: its folder, encoder, pairs, captions, ids, columns and their values."""
    made = spiked(120, 8)
    side = np.where(made.image[:, 0] > 0, "a", "b")
    kinds = np.array([f"{BAD}{each}" for each in side])
    made = replace(
        made,
        captions=tuple(f"{BAD} {i}" for i in range(120)),
        image_ids=tuple(f"{BAD} {i}" for i in range(120)),
        metadata={BAD: kinds, f"a`\n\n{BAD}": np.roll(kinds, 1), f"{BAD}own": np.arange(120).astype(str)},
        provenance=Provenance(encoder=BAD, pairs=BAD),
        remarks=(BAD,),
        name=BAD,
    )
    return made.save(tmp_path_factory.mktemp("sets") / PICTURE)


def _texts(message: Message, name: str = "") -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        for each in [value] if isinstance(value, str | Message) else value if field.is_repeated else []:
            if isinstance(each, Message):
                yield from _texts(each, field.name)
            elif isinstance(each, str) and field.name not in _AS_IT_IS:
                yield field.name, each


def _elements(block) -> Iterator[tuple[str, Message]]:
    for child in block.children.values():
        if getattr(child, "proto", None) is not None and child.type not in _NO_MARKDOWN:
            yield child.type, child.proto
        yield from _elements(child) if hasattr(child, "children") else ()


@pytest.mark.parametrize("view", ["data", "share", "compare", "subspaces", "overview"])
def test_a_set_makes_no_picture_and_no_foreign_link(view, hostile_set, open_page):
    own = str(hostile_set)
    given = BAD if view == "subspaces" else ""
    at = open_page(view, data=own, other=own, training=BAD, recall_row=BAD, map_colour=BAD, given=given)
    if view in ("subspaces", "overview"):  # their titles name columns
        until(lambda: not background._figures.active("figure"), 60)
        at = at.run()
    assert not at.exception
    seen = [
        (kind, *said)
        for root in at._tree.children.values()
        for kind, p in _elements(root)
        for said in _texts(p)
    ]
    assert any("[x" in text for *_, text in seen)
    opened = re.compile(r"(?<!\\)!?\[x\]\(")
    assert not [each for each in seen if opened.search(re.sub(r"`[^`\n]+`", "", each[-1]))]


def test_the_search_says_names_of_encoders_as_text():
    encoder = SimpleNamespace(weights_sha256="1" * 64)
    said = [
        *encoder_warnings(Provenance(encoder=BAD, weights_sha256="0" * 64), encoder),
        width_problem(8, 9, BAD),
    ]
    assert len(said) == 2
    assert not any("![x" in sentence for sentence in said)


def test_code_from_outside_stays_code():
    assert as_code(f"a`\n\n{BAD}`") == f"`a' {BAD}'`"
    assert as_code("\n") == "` `"


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
