"""Settings of sphinx for the documentation site; `build.py` beside it lays the pages out and calls it."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "SDE Explorer"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
html_theme = "furo"
html_title = project
html_theme_options = {"sidebar_hide_name": True}
add_module_names = False
html_logo = html_favicon = str(Path(__file__).resolve().parents[2] / "app" / "sde_explorer" / "logo.svg")
html_copy_source = False
exclude_patterns = ["_build", "examples"]
default_role = "code"
autodoc_typehints = "none"  # every docstring says shapes and units, which no annotation does
autodoc_member_order = "bysource"
myst_heading_anchors = 4
copybutton_prompt_text = r">>> |\$ "
copybutton_prompt_is_regexp = True
suppress_warnings = ["misc.highlighting_failure"]  # `console` blocks hold what commands print


def _bars(app: "Sphinx", what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keep |x| in a docstring the absolute value that it is."""
    lines[:] = [line if line.lstrip().startswith(">>>") else line.replace("|", r"\|") for line in lines]


def setup(app: "Sphinx") -> None:
    """Connect what reads docstrings."""
    app.connect("autodoc-process-docstring", _bars, priority=900)
