"""What the theme cannot say: contrast of faded words and of figures, buttons in the dark, all views at 900 pixels."""

import streamlit as st

from app.charts.palette import TEXT

_FADED = f"light-dark({','.join(TEXT['noise'])})"
# Streamlit's own colour of ticks, titles and notes of a figure on a light page: 3.7 to 1.
_PALE = "rgb(128, 132, 149)"
# The header that waits for its boxes is as high as with them, or all below would jump.
# Streamlit fades captions, and what is coloured or code in them once more: below 4.5 to 1.
_CSS = f"""
[data-testid=stCaptionContainer],[data-testid=stCaptionContainer] :is(p,li){{color:{_FADED}}}
[data-testid=stCaptionContainer],[data-testid=stCaptionContainer] *{{opacity:1}}
[data-testid=stCaptionContainer] code{{font-size:.88em;color:inherit}}
[data-testid=stBaseButton-primary],[data-testid=stBaseButton-primary] :is(p,kbd){{color:light-dark(#fff,#0c1117)}}
[data-testid=stBaseButton-primary] kbd{{background:none;opacity:1}}
.js-plotly-plot text[style*="{_PALE}"]{{fill:{TEXT["noise"][0]}!important}}
.st-key-view_header [data-testid=stHorizontalBlock]{{min-height:4.25rem}}
.st-key-view_header [data-testid=stSkeleton]{{min-height:4.25rem}}
@media (max-width:1100px){{[data-testid=stTopNavLink]>span:has([data-testid=stIconMaterial]){{display:none}}}}
"""


def page_style() -> None:
    """Set the style of all views; nothing of it takes room."""
    st.html(f"<style>{_CSS}</style>")
