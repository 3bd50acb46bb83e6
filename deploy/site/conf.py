"""Settings of sphinx for the documentation site; `build.py` beside it lays the pages out and calls it."""

import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import plotly

sys.path.insert(0, str(Path(__file__).parent))  # gallery_figures
if TYPE_CHECKING:
    from sphinx.application import Sphinx

_ROOT = Path(__file__).resolve().parents[2]
_APP = _ROOT / "app" / "sde_explorer"
project = "SDE Explorer"
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
html_theme = "furo"
html_title = project
html_theme_options = {"sidebar_hide_name": True}
add_module_names = False
html_logo = html_favicon = str(_APP / "logo.svg")
html_copy_source = html_show_copyright = False
exclude_patterns = ["_build", "examples"]
default_role = "code"
autodoc_typehints = "none"  # every docstring says shapes and units, which no annotation does
autodoc_member_order = "bysource"
myst_heading_anchors = 4
myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]  # ```math, as GitHub draws it too
mathjax_path = "tex-svg.js"  # its letters are in it: no font is asked for
mathjax3_config = {"svg": {"scale": 0.92}}
copybutton_prompt_text = r">>> |\$ "
copybutton_prompt_is_regexp = True
html_static_path = [  # nothing is fetched
    str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js"),
    str(
        distribution("sphinx-mathjax-offline").locate_file(
            f"sphinx-mathjax-offline/static/mathjax/{mathjax_path}"
        )
    ),
    str(Path(__file__).parent / "site.css"),
]
html_css_files = ["site.css"]
sphinx_gallery_conf = {
    "examples_dirs": str(_ROOT / "docs" / "gallery"),
    "gallery_dirs": "gallery",
    "filename_pattern": r"/\d\d_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "capture_repr": ("_repr_html_",),
    "image_scrapers": ("gallery_figures",),
    "default_thumb_file": str(_APP / "icon.png"),
    "reset_modules": (),
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "download_all_examples": False,
    "show_signature": False,
    "first_notebook_cell": "# Where it is not installed yet: %pip install sde_explorer-*.whl, see the front page",
}
suppress_warnings = ["misc.highlighting_failure"]  # `console` blocks hold what commands print


def _bars(app: "Sphinx", what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keep |x| in a docstring the absolute value that it is."""
    lines[:] = [line if line.lstrip().startswith(">>>") else line.replace("|", r"\|") for line in lines]


def setup(app: "Sphinx") -> None:
    """Connect what reads docstrings."""
    app.connect("autodoc-process-docstring", _bars, priority=900)
