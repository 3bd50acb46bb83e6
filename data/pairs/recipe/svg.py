"""Drawings of `@iconify-json` packages as pictures."""

import io
from collections.abc import Mapping

from PIL import Image

SIDE = 192


def rendered(body: str, width: int, height: int) -> Image.Image:
    """Return an SVG's body, drawn `SIDE` pixels wide.

    Args:
        body: what stands between the tags.
        width: of its own units.
        height: of its own units.

    Raises:
        ImportError: resvg-py is not here.
    """
    import resvg_py

    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{body}</svg>'
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, width=SIDE, height=SIDE))))


def name_of(code: str, chars: Mapping[str, str]) -> str | None:
    """Return the name of a hexcode, with or without the variation selector fe0f: packages differ."""
    return next((chars[each] for each in spellings(code) if each in chars), None)


def spellings(code: str) -> tuple[str, ...]:
    """Return the code as it is, without and with the variation selector fe0f."""
    return code, code.replace("-fe0f", ""), f"{code}-fe0f"
