"""The guided tour in a real browser: all of it by keyboard, narrow and dark, and back to where it began."""

import re

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import rest
from sde_explorer.tour.numbers import STEPS
from tests.browser.axe import broken
from tests.browser.still import still
from tests.waiting import until

pytestmark = pytest.mark.browser


def _place(page: Page) -> tuple[float, float]:
    box = page.locator(".st-key-tour_next button").bounding_box()
    assert box is not None
    return box["x"] + box["width"], box["y"]


def test_the_whole_tour_by_keyboard_gives_the_state_back(url, opened):
    with opened(f"{url}/spectrum?noise=0.8&data=clipart", 1, dark=True, width=900) as page:
        page.get_by_test_id("stExpandSidebarButton").click()
        start = page.get_by_role("button", name="Tour", exact=True)
        start.focus()
        page.keyboard.press("Enter")
        page.get_by_label("Collapse sidebar").click()
        places = []
        for number, step in enumerate(STEPS, 1):
            card = page.locator(".st-key-tour")
            expect(card).to_contain_text(f"Guided tour · {number} of {len(STEPS)}", timeout=120_000)
            expect(card).to_contain_text(step.title)
            shown = page.locator("[data-testid=stTopNavLink][aria-current=page]").locator("visible=true")
            expect(shown).to_contain_text(step.page)
            expect(card.locator("p").filter(has_text=re.compile(r"\d.*\d"))).not_to_have_count(0)
            if number in (8, 9):  # found by ranks, so that the page's own sentence says the same
                expect(page.get_by_text(re.compile(r"from rank [\d,]+ to rank [\d,]+"))).to_have_count(
                    2, timeout=120_000
                )
            rest(page)
            if step.page != "Retrieval":  # whose running measurements write the link late
                expect(page).to_have_url(re.compile(rf"tour={number}\b"))
            assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
            for theme in ("light", "dark") if number == 1 else ("dark",):
                page.emulate_media(color_scheme=theme)
                still(page)
                until(lambda: broken(page, ".st-key-tour") == [])  # what fades in is pale at first
            places.append(_place(page))
            page.keyboard.press("Shift+ArrowRight")
        expect(page.locator(".st-key-tour")).to_have_count(0)
        expect(page).to_have_url(re.compile(r"/spectrum\?(data=clipart&noise=0\.8|noise=0\.8&data=clipart)$"))
        assert len(set(places)) == 1, "the buttons stay where they are"
