"""Files that the page gives."""

from collections.abc import Callable

from playwright.sync_api import Download, Page

from benchmarks.panel import nothing_followed
from sde_explorer.screenshots import rest


def downloaded(page: Page, press: Callable[[], None]) -> Download:
    """Return the file that one press brings, made when the page is still: no script runs, and none is about to."""
    nothing_followed(page)
    rest(page)
    with page.expect_download() as waiting:
        press()
    return waiting.value


def download_button(page: Page, name: str) -> Callable[[], None]:
    """Return the press of the first download button that bears a name."""
    return page.get_by_test_id("stDownloadButton").filter(has_text=name).first.click
