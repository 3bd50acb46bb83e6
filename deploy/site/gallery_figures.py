"""How the gallery shows plotly's figures: one script for all pages, and a picture of the first one for the index."""

from pathlib import Path
from typing import Any

import plotly.graph_objects
import plotly.io
from plotly.io.base_renderers import MimetypeRenderer

_SCRIPT = "../_static/plotly.min.js"
_SIZE = (640, 448)


class _Site(MimetypeRenderer):  # type: ignore[misc]  # plotly has no types
    """HTML that takes plotly's script from the site."""

    def to_mimebundle(self, fig_dict: dict[str, Any]) -> dict[str, str]:
        """Return the figure, as wide as its page."""
        return {
            "text/html": plotly.io.to_html(
                fig_dict, include_plotlyjs=_SCRIPT, full_html=False, validate=False
            )
        }


def _get_sg_image_scraper() -> Any:  # noqa: ANN401  # the name and type that sphinx-gallery asks for
    plotly.io.renderers["site"] = _Site()
    plotly.io.renderers.default = "site"
    plotly.io.renderers.render_on_display = True
    return _picture


def _picture(block: object, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Keep a picture of the first figure where the index looks for it; the page itself shows the figure."""
    shown = block_vars["example_globals"].get("___")
    if hasattr(shown, "to_plotly_json") and not len(block_vars["image_path_iterator"]):
        _save(shown, Path(next(block_vars["image_path_iterator"])))
    return ""


def _save(figure: Any, target: Path) -> None:  # noqa: ANN401
    from playwright.sync_api import sync_playwright

    width, height = _SIZE
    small = plotly.graph_objects.Figure(figure).update_layout(width=width - 16, height=height - 16)
    target.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_content(plotly.io.to_html(small, include_plotlyjs=True))
        page.locator(".main-svg").first.wait_for()
        page.screenshot(path=target, omit_background=True)
        browser.close()
