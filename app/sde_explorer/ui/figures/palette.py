"""One colour each for strong, weak and noise, image and text: the same in both themes.

What stands in one chart keeps apart under the three common colour-vision deficiencies, as Chromium simulates them
(a test looks), and reaches a contrast of about 3 to 1 on the light and on the dark background.
"""

from sde_core.glossary.palette import BAND as BAND
from sde_core.glossary.palette import LAW as LAW
from sde_core.glossary.palette import MODALITY as MODALITY
from sde_core.glossary.palette import TEXT as TEXT

JOINT = "#9a6a3f"
"""Both modalities together: in one matrix, in their cross-covariance, in shared directions."""
KIND = MODALITY | {"joint": JOINT, "cross": JOINT}
SYMBOL = {"strong": "circle", "weak": "diamond", "noise": "circle-open"}
GRID = "rgba(128,128,128,0.22)"
GAIN = [[0.0, "#6a3fa0"], [0.5, "rgba(128,128,128,0.10)"], [1.0, "#d1495b"]]
"""Gains below 1, at 1 and above 1, on both backgrounds."""
FLAG = ("#9467e6", "#e5484d")
"""Pairs of which the picture is signal and the caption noise, and the reverse."""
AMOUNT = [[0.0, "#5a6b7d"], [0.35, "#3f8fbf"], [0.7, "#43b38a"], [1.0, "#f0c93a"]]
"""From little to much, all of it visible on both backgrounds."""
KINDS = (
    "#4477aa", "#ee6677", "#228833", "#b8a92c", "#66ccee", "#aa3377",
    "#ee8866", "#44bb99", "#77aadd", "#999933", "#882255", "#8c8c8c",
)  # fmt: skip
"""Values of a column; after Tol, the last for what is left over."""

STEP = "#7d828c"
"""Words of a figure that Plotly does not colour by the theme; on both backgrounds."""
RUN = ("#8a5fc7", "#7d7a33")
"""Two trainings side by side; the second one's lines are dashed as well."""

CHANGE = {"better": "#1789a6", "same": "#969696", "worse": "#d1495b"}
"""Against raw vectors; shapes differ as well."""

# The same hues as words: `:green[...]` in Markdown; .streamlit/config.toml beside main.py holds their shades for text.
WORD = {"strong": "green", "weak": "orange", "noise": "gray", "image": "blue", "text": "violet"}


def as_text(name: str) -> str:
    """Return the colour of a band or modality as text, in CSS that follows the theme; "" for others.

    >>> as_text("image")
    'light-dark(#1b6c9c,#62b5e6)'
    """
    return f"light-dark({','.join(TEXT[name])})" if name in TEXT else ""


def faded(colour: str, opacity: float) -> str:
    """Return a hex colour with an opacity in [0, 1]."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def word(name: str, text: str = "") -> str:
    """Return ``text`` (or the name) as bold Markdown, in the colour of a band or modality if it is one."""
    shown = f"**{text or name}**"
    return f":{WORD[name]}[{shown}]" if name in WORD else shown
