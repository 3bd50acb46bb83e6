"""The dashboard in a real browser: what a user sees, moves, reloads and downloads."""

import io
import json
import re
import tarfile
from itertools import islice
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import sde_core as sde
from app.screenshots import rest, settle

pytestmark = pytest.mark.browser
OVERVIEW, SPECTRUM = 1, 4  # figures on the two pages


def _story(page: Page) -> str:
    rest(page)
    return page.get_by_text(re.compile(r"Image:.*strong direction")).first.inner_text()


def _bands(page: Page) -> list[str]:
    return page.locator(".sde-bands td").all_inner_texts()


def _choose(page: Page, label: str, text: str) -> None:
    box = page.get_by_test_id("stSelectbox").filter(has_text=label).locator("input")
    box.click()
    box.press("ControlOrMeta+a")
    box.press_sequentially(text)
    page.get_by_role("option").first.wait_for()
    box.press("Enter")
    expect(box).to_have_value(text)
    rest(page)


def _encode(page: Page) -> None:
    page.get_by_role("button", name="Encode", exact=True).click()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_first_page_shows_spectra_pictures_and_numbers(url, opened, dark):
    with opened(url, OVERVIEW, dark=dark) as page:
        expect(page.locator(".sde-numbers")).to_have_count(8)
        expect(page.locator(".sde-numbers").first).to_contain_text("5,418")
        assert page.locator(".sde-gallery img").first.evaluate("i => i.naturalWidth") == 96
        background = page.locator("[data-testid=stApp]").evaluate("e => getComputedStyle(e).backgroundColor")
        assert background == ("rgb(18, 22, 28)" if dark else "rgb(255, 255, 255)")


def test_a_moved_threshold_moves_the_bands_and_the_link_restores_them(url, opened):
    with opened(f"{url}/spectrum", SPECTRUM) as page:
        before, story = _bands(page), _story(page)
        number = page.get_by_test_id("stNumberInput").first.locator("input")
        number.fill("0.5")
        number.press("Enter")
        expect(page).to_have_url(re.compile("noise=0.5"))
        expect(page.get_by_text("Thresholds were moved by hand.")).to_be_visible()
        rest(page)
        moved, link = _bands(page), page.url
        assert moved != before
        page.get_by_role("link", name="Overview").click()
        settle(page, OVERVIEW)
        expect(page.get_by_text("Thresholds were moved by hand.")).to_be_visible()
        expect(page).to_have_url(re.compile("noise=0.5"))
    with opened(link, SPECTRUM) as page:
        assert _bands(page) == moved
        page.get_by_role("button", name="Reset to rule").click()
        expect(page.get_by_text("Thresholds were moved by hand.")).to_have_count(0)
        assert _story(page) == story


def test_a_click_on_a_direction_moves_a_threshold(url, opened):
    with opened(f"{url}/spectrum", SPECTRUM) as page:
        before = _bands(page)
        # The last point of the weak band of the first panel: the direction just above the noise.
        point = (
            page.locator(".js-plotly-plot")
            .first.locator(".scatterlayer .trace")
            .nth(1)
            .locator(".point")
            .last
        )
        box = point.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(300)  # plotly finds the point under a resting mouse
        page.mouse.down()
        page.mouse.up()
        expect(page).to_have_url(re.compile("noise=1."))
        rest(page)
        after = _bands(page)
        assert after != before


def test_every_control_is_in_the_link_and_comes_back_from_it(url, opened):
    with opened(f"{url}/spectrum?data=clipart", SPECTRUM) as page:
        for choice in ("kept", "text", "share"):
            page.get_by_role("radio", name=choice, exact=True).click()
            rest(page)
        for label in ("Rank axis", "Value axis"):
            group = page.get_by_test_id("stButtonGroup").filter(has_text=label)
            group.get_by_role("radio").nth(1 if label == "Rank axis" else 0).click()
            rest(page)
        expect(page).to_have_url(re.compile("yscale=linear"))
        link, bands = page.url, _bands(page)
        for part in ("data=clipart", "center=kept", "show=text", "unit=share", "xscale=log"):
            assert part in link
    with opened(link, SPECTRUM) as page:
        assert _bands(page) == bands
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
    with opened(f"{url}/spectrum?data=clipart", SPECTRUM) as page:
        for kind in ("JSON", "CSV"):
            with page.expect_download() as waiting:
                page.get_by_test_id("stDownloadButton").filter(has_text=kind).click()
            waiting.value.save_as(tmp_path / kind)
    content = json.loads((tmp_path / "JSON").read_text())
    assert content["parameters"]["data"] == "clipart"
    spectra = content["spectra"]
    for found in spectra.values():
        assert sum(b["directions"] for b in found["bands"].values()) == len(found["singular_values"])
    lines = (tmp_path / "CSV").read_text().splitlines()
    assert len(lines) == 1 + sum(len(found["singular_values"]) for found in spectra.values())


@pytest.fixture(scope="session")
def few_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shard with 40 of the bundled pairs: enough to see a bar move, few enough for a test."""
    path = tmp_path_factory.mktemp("pairs") / "few.tar"
    with tarfile.open(path, "w") as tar:
        for pair in islice(sde.open_pairs("clipart/val"), 40):
            for suffix, content in (("webp", pair.read_image()), ("txt", "\n".join(pair.captions).encode())):
                member = tarfile.TarInfo(f"{pair.id}.{suffix}")
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return path


def test_encoding_in_the_page_can_be_stopped_and_opens_its_result(url, opened, few_pairs):
    with opened(url, OVERVIEW) as page:
        _choose(page, "Pairs", str(few_pairs))
        _encode(page)
        expect(page.get_by_role("progressbar").first).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("cancelled, nothing was written")).to_be_visible()
        page.get_by_role("button", name="Close").click()
        expect(page.get_by_text("cancelled, nothing was written")).to_have_count(0)
        rest(page)
        _encode(page)
        expect(page.get_by_text("encoded, saved and opened")).to_be_visible(timeout=120_000)
        expect(page.locator(".sde-numbers").first).to_contain_text("40")
        expect(page).to_have_url(re.compile("data=.*few.tar"))


def test_bad_input_in_the_encode_form_is_one_sentence(url, opened):
    with opened(url, OVERVIEW) as page:
        _encode(page)
        expect(page.get_by_text("Choose the pairs to encode")).to_be_visible()
        _choose(page, "Pairs", "/no/such/pairs.tar")
        _encode(page)
        expect(page.get_by_text(re.compile("there is no /no/such/pairs.tar"))).to_be_visible()
        _choose(page, "Pairs", "clipart/val")
        _choose(page, "Encode by", "ViT-B-23/openai")
        _encode(page)
        expect(page.get_by_text(re.compile("closest: ViT-B-32"))).to_be_visible()


@pytest.mark.parametrize(("path", "charts"), [("", OVERVIEW), ("/spectrum", SPECTRUM)])
def test_nothing_is_cut_off_at_900_pixels(url, opened, path, charts):
    with opened(url + path, charts, width=900) as page:
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        for table in page.locator("table").all():
            assert table.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth + 1")
