"""Share in a real browser: the link, the report opened offline, figures as files, a spec opened again."""

import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from sde_core import EmbeddingSet
from sde_explorer.intake.addresses import is_id
from sde_explorer.screenshots import rest
from tests.app.conftest import spiked
from tests.browser.files import downloaded
from tests.browser.spectra import shown_bands, shown_values

pytestmark = pytest.mark.browser
MOVED = "t=0.25&noise=0.9&strong=1.2&center=kept&show=image&rows=0-3.6&seed=3"
PLOT = ".st-key-share_chart .js-plotly-plot"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A small set whose captions are markup."""
    plain = spiked(n_pairs=90, width=16)
    captions = [f"<script>alert({i})</script><img src=x onerror=alert(1)>" for i in range(90)]
    nasty = EmbeddingSet.from_arrays(plain.image, plain.text, captions=captions, name="<b>nasty</b>")
    return nasty.save(tmp_path_factory.mktemp("sets") / "nasty")


def _download(page: Page, press) -> tuple[str, bytes]:
    file = downloaded(page, press)
    return file.suggested_filename, file.path().read_bytes()


def _numbers(page: Page) -> tuple[list[float], list[list[int]]]:
    """The singular values of the first panel, and how the bands divide them."""
    return shown_values(page), shown_bands(page)


def test_the_link_in_a_fresh_browser_gives_equal_numbers(url, opened):
    with opened(f"{url}/spectrum?{MOVED}", 1) as page:
        before = _numbers(page)
        words = page.get_by_role("heading", level=1).inner_text()
    with opened(f"{url}/share?{MOVED}", 0) as page:
        link = page.get_by_test_id("stCode").first.inner_text().strip()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy to clipboard").first.click()
        assert page.evaluate("navigator.clipboard.readText()") == link
    assert link.startswith(f"{url}/spectrum?")
    assert parse_qs(urlsplit(link).query) == parse_qs(MOVED)
    with opened(link, 1) as page:
        assert _numbers(page) == before
        assert len(before[0]) == 192
        assert sum(before[1][0]) == 192
        assert page.get_by_role("heading", level=1).inner_text() == words


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)], ids=["light", "dark, narrow"])
def test_a_figure_is_saved_as_it_stands(url, opened, dark, width):
    with opened(f"{url}/share?show=image&share_part=Figures", 1, dark=dark, width=width) as page:
        assert page.get_by_test_id("stMain").evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        buttons = page.locator(".st-key-share_chart_files")
        plot = page.locator(PLOT)
        size = plot.evaluate("e => [e._fullLayout.width, e._fullLayout.height]")
        name, png = _download(page, buttons.get_by_role("button", name="Save as PNG").click)
        assert name == "emoji-singular-spectra.png"
        picture = Image.open(io.BytesIO(png)).convert("RGB")
        assert picture.size == tuple(int(2 * s + 0.5) for s in size)  # the nearest whole pixels
        assert picture.getpixel((1, picture.height - 2)) == ((18, 22, 28) if dark else (255, 255, 255))
        shades = np.asarray(picture.convert("L")).astype(int)
        assert (abs(shades - shades[-2, 1]) > 60).mean() > 0.005  # something is drawn, and can be read
        name, svg = _download(page, buttons.get_by_role("button", name="Save as SVG").click)
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg")
        written = " ".join("".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text"))
        assert "strong above 10.7" in written
        assert b"@font-face" in svg
        assert not re.search(rb'(?:href|src)="?\s*https?:|url\(["\']?https?:', svg)  # nothing to fetch

        # Another figure, and its tool bar: the camera and the button beside it.
        box = page.locator(".st-key-share_figure input")
        box.click()
        box.press("ControlOrMeta+a")
        box.press_sequentially("Bands")
        page.get_by_role("option").first.wait_for()
        box.press("Enter")
        page.wait_for_function(f"document.querySelector('{PLOT}')._fullData[0].type === 'bar'")
        rest(page)
        plot.hover()
        for kind in ("PNG", "SVG"):
            name, content = _download(page, plot.locator(f".modebar-btn[data-title='Save as {kind}']").click)
            assert name == f"emoji-share.{kind.lower()}"
            assert len(content) > 5_000


def test_the_report_is_made_here_and_read_offline(url, opened, chromium, folder, tmp_path):
    with opened(f"{url}/share?data={folder}&noise=0.9", 0) as page:
        assert page.locator("img[src=x]").count() == 0
        page.get_by_role("button", name="Make the report").click()
        button = page.get_by_test_id("stDownloadButton").filter(has_text="Report (HTML").get_by_role("button")
        expect(button).to_be_visible()
        name, content = _download(page, button.click)
        assert name == "nasty-report.html"
        _, spec = _download(
            page, page.get_by_test_id("stDownloadButton").filter(has_text="Spec").get_by_role("button").click
        )
        frame = page.frame_locator("iframe[title='The report']")
        expect(frame.get_by_role("heading", name="Retrieval before and after")).to_be_visible()
        page.get_by_role("tab", name="Numbers").click()
        expect(page.get_by_text("retrieval every treatment")).to_be_visible()
    made = json.loads(re.search(r'id="sde-content">(.*?)</script>', content.decode(), re.DOTALL)[1])
    assert made["spec"] == json.loads(spec)
    file = tmp_path / name
    file.write_bytes(content)
    for width, dark in ((1440, True), (900, False)):
        _read_offline(chromium, file, width, dark)
    with opened(f"{url}/share?share_part=Open+a+spec", 0) as page:
        page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(str(file))
        page.get_by_role("button", name="Show what it was made of").click()
        expect(page).to_have_url(re.compile(r"noise=0\.9"))
        expect(page).to_have_url(
            re.compile("data=")
        )  # both come in one go, but the page may be asked in between
        [short] = parse_qs(urlsplit(page.url).query)["data"]
        assert is_id(short)
        expect(page.get_by_text("90 images · 90 texts")).to_be_visible()
        expect(page.get_by_test_id("stDownloadButton").filter(has_text="Report (HTML")).to_be_visible()
        assert page.locator("img[src=x]").count() == 0


def _read_offline(chromium, file: Path, width: int, dark: bool) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", offline=True
    )
    page = context.new_page()
    wrong, asked = [], []
    page.on("console", lambda m: wrong.append(m.text))
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("dialog", lambda d: wrong.append(d.message))
    page.on("request", lambda r: asked.append(r.url))
    page.goto(file.as_uri())
    page.locator("figure circle.point").nth(1).hover()
    assert "direction 2 of 16" in page.locator("#tip").inner_text()
    page.locator("summary").first.click()
    assert page.get_by_text("<script>alert(").first.is_visible()
    # Tables fit, at 900 pixels too.
    for table in page.locator(".scroll").all():
        assert table.evaluate("e => e.scrollWidth <= e.clientWidth"), table.inner_text()[:60]
    assert (wrong, asked) == ([], [file.as_uri()])
    context.close()
