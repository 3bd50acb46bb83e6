"""The Spectrum view: the picture first, its title the finding, thresholds dragged on it, the rest in tabs."""

import re
from typing import get_args

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import rest
from sde_explorer.spectrum.state import Section
from tests.browser.frame import MOST_WORDS, WORDS
from tests.browser.spectra import shown_bands

pytestmark = pytest.mark.browser


def _finding(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_a_drag_rewrites_title_side_and_address_in_one_message(url, opened):
    with opened(f"{url}/spectrum", 1) as page:
        before, bands = _finding(page), shown_bands(page)
        assert before.startswith(f"{bands[0][0]} of 192 image directions carry ")
        sent: list[object] = []
        page.on("websocket", lambda s: s.on("framesent", lambda message: sent.append(message)))
        page.reload()  # so that the connection is seen from its beginning
        assert shown_bands(page) == bands
        knob = page.locator(".line.noise .knob").first.bounding_box()
        x, y = knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, y - 3)
        rest(page)  # what the page had still to say at its opening
        sent.clear()
        page.mouse.move(x, y - 60, steps=20)
        held = shown_bands(page)
        assert held[0][2] > bands[0][2]
        assert held[1][2] > bands[1][2]
        assert sent == []
        assert _finding(page) == before
        page.mouse.up()
        expect(page).to_have_url(re.compile(r"noise=\d"))
        rest(page)
        assert len(sent) == 1
        assert shown_bands(page) == held
        assert f"; {held[0][2]} " in _finding(page)
        factor = float(page.locator(".line.noise").first.get_attribute("aria-valuenow"))
        number = page.get_by_test_id("stSidebar").get_by_test_id("stNumberInput").first.locator("input")
        assert float(number.input_value()) == pytest.approx(factor, rel=6e-3)
        page.get_by_role("button", name="Reset to rule").click()
        expect(page.locator(".line.noise").first).to_have_attribute("aria-valuenow", "1")
        rest(page)
        assert shown_bands(page) == bands
        assert _finding(page) == before


def test_every_tab_is_short(url, opened):
    with opened(f"{url}/spectrum", 1) as page:
        for section in get_args(Section):
            tab = page.get_by_role("tab", name=section, exact=True)
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            shown_bands(page)
            expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=300_000)
            assert page.evaluate(WORDS) <= MOST_WORDS
            assert not re.search(r"\[[PRX]\]", page.locator("body").inner_text())


def test_what_is_doubtful_leads_to_the_rules(url, opened):
    with opened(f"{url}/spectrum", 1) as page:
        shown_bands(page)
        page.get_by_role("button", name="Compare rules").first.click()
        expect(page).to_have_url(re.compile("section=Rules"))
        expect(page.locator(".sde-rules").first).to_be_visible()


def test_no_rule_is_offered_for_the_cross_spectrum(url, opened):
    with opened(f"{url}/spectrum?spectra=cross", 1) as page:
        expect(page.get_by_text("Judged by shuffled pairs, not by a rule.")).to_be_visible()
        expect(page.get_by_role("combobox", name=re.compile("^Rule|Rule$")).first).to_be_disabled()
        page.get_by_role("radio", name="joint", exact=True).click()
        expect(page.get_by_text("Judged by shuffled pairs, not by a rule.")).to_have_count(0)
