"""What the figure with thresholds shows, read from the browser."""

from playwright.sync_api import Page

from sde_explorer.screenshots import rest

BANDS = ("strong", "weak", "noise")


def shown_values(page: Page, panel: int = 0) -> list[float]:
    """Singular values of a panel."""
    page.locator(".figure .plot").nth(panel).wait_for(timeout=120_000)
    values: list[float] = page.locator(".figure").evaluate(
        "(e, panel) => Array.from(e.desk.panels[panel].panel.values)", panel
    )
    return values


def shown_bands(page: Page) -> list[list[int]]:
    """Directions of each band, panel by panel: what stands under the bars."""
    page.locator(".figure .plot").first.wait_for(timeout=120_000)
    rest(page)
    counts = [one.locator("b").all_inner_texts() for one in page.locator(".figure .numbers").all()]
    return [[int(count.replace(",", "")) for count in of_one] for of_one in counts]
