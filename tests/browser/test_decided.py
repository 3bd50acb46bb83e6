"""What a spectrum can decide, in a real browser: each question has its answer, in both themes, and fits the page."""

import re

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import rest

pytestmark = pytest.mark.browser
PART = "data=clipart&part=split%3Dval"
COMPARE = {
    "Same space?": (".st-key-compare_parity", re.compile(r"\d+\s% sure")),
    "Beyond chance": ("table:has(th:text-is('Mutual kNN'))", re.compile(r"\d\.\d\d")),
    "Only in one": (".st-key-compare_difference_chart .js-plotly-plot", None),
    "By layer": (".st-key-compare_layers_chart .js-plotly-plot", None),
}
"""Part of Compare -> where its answer stands, and what is in it."""
GAP = (".st-key-gap_chart .js-plotly-plot", ".st-key-mixed_chart .js-plotly-plot")

wide_and_narrow = pytest.mark.parametrize(
    ("dark", "width"), [(False, 1440), (True, 900)], ids=["light wide", "dark narrow"]
)


def _fits(page: Page) -> None:
    rest(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("[data-testid=stAlert], [data-testid=stException]").count() == 0


@wide_and_narrow
def test_compare_answers_every_question(url, opened, dark, width):
    with opened(f"{url}/compare?{PART}", 0, dark=dark, width=width) as page:
        for name, (place, words) in COMPARE.items():
            page.get_by_role("tab", name=name).click()
            found = page.locator(place).first
            expect(found).to_be_visible()
            if words is not None:
                expect(found).to_have_text(words)
            _fits(page)
            assert found.bounding_box()["x"] + found.bounding_box()["width"] <= width
        page.get_by_role("tab", name="Only in one").click()
        expect(page.locator(".sde-thumbs img, .sde-lines").first).to_be_visible()


@wide_and_narrow
def test_the_gap_and_the_mixed_list_are_drawn(url, opened, dark, width):
    with opened(f"{url}/subspaces?{PART}&look=Gap", 0, dark=dark, width=width) as page:
        for place in GAP:
            expect(page.locator(place)).to_be_visible()
        _fits(page)
        expect(page.get_by_text(re.compile("RMG"))).to_be_visible()
        expect(page.get_by_text(re.compile(r"NDCG@10 0\.\d\d"))).to_be_visible()
