"""The Data page in a real browser: a zip and an npz uploaded, looked at, encoded or opened, and seen in the views."""

import re
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import sde_core as sde
from sde_explorer.screenshots import rest, settle
from tests.browser.spectra import shown_values

pytestmark = pytest.mark.browser


def _choose(page: Page, label: str, text: str) -> None:
    box = page.get_by_test_id("stSelectbox").filter(has_text=label).locator("input")
    box.click()
    box.press("ControlOrMeta+a")
    box.press_sequentially(text)
    page.get_by_role("option").first.wait_for()
    box.press("Enter")
    expect(box).to_have_value(text)
    rest(page)


def _look(page: Page, source: str) -> None:
    _choose(page, "Path, or a bundled set", source)
    page.get_by_role("button", name="Look").click()


def _upload(page: Page, *files: Path) -> None:
    page.get_by_role("radio", name="Upload").click()
    page.locator("input[type=file]").set_input_files(list(files))


@pytest.fixture(scope="session")
def few_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip with 40 of the bundled pairs and one that is none: enough to see a bar move, few enough for a test."""
    path = tmp_path_factory.mktemp("pairs") / "few.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for pair in islice(sde.open_pairs("clipart/val"), 40):
            archive.writestr(f"few/{pair.id}.webp", pair.read_image())
            archive.writestr(f"few/{pair.id}.txt", "\n".join(pair.captions))
        archive.writestr("few/zzz.webp", b"no picture")
        archive.writestr("few/zzz.txt", "not a picture")
    return path


def test_an_uploaded_zip_is_previewed_encoded_and_seen(url, opened, few_pairs):
    with opened(f"{url}/data", 0) as page:
        _upload(page, few_pairs)
        expect(page.locator(".sde-preview figure")).to_have_count(10)
        width = page.locator(".sde-preview img").first.evaluate("i => i.naturalWidth")
        assert 0 < width <= 192
        page.get_by_role("button", name="Encode", exact=True).click()
        expect(page.get_by_role("progressbar").first).to_be_visible()
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("cancelled, nothing was written")).to_be_visible(timeout=120_000)
        page.get_by_role("button", name="Close").click()
        rest(page)
        page.get_by_role("button", name="Encode", exact=True).click()
        expect(page.get_by_text("encoded, saved and opened")).to_be_visible(timeout=120_000)
        expect(page.get_by_text("1 item was skipped and listed below")).to_be_visible()
        # The side panel, the list of what was left out and that of what was opened follow at once.
        expect(page.get_by_test_id("stSidebar").get_by_text("40 images")).to_be_visible()
        expect(page.get_by_test_id("stExpander").filter(has_text="1 item was skipped")).to_be_visible()
        page.get_by_role("tab", name="Opened lately").click()
        expect(page.get_by_text(re.compile(r"^40 pictures, encoder bundled"))).to_be_visible()
        expect(page).to_have_url(re.compile(r"data=(~|%7E)[0-9a-f]{12}\b"))
        page.get_by_test_id("stPageLink").filter(has_text="See its overview").get_by_role("link").click()
        settle(page, 1)
        expect(page.locator(".sde-numbers").first).to_contain_text("40")
        assert page.locator(".sde-gallery img").first.evaluate("i => i.naturalWidth") > 0


def test_an_uploaded_npz_is_opened_and_its_spectrum_is_seen(url, opened, tmp_path):
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(90, 16)) * np.geomspace(4, 0.5, 16)
    image, text = ((shared + rng.normal(size=shared.shape) / 4).astype("f4") for _ in range(2))
    np.savez(tmp_path / "mine.npz", image=image, text=text)
    with opened(f"{url}/data", 0, dark=True, width=900) as page:
        _upload(page, tmp_path / "mine.npz")
        expect(page.get_by_text("90 pictures and 90 captions")).to_be_visible()
        page.get_by_role("button", name="Open these vectors").click()
        expect(page.get_by_text("read, saved and opened")).to_be_visible(timeout=60_000)
        expect(page).to_have_url(re.compile("data=mine-"))
        rest(page)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        page.get_by_test_id("stPageLink").filter(has_text="See its spectrum").get_by_role("link").click()
        settle(page, 1)
        shown = shown_values(page)
        np.testing.assert_allclose(shown, sde.compute_spectrum(image).singular_values, rtol=1e-6)


def test_bad_input_is_one_sentence_where_it_happened(url, opened, tmp_path):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK no archive")
    with opened(f"{url}/data", 0) as page:
        page.get_by_role("button", name="Look").click()
        expect(page.get_by_text("must be a path, a bundled set or a hub name; got nothing")).to_be_visible()
        _look(page, "/no/such/pairs.tar")
        expect(page.get_by_text(re.compile("there is no /no/such/pairs.tar"))).to_be_visible()
        _look(page, str(broken))
        expect(page.get_by_text(re.compile("broken.npz .*"))).not_to_have_count(0)
        _look(page, "clipart/val")
        expect(page.locator(".sde-preview figure")).to_have_count(10)
        _choose(page, "Encode by", "ViT-B-23/openai")
        page.get_by_role("button", name="Encode", exact=True).click()
        said = page.get_by_test_id("stMain").get_by_text(re.compile("closest: ViT-B-32"))
        expect(said).to_be_visible()  # and once more at the side, where what ran stands
        side = page.get_by_test_id("stSidebar")
        side.get_by_text("ended early").click()
        expect(side.get_by_text(re.compile("closest: ViT-B-32")).first).to_be_visible()
