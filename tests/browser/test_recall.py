"""What retrieval changes, in a real browser: the surface opens, its best thresholds hold in another view."""

import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.panel import controls
from sde_explorer.screenshots import rest
from tests.browser.still import hover_a_point, placed

pytestmark = pytest.mark.browser


def _rows_are_there(page: Page) -> None:
    page.wait_for_function(
        """() => {
            const table = document.querySelector('.sde-recall');
            return table && !table.innerText.includes('…') && !document.body.innerText.includes('Measuring');
        }""",
        timeout=180_000,
    )
    rest(page)


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)], ids=["light", "dark, narrow"])
def test_the_best_thresholds_of_the_surface_hold_in_another_view(url, opened, dark, width):
    # Clip art, and pruned vectors: of all surfaces the quickest.
    with opened(f"{url}/retrieval?data=clipart&transform=pruned", 1, dark=dark, width=width) as page:
        _rows_are_there(page)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        page.get_by_role("tab", name="Query by query").click()
        page.locator(".sde-moves img").first.wait_for()
        assert page.locator(".sde-moves").first.locator("img").first.evaluate("i => i.naturalWidth") > 40
        page.get_by_role("tab", name="Other thresholds").click()
        again = page.get_by_role("button", name="Use these thresholds")
        if not dark:
            page.get_by_role("button", name="Measure the surface").click()
        expect(again).to_be_visible(timeout=180_000)  # the second visitor finds it measured
        said = page.get_by_text(re.compile("Chosen on validation")).inner_text()
        found = re.search(r"noise × ([\d.]+), strong × ([\d.]+)", said)
        assert found is not None
        expect(page.get_by_text(re.compile("On 587 test pictures"))).to_be_visible()
        again.click()
        expect(page).to_have_url(re.compile(f"noise={re.escape(found[1])}"))
        expect(page.get_by_role("button", name="These thresholds are in use")).to_be_visible()
        rest(page)
        page.get_by_role("link", name="Spectrum").click()
        expect(page.locator(".line.noise").first).to_have_attribute("aria-valuenow", found[1])
        expect(page.locator(".line.strong").first).to_have_attribute("aria-valuenow", found[2])
        assert controls(page)["Noise × rule, number"] == found[1]


def test_a_click_on_a_cell_sets_both_thresholds(url, opened):
    with opened(f"{url}/retrieval?data=clipart&transform=pruned", 1) as page:
        _rows_are_there(page)
        page.get_by_role("tab", name="Other thresholds").click()
        rest(page)
        start = page.get_by_role("button", name="Measure the surface")
        if start.is_visible():
            start.click()
        expect(page.get_by_text(re.compile("Chosen on validation"))).to_be_visible(timeout=180_000)
        rest(page)
        plot = page.locator(".st-key-surface_chart .nsewdrag").first
        box = placed(plot)
        # Thirteen cells a side: the third from the left, the fourth from above.
        x, y = box["x"] + box["width"] * 2.5 / 13, box["y"] + box["height"] * 3.5 / 13
        hover_a_point(page, ".st-key-surface_chart", x, y)
        page.mouse.down()
        page.mouse.up()
        expect(page).to_have_url(re.compile("noise=0.397"))
        expect(page).to_have_url(re.compile("strong=2"))
