"""The report as one HTML page, and its beginning: styles, script, figures and numbers inside, nothing fetched."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from sde_core.files.text_file import finite
from sde_core.report import figures, palette, series, tables, words
from sde_core.vocabulary import DIRECTIONS

Content = Mapping[str, Any]

# Whatever a name or a caption holds, the browser may run our script and styles only, and fetch nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'"
"""What the browser may do with a report."""

_LINKS = (
    ("spectrum", "Spectrum"),
    ("knowledge", "What bands know"),
    ("metrics", "Metrics"),
    ("retrieval", "Retrieval"),
    ("curriculum", "Curriculum and certificate"),
)
"""Anchors of a report of one set."""


def as_page(content: Content) -> str:
    """Return the page of ``content``; the same text for the same content.

    Args:
        content: from `make_content`.
    """
    spec, sets = content["spec"], content["sets"]
    parts = [(f"set{place + 1}", each["name"]) for place, each in enumerate(sets)]
    links = [("overview", "Overview"), *parts] if len(sets) > 1 else _links_of(sets[0])
    return rendered(
        "page.html",
        spec=spec,
        sets=sets,
        versions=content["versions"],
        names=", ".join(each["name"] for each in sets),
        series=content.get("series"),
        links=[
            *links,
            *([("series", "Checkpoints")] if "series" in content else []),
            ("origin", "How it was made"),
        ],
        ways=DIRECTIONS[::-1],
        spec_text=json.dumps(finite(spec), indent=1, ensure_ascii=False),
        data={"sde-spec": _json(spec), "sde-content": _json(content)},
    )


def _links_of(facts: Content) -> list[tuple[str, str]]:
    return [link for link in _LINKS if link[0] != "knowledge" or words.knowing(facts)]


def preview_page(title: str, line: str, modalities: Mapping[str, Content]) -> str:
    """Return a page with the head and the first pictures of a report, drawn as the report draws them.

    Args:
        title: of the report.
        line: what it is about, one sentence.
        modalities: by name what `spectrum_figure` and `bands_sentence` ask for.
    """
    return rendered("preview.html", title=title, line=line, modalities=modalities)


def rendered(name: str, **values: Any) -> str:  # noqa: ANN401
    """Return a template of this package with its values, each escaped."""
    templates = Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    shared = {"figures": figures, "tables": tables, "words": words, "palette": palette, "rows": series}
    return templates.get_template(name).render(
        policy=POLICY, resource=_resource, as_json=_json, **shared, **values
    )


def _json(content: object) -> str:
    """Return JSON for a script element; "<" is written so that no text can end the element."""
    text = json.dumps(finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _resource(name: str) -> str:
    """Return a file of this package."""
    return files("sde_core.report").joinpath(name).read_text("utf-8")
