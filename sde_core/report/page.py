"""The report as one HTML page: styles, script, figures and numbers inside, nothing fetched."""

import json
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from typing import Any

from sde_core.files.text_file import finite
from sde_core.report import palette, sections

Content = Mapping[str, Any]

# Whatever a name or a caption holds, the browser may run our script and styles only, and fetch nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'"
"""What the browser may do with a report."""


def as_page(content: Content) -> str:
    """Return the page of ``content``; the same text for the same content.

    Args:
        content: from `make_content`.
    """
    spec, sets = content["spec"], content["sets"]
    several = len(sets) > 1
    body = [sections.overview(sets)] if several else []
    links = [("overview", "Overview")] if several else []
    for place, each in enumerate(sets):
        anchor = f"set{place + 1}"
        body.append(sections.one_set(each, anchor, several=several))
        links += [(anchor, each["name"])] if several else sections.links_of(each)
    body.append(sections.origin(content))
    links.append(("origin", "How it was made"))
    nav = "".join(f'<a href="#{anchor}">{escape(words)}</a>' for anchor, words in links)
    names = ", ".join(each["name"] for each in sets)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(spec['title'])}</title>\n"
        f"<style>{palette.variables()}{resource('page.css')}</style>\n</head>\n<body>\n"
        f'<header class="top"><div><h1>{escape(spec["title"])}</h1><p class="quiet">{escape(names)}. '
        "Which directions an encoder uses, which are signal and which look like noise, and what reshaping them "
        "changes.</p></div></header>\n"
        f'<nav aria-label="Parts of the report"><div>{nav}</div></nav>\n<main>\n{"".join(body)}'
        '<footer class="quiet">Made by SDE Explorer. The page holds its own numbers and the spec that makes it again: '
        "<code>sde report --spec</code> and this file.</footer>\n</main>\n"
        '<div id="tip" role="status"></div>\n'
        f"{_data('sde-spec', spec)}\n{_data('sde-content', content)}\n"
        f"<script>{resource('page.js')}</script>\n</body>\n</html>\n"
    )


def _data(name: str, content: object) -> str:
    """Return JSON inside a script element; "<" is written so that no text can end the element."""
    text = json.dumps(finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f'<script type="application/json" id="{name}">{safe}</script>'


def resource(name: str) -> str:
    """Return a file of this package."""
    return files("sde_core.report").joinpath(name).read_text("utf-8")
