"""The dashboard in a real browser: what a user sees, moves, reloads and downloads."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from app.screenshots import browser_page, settle

pytestmark = pytest.mark.browser


@contextmanager
def opened(address: str, *, charts: int, dark: bool = False) -> Iterator[tuple[Page, list[str]]]:
    """Open an address; yield the page and what went wrong in it: console errors, requests to other hosts."""
    problems: list[str] = []
    with browser_page(dark=dark, chromium=os.environ.get("SDE_CHROMIUM")) as page:
        page.set_default_timeout(60_000)
        expect.set_options(timeout=30_000)
        # On a deep link Streamlit's client looks for its server below the page's own path first: a 404 by design.
        page.on(
            "response",
            lambda r: problems.append(r.url) if r.status >= 400 and "/_stcore/" not in r.url else None,
        )
        page.on(
            "console", lambda m: problems.append(m.text) if m.type == "error" and _counts(m.text) else None
        )
        page.on("pageerror", lambda e: problems.append(str(e)))
        page.on(
            "request",
            lambda r: problems.append(r.url) if "127.0.0.1" not in r.url[:24] and _leaves(r.url) else None,
        )
        page.goto(address)
        settle(page, charts)
        yield page, problems


def _counts(message: str) -> bool:
    return not message.startswith("Failed to load resource")  # the response above names the address


def _leaves(address: str) -> bool:
    return address.startswith(("http:", "https:", "ws:", "wss:"))


def _story(page: Page) -> str:
    return page.get_by_text(re.compile("Image: .* strong directions hold")).first.inner_text()


def _choose(page: Page, label: str, text: str) -> None:
    page.wait_for_timeout(800)  # a person waits until the page stands still, too
    box = page.get_by_test_id("stSelectbox").filter(has_text=label).locator("input")
    box.click()
    box.press("ControlOrMeta+a")
    box.press_sequentially(text)
    page.wait_for_timeout(400)
    box.press("Enter")
    expect(box).to_have_value(text)
    page.wait_for_timeout(800)  # the fragment reruns with the new value


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_first_page_shows_spectra_pictures_and_numbers(url, dark):
    with opened(url, charts=1, dark=dark) as (page, problems):
        expect(page.get_by_test_id("stMetric")).to_have_count(8)
        expect(page.locator(".sde-gallery img").first).to_be_visible()
        assert page.locator(".sde-gallery img").first.evaluate("i => i.naturalWidth") == 96
        background = page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
        assert background == ("rgb(18, 22, 28)" if dark else "rgb(255, 255, 255)")
        assert problems == []


def test_a_moved_threshold_moves_the_story_and_the_link_restores_it(url):
    with opened(f"{url}/spectrum", charts=3) as (page, problems):
        before = _story(page)
        number = page.get_by_test_id("stNumberInput").first.locator("input")
        number.fill("0.5")
        number.press("Enter")
        expect(page).to_have_url(re.compile("noise=0.5"))
        expect(page.get_by_text("Thresholds were moved by hand.")).to_be_visible()
        moved, link = _story(page), page.url
        assert moved != before
        page.get_by_role("link", name="Overview").click()
        settle(page)
        expect(page.get_by_text("Thresholds were moved by hand.")).to_be_visible()
        expect(page).to_have_url(re.compile("noise=0.5"))
        assert problems == []
    with opened(link, charts=3) as (page, problems):
        assert _story(page) == moved
        page.get_by_role("button", name="Reset to rule").click()
        expect(page.get_by_text("Thresholds were moved by hand.")).to_have_count(0)
        assert _story(page) == before
        assert problems == []


def test_the_slider_works_by_keyboard(url):
    with opened(f"{url}/spectrum", charts=3) as (page, _):
        slider = page.get_by_role("slider").first
        slider.focus()
        for _ in range(5):
            slider.press("ArrowRight")
        expect(page).to_have_url(re.compile(r"noise=1\.2"))


def test_downloads_are_whole(url, tmp_path):
    with opened(f"{url}/spectrum?data=clipart", charts=3) as (page, _):
        with page.expect_download() as waiting:
            page.get_by_test_id("stDownloadButton").filter(has_text="JSON").click()
        waiting.value.save_as(tmp_path / "numbers.json")
        content = json.loads((tmp_path / "numbers.json").read_text())
        assert content["parameters"]["data"] == "clipart"
        image = content["spectra"]["image"]
        counted = sum(band["directions"] for band in image["bands"].values())
        assert counted == len(image["singular_values"])
        with page.expect_download() as waiting:
            page.get_by_test_id("stDownloadButton").filter(has_text="CSV").click()
        waiting.value.save_as(tmp_path / "numbers.csv")
        lines = (tmp_path / "numbers.csv").read_text().splitlines()
        assert len(lines) == 1 + len(image["singular_values"]) + len(
            content["spectra"]["text"]["singular_values"]
        )


def test_encoding_in_the_page_shows_progress_and_opens_the_result(url):
    with opened(url, charts=1) as (page, problems):
        page.get_by_text("Encode other pairs, or with another encoder").click()
        _choose(page, "Pairs", "clipart/val")
        page.get_by_role("button", name="Encode", exact=True).click()
        expect(page.get_by_role("progressbar").first).to_be_visible()
        expect(page.get_by_text(re.compile("saved and opened above"))).to_be_visible(timeout=120_000)
        expect(page.get_by_test_id("stMetric").first).to_contain_text("257")
        assert problems == []


def test_bad_input_in_the_encode_panel_is_one_sentence(url):
    with opened(url, charts=1) as (page, _):
        page.get_by_text("Encode other pairs, or with another encoder").click()
        page.get_by_role("button", name="Encode", exact=True).click()
        expect(page.get_by_text("Choose the pairs to encode")).to_be_visible()
        _choose(page, "Pairs", "/no/such/pairs.tar")
        page.get_by_role("button", name="Encode", exact=True).click()
        expect(page.get_by_text(re.compile("there is no /no/such/pairs.tar"))).to_be_visible()
        _choose(page, "Pairs", "clipart/val")
        _choose(page, "Encoder", "ViT-B-23/openai")
        page.get_by_role("button", name="Encode", exact=True).click()
        expect(page.get_by_text(re.compile("closest: ViT-B-32"))).to_be_visible()


def test_nothing_is_cut_off_at_900_pixels(url):
    for path, charts in (("", 1), ("/spectrum", 3)):
        with browser_page(width=900, chromium=os.environ.get("SDE_CHROMIUM")) as page:
            page.goto(url + path)
            settle(page, charts)
            main = page.get_by_test_id("stMain")
            assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
