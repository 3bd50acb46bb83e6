"""Every view, opened once wide and once narrow: it comes without a jump, its picture is first, axe finds nothing."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import CHARTS, VIEWS, await_jobs, rest
from tests.browser.axe import broken
from tests.browser.conftest import Opened
from tests.browser.frame import MOST_WORDS, WORDS, top
from tests.browser.spectra import shown_bands
from tests.browser.still import BACKGROUNDS, show_in

pytestmark = pytest.mark.browser
WIDE, NARROW = (1440, 900), (900, 1000)
HIGHEST = {WIDE: 200, NARROW: 260}
"""Pixels above the main picture, at most."""
MOST_SHIFTED = 0.05
# Shifts add up from the first paint on; what follows a press of the visitor is not counted by the browser.
_WATCH = """window.shifts = [];
const named = node => (node?.nodeType === 1 ? node : node?.parentElement);
new PerformanceObserver(list => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push({
    by: e.value, at: e.startTime, what: e.sources.map(s => named(s.node)?.outerHTML.slice(0, 80)),
  });
}).observe({ type: 'layout-shift', buffered: true });"""
# The figure with thresholds lies in a shadow tree, which locators look into and queries of the page do not.
_DRAWN = ".st-key-main_picture :is(.js-plotly-plot .main-svg, .plot canvas, img, iframe, .sde-answer)"
# axe does not read the words of a figure. Those inside a bar stand on its colour, which plotly looks at.
_PALE_WORDS = """() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255);
    const [r, g, b] = parts.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = light(getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor);
  const pale = [...document.querySelectorAll('.js-plotly-plot text')].filter(text => {
    if (!text.textContent.trim() || text.matches('.bartext-inside')) return false;
    const pair = [page, light(getComputedStyle(text).fill)].sort();
    return (pair[1] + 0.05) / (pair[0] + 0.05) < 4.5;
  });
  return pale.map(text => `${text.textContent.slice(0, 40)}: ${getComputedStyle(text).fill}`);
}"""


class Standing(NamedTuple):
    """A view that came while its shifts were watched."""

    page: Page
    view: str
    size: tuple[int, int]
    shifts: list[dict[str, Any]]


@pytest.fixture(scope="module")
def standing(url: str, opened: Opened, request: pytest.FixtureRequest) -> Iterator[Standing]:
    """A view in a window of a size, opened with motion, and from then on without."""
    view, size = request.param
    charts = CHARTS.get(view, 4)
    with opened(url + VIEWS[view], charts, width=size[0], height=size[1], moving=True, first=_WATCH) as page:
        rest(page)
        shifts = page.evaluate("window.shifts")
        page.emulate_media(reduced_motion="reduce")
        yield Standing(page, view, size, shifts)


@pytest.fixture(scope="module")
def shown(standing: Standing, request: pytest.FixtureRequest) -> Standing:
    """The same in one of the themes."""
    show_in(standing.page, request.param)
    standing.page.locator(_DRAWN).first.wait_for()
    return standing


def _each(*views: str, sizes: tuple[tuple[int, int], ...] = (WIDE, NARROW)) -> pytest.MarkDecorator:
    cases = {f"{view} {size[0]}": (view, size) for view in views for size in sizes}
    return pytest.mark.parametrize("standing", cases.values(), ids=cases, indirect=True, scope="module")


def _sum(shifts: list[dict[str, Any]]) -> float:
    return sum(shift["by"] for shift in shifts)


in_both_themes = pytest.mark.parametrize("shown", BACKGROUNDS, indirect=True, scope="module")


@_each(*VIEWS)
def test_nothing_jumps_while_a_view_comes(standing):
    assert _sum(standing.shifts) <= MOST_SHIFTED, standing.shifts


@in_both_themes
@_each(*VIEWS)
def test_the_main_picture_is_the_first_thing(standing, shown):
    page, width = shown.page, shown.size[0]
    title = page.get_by_role("heading", level=1)
    assert top(page) <= HIGHEST[shown.size]
    assert page.get_by_test_id("stExpandSidebarButton").is_visible() == (width < 1100)
    assert len(title.inner_text()) <= 90
    assert page.evaluate(WORDS) <= MOST_WORDS, page.locator("body").inner_text()
    expect(title).to_have_text(re.compile(r"\d"))  # a number of this set
    assert not re.search(r"\[[PRX]\]", page.locator("body").inner_text())


@_each(*VIEWS, sizes=(WIDE,))
def test_there_are_few_words_also_once_nothing_is_on_its_way(standing):
    await_jobs(standing.page)
    rest(standing.page)
    assert standing.page.evaluate(WORDS) <= MOST_WORDS, standing.page.locator("body").inner_text()


@in_both_themes
@_each(*VIEWS, sizes=(WIDE,))
def test_axe_finds_nothing_serious(standing, shown):
    assert broken(shown.page) == []
    assert shown.page.evaluate(_PALE_WORDS) == []


@in_both_themes
@_each("spectrum")
def test_the_spectra_begin_high_and_fit_the_window(standing, shown):
    page = shown.page
    shown_bands(page)
    plot = page.locator(".figure .plot").first.bounding_box()
    assert plot["y"] <= HIGHEST[shown.size]
    bar = page.locator(".figure .sde-band-bar").first.bounding_box()
    assert bar["y"] + bar["height"] <= shown.size[1], "its message needs no scrolling"


@in_both_themes
@_each("overview", sizes=(WIDE,))
def test_the_first_page_shows_spectra_pictures_and_numbers(standing, shown):
    page = shown.page
    expect(page.locator(".sde-numbers")).to_have_count(8)
    expect(page.locator(".sde-numbers").first).to_contain_text("917")
    assert page.locator(".sde-gallery img").first.evaluate("i => i.naturalWidth") == 96


@_each(*VIEWS)
def test_nothing_is_cut_off(standing):
    main = standing.page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    for table in standing.page.locator("table").all():
        assert table.evaluate("e => e.scrollWidth <= e.parentElement.clientWidth + 1")


@_each(*VIEWS, sizes=(NARROW,))
def test_all_views_are_in_the_bar_at_900_pixels(standing):
    links = standing.page.get_by_test_id("stTopNavLink").locator("visible=true")
    expect(links).to_have_count(len(VIEWS))
    for box in (link.bounding_box() for link in links.all()):
        assert box is not None
        assert box["x"] + box["width"] <= 900


def test_nothing_jumps_with_reduced_motion(url, opened):
    # A transition of whatever length would keep the room of the side panel for a moment beside the panel itself.
    with opened(url + VIEWS["training"], CHARTS["training"], height=900, first=_WATCH) as page:
        rest(page)
        shifts = page.evaluate("window.shifts")
        assert _sum(shifts) <= MOST_SHIFTED, shifts
