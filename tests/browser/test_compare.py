"""The Compare view in a real browser: a second set chosen, numbers that a link brings back, narrow and dark."""

import re

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import rest, settle

pytestmark = pytest.mark.browser
FIGURES = 2


def _numbers(page: Page) -> list[str]:
    """Wait until every card has its numbers and return them."""
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.sde-numbers b')].map(b => b.innerText);"
        " return all.length >= 15 && !all.includes('…'); }"
    )
    rest(page)
    found: list[str] = page.locator(".sde-numbers b").all_inner_texts()
    return found


def test_two_sets_are_compared_and_the_link_gives_the_same_numbers(url, opened):
    with opened(f"{url}/compare?data=clipart", 0) as page:
        settle(page, FIGURES)  # this set, before and after, without a choice
        assert "other=" not in page.url
        box = page.get_by_test_id("stSelectbox").filter(has_text="Compare with").locator("input")
        box.click()
        page.get_by_role("option", name="this set, pruned", exact=True).click()
        expect(page).to_have_url(re.compile("other=this"))
        settle(page, FIGURES)
        pruned = _numbers(page)
        page.get_by_role("tab", name="Whose company changed").click()
        page.get_by_role("radio", name="captions").click()
        expect(page.locator(".sde-lines").first).to_be_visible()
        expect(page).to_have_url(re.compile("changed=text"))
        address = page.url
    with opened(address, FIGURES, dark=True, width=900) as page:
        expect(page.locator(".sde-lines").first).to_be_visible()
        page.get_by_role("tab", name="In numbers").click()
        assert _numbers(page) == pruned
        page.get_by_role("tab", name="Whose company changed").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("radio", name="pictures").click()
        picture = page.locator(".sde-thumbs img").first
        expect(picture).to_be_visible()
        # Whole pictures, also where the page is narrow.
        assert page.locator(".sde-thumbs").evaluate_all(
            "all => all.every(grid => grid.scrollWidth <= grid.clientWidth + 1)"
        )
        # Another set in common with nothing: one sentence, and the spectra stay.
        box = page.get_by_test_id("stSelectbox").filter(has_text="Compare with").locator("input")
        rest(page)
        box.click()
        box.fill("emoji")
        page.get_by_role("option", name=re.compile("^emoji")).first.click()
        expect(page.get_by_text("Nothing says which picture of A is which of B")).to_be_visible()
        expect(page.get_by_text("the counts are 2,289 and 5,418")).to_be_visible()
        settle(page, 1)
        page.get_by_role("button", name="Swap").click()
        expect(page).to_have_url(re.compile("other=clipart"))
        expect(page.get_by_text("the counts are 5,418 and 2,289")).to_be_visible()
