"""Files that the page gives."""

from collections.abc import Callable

from playwright.sync_api import Download, Page, TimeoutError

from app.screenshots import rest


def downloaded(page: Page, press: Callable[[], None]) -> Download:
    """Return the file that a press brings; a press that met a redraw of the page is made again, as a user would."""
    for patience in (20_000, 40_000):
        try:
            with page.expect_download(timeout=patience) as waiting:
                press()
            return waiting.value
        except TimeoutError:
            rest(page)
    with page.expect_download() as waiting:
        press()
    return waiting.value


def download_button(page: Page, name: str) -> Callable[[], None]:
    """Return the press of the first download button that bears a name."""
    return page.get_by_test_id("stDownloadButton").filter(has_text=name).first.click
