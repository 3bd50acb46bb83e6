"""The Curriculum view in a real browser: the moment scrubbed, played in the page, and taken home."""

import io
import re
import zipfile

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import rest
from tests.browser.files import download_button, downloaded

pytestmark = pytest.mark.browser
FIGURES = 3


def _plotted(page: Page, field: str, trace: int) -> list[float]:
    """Return numbers of a trace of the first figure as Plotly holds them."""
    got = page.locator(".js-plotly-plot").first.evaluate(
        f"e => {{ const v = e._fullData[{trace}].{field}; return Array.from(v) }}"
    )
    return [float(value) for value in got]


# Traces of the first figure: four schedules, the spectrum before (image, text), then what moves: the dot of alpha,
# and strong, weak, noise of each modality.
BEFORE, DOT, STRONG = 4, 6, 7


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)], ids=["light", "dark, narrow"])
def test_the_enhanced_spectrum_follows_the_moment_and_plays(url, opened, dark, width):
    with opened(f"{url}/curriculum", FIGURES, dark=dark, width=width, moving=True) as page:
        before, first = _plotted(page, "y", BEFORE), _plotted(page, "y", STRONG)
        assert first[0] == pytest.approx(1.5 * before[0], rel=1e-5)
        slider = page.get_by_test_id("stSlider").filter(has_text="Moment t").get_by_role("slider")
        slider.focus()
        slider.press("End")
        expect(page).to_have_url(re.compile("t=1"))
        expect(page.get_by_text("At t = 1.00, α is 0.050")).to_be_visible()
        page.wait_for_function(f"document.querySelector('.js-plotly-plot')._fullData[{DOT}].x[0] === 1")
        rest(page)
        assert _plotted(page, "y", STRONG)[0] == pytest.approx(1.05 * before[0], rel=1e-5)
        _play(page)
        assert _plotted(page, "x", DOT) == [1.0]
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        page.get_by_role("tab", name="Guarantees").click()
        expect(page.get_by_text("measured values stay within their bounds")).to_be_visible()
        rest(page)
        assert page.locator("table").count() == 1
        for table in page.locator("table").all():
            assert table.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth + 1")


def _play(page: Page) -> None:
    """Play the first figure, which must run through all of training and end at the moment of the page."""
    page.evaluate(
        """() => {
            window.seen = [];
            const plot = document.querySelector('.js-plotly-plot');
            plot.on('plotly_animatingframe', e => window.seen.push(e.name));
            plot.on('plotly_animated', () => { window.ended = true });
        }"""
    )
    page.locator(".js-plotly-plot").first.get_by_text("Play").click()
    page.wait_for_function("window.ended")
    seen = page.evaluate("window.seen")
    assert seen[0] == "0.000"
    assert seen[-2:] == ["1.000", "now"]


def test_the_transform_is_taken_home_and_pruning_is_shown(url, opened):
    with opened(
        f"{url}/curriculum?data=clipart&transform=pruned&show=image&curriculum_part=Transform", 1
    ) as page:
        expect(page.get_by_text("Noise directions are set to 0")).to_be_visible()
        content = downloaded(page, download_button(page, "zip")).path().read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name.split("/")[1] for name in archive.namelist()]
    assert names == ["image.safetensors", "text.safetensors", "transform.json"]
