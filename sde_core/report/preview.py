"""The beginning of a report, before it is made: its title and its first pictures."""

from collections.abc import Mapping
from html import escape
from typing import Any

from sde_core.report import figures, palette
from sde_core.report.page import POLICY, resource
from sde_core.report.words import bands_sentence

Content = Mapping[str, Any]


def preview_page(title: str, line: str, modalities: Mapping[str, Content]) -> str:
    """Return a page with the head and the first pictures of a report, drawn as the report draws them.

    Args:
        title: of the report.
        line: what it is about, one sentence.
        modalities: by name what `spectrum_figure` and `bands_sentence` ask for.
    """
    drawn = "".join(
        f"<figure><figcaption>{escape(name)}</figcaption>{figures.spectrum_figure(name, facts)}</figure>"
        for name, facts in modalities.items()
    )
    said = " ".join(
        f'<b class="{kind}">{escape(text)}</b>' if kind else escape(text)
        for name, facts in modalities.items()
        for text, kind in bands_sentence(name, facts)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<title>{escape(title)}</title>\n'
        f"<style>{palette.variables()}{resource('page.css')}</style>\n</head>\n<body>\n"
        f'<header class="top"><div><h1>{escape(title)}</h1><p class="quiet">{escape(line)}</p></div></header>\n'
        f'<main><h3>Spectrum and bands</h3><p>{said}</p><div class="pair">{drawn}</div></main>\n</body>\n</html>\n'
    )
