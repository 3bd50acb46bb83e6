"""The page on a projector: full width, large type, nothing to press but the thresholds on the figure."""

PRESENT_STYLE = """<style>
html{font-size:19px}
[data-testid=stSidebar],[data-testid=stHeader],[data-testid=stExpandSidebarButton],.st-key-own_controls,
[data-testid=stMain] .stTabs{display:none!important}
html [data-testid=stMainBlockContainer]{padding:1rem 2rem}
html .st-key-finding h1{font-size:2rem}
.st-key-tour{min-height:10rem}
.st-key-tour p{font-size:1.05rem;line-height:1.45}
</style>"""
"""Comes with the card of the steps, and leaves with it."""
