"""The dashboard in a real browser: what a user sees, moves, reloads and downloads."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import rest, settle
from tests.browser.files import download_button, downloaded
from tests.browser.spectra import shown_bands

pytestmark = pytest.mark.browser
OVERVIEW, SPECTRUM = 0, 1  # Plotly figures on the two pages


def _finding(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_a_moved_threshold_moves_the_bands_and_the_link_restores_them(url, opened):
    with opened(f"{url}/spectrum", SPECTRUM) as page:
        before, story = shown_bands(page), _finding(page)
        number = page.get_by_test_id("stNumberInput").first.locator("input")
        number.fill("0.5")
        number.press("Enter")
        expect(page).to_have_url(re.compile("noise=0.5"))
        expect(page.get_by_text("Thresholds were moved by hand.")).to_be_visible()
        rest(page)
        moved, link = shown_bands(page), page.url
        assert moved != before
        page.get_by_role("link", name="Overview").click()
        settle(page, OVERVIEW)
        expect(page.get_by_text("Thresholds were moved by hand.")).to_be_visible()
        expect(page).to_have_url(re.compile("noise=0.5"))
    with opened(link, SPECTRUM) as page:
        assert shown_bands(page) == moved
        page.get_by_role("button", name="Reset to rule").click()
        expect(page.get_by_text("Thresholds were moved by hand.")).to_have_count(0)
        rest(page)
        assert _finding(page) == story


def test_every_control_is_in_the_link_and_comes_back_from_it(url, opened):
    with opened(f"{url}/spectrum?data=clipart", SPECTRUM) as page:
        for choice in ("kept", "text", "share"):
            if choice == "text":
                page.get_by_test_id("stPopoverButton").filter(has_text="Axes").click()
            page.get_by_role("radio", name=choice, exact=True).click()
            rest(page)
        for label in ("Rank axis", "Value axis"):
            group = page.get_by_test_id("stButtonGroup").filter(has_text=label)
            group.get_by_role("radio").nth(1 if label == "Rank axis" else 0).click()
            rest(page)
        expect(page).to_have_url(re.compile("yscale=linear"))
        link, bands = page.url, shown_bands(page)
        for part in ("data=clipart", "center=kept", "show=text", "unit=share", "xscale=log"):
            assert part in link
    with opened(link, SPECTRUM) as page:
        assert shown_bands(page) == bands
        expect(page.get_by_text("The default is used instead")).to_have_count(0)
        expect(page.get_by_role("radio", name="kept")).to_be_checked()


def test_the_slider_follows_every_key(url, opened):
    with opened(f"{url}/spectrum", SPECTRUM) as page:
        slider = page.get_by_role("slider").first
        slider.focus()
        for _ in range(5):
            slider.press("ArrowRight")
        expect(page).to_have_url(re.compile(r"noise=1\.259"))
        rest(page)
        assert page.get_by_test_id("stNumberInput").first.locator("input").input_value() == "1.26"


def test_downloads_are_whole(url, opened, tmp_path):
    with opened(f"{url}/spectrum?data=clipart&section=Files", 0) as page:
        for kind in ("JSON", "CSV"):
            downloaded(page, download_button(page, kind)).save_as(tmp_path / kind)
    content = json.loads((tmp_path / "JSON").read_text())
    assert content["parameters"]["data"] == "clipart"
    spectra = content["spectra"]
    for found in spectra.values():
        assert sum(b["directions"] for b in found["bands"].values()) == len(found["singular_values"])
    lines = (tmp_path / "CSV").read_text().splitlines()
    assert len(lines) == 1 + sum(len(found["singular_values"]) for found in spectra.values())


def test_a_warning_of_the_overview_is_followed_by_its_button(url, opened):
    with opened(url, OVERVIEW) as page:
        line = page.get_by_text("The bulk is not pure noise")
        line.wait_for()
        page.get_by_role("button", name="Compare rules").click()
        page.wait_for_url(re.compile(r"/spectrum\?(.*&)?section=Rules\b"))
        expect(page.get_by_role("tab", name="Rules", selected=True)).to_be_visible()
