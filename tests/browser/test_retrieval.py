"""Search in a real browser: typed, uploaded, restored by its address; in both themes and widths."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import sde_core as sde
from sde_explorer.screenshots import rest

pytestmark = pytest.mark.browser
VALIDATION = "part=split%3Dval"  # fewer pictures to measure below the search
LOADED = 120_000  # the first search waits for the encoder


def _numbers(page: Page, side: str) -> list[str]:
    found = page.locator(f"[data-side={side}] li")
    expect(found.first).to_be_visible(timeout=LOADED)
    rest(page)
    parts = (
        "all => all.map(e => [...e.querySelectorAll('b, span, p, small')].map(p => p.textContent).join(' '))"
    )
    return [
        " ".join(text.split()) for text in found.evaluate_all(parts)
    ]  # the cosine is hidden where it is narrow


def _fits(page: Page) -> None:
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    for item in page.locator("[data-side] li").all():
        assert item.evaluate("e => e.scrollWidth <= e.clientWidth + 1")


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)], ids=["light", "dark, narrow"])
def test_a_search_is_typed_moved_and_restored_by_its_address(url, opened, dark, width):
    with opened(f"{url}/retrieval?{VALIDATION}", 0, dark=dark, width=width) as page:
        page.get_by_role("button", name="a red heart").click()
        _numbers(page, "after")
        box = page.get_by_role("searchbox", name="Query")
        expect(box).to_have_value("a red heart")
        box.fill("a fish & <b>water</b>")
        box.press("Enter")
        expect(page).to_have_url(re.compile("query=a.fish"))
        rest(page)
        enhanced = _numbers(page, "after")
        assert len(enhanced) >= 8
        assert page.locator("[data-side] img").first.evaluate("i => i.naturalWidth") > 0
        _fits(page)
        if width < 1100:  # the side panel is folded
            page.get_by_test_id("stExpandSidebarButton").click()
        page.get_by_role("radio", name="pruned").click()
        if width < 1100:
            page.get_by_label("Collapse sidebar").click()
        expect(page.get_by_text("noise directions set to 0")).to_be_visible()
        rest(page)
        before, after = _numbers(page, "before"), _numbers(page, "after")
        assert after != enhanced
        address = page.url
    with opened(address, 0) as page:
        expect(page.get_by_role("searchbox", name="Query")).to_have_value("a fish & <b>water</b>")
        assert (_numbers(page, "before"), _numbers(page, "after")) == (before, after)
        page.get_by_role("radio", name="captions").first.click()
        expect(page.locator("[data-side=after].sde-texts")).to_be_visible()
        rest(page)
        _fits(page)
        page.set_viewport_size({"width": 1280, "height": 900})  # the controls stay in one line
        page.wait_for_function("document.querySelector('.st-key-own_controls').offsetHeight < 60")


def test_a_picture_is_uploaded_and_a_pair_is_marked(url, opened, tmp_path):
    pair = next(iter(sde.open_pairs("emoji/val")))
    own, wrong = tmp_path / "own.webp", tmp_path / "wrong.txt"
    own.write_bytes(pair.read_image())
    wrong.write_text("no picture")
    with opened(f"{url}/retrieval?search=picture&{VALIDATION}", 0, width=900) as page:
        _upload(page, wrong)
        expect(page.get_by_text("wrong.txt: the picture's format is not known")).to_be_visible()
        _upload(page, own)
        before = _numbers(page, "before")
        assert before[0].split()[2] == "1.000"  # rank, whether it moved, cosine
        assert pair.captions[0] in before[0]
        page.get_by_role("radio", name="pair").click()
        expect(page.locator("[data-side=after] li.right").first).to_be_visible()
        expect(page.locator(".sde-answer .asked", has_text="right picture")).to_be_visible()
        page.get_by_role("button", name="Another at random").click()
        expect(page).to_have_url(re.compile("pair="))
        rest(page)
        expect(page.locator("[data-side=before] li.right").first).to_be_visible()
        _fits(page)


def _upload(page: Page, file: Path) -> None:
    page.get_by_role("button", name=re.compile("picture$")).click()
    # Closed before the file has arrived, the popover takes the upload along.
    with page.expect_response(
        lambda answer: "/upload_file/" in answer.url and answer.request.method == "PUT"
    ):
        page.locator("input[type=file]").set_input_files(file)
    rest(page)
    page.keyboard.press("Escape")
