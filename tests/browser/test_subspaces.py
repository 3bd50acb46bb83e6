"""The Subspaces view in a real browser: a direction read, pictures under the pointer, a lasso that stays."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

import sde_core as sde
from sde_explorer.screenshots import rest, settle
from tests.browser.files import download_button, downloaded
from tests.browser.still import hover_a_point, placed

pytestmark = pytest.mark.browser
FIGURES = 3  # of a direction
OF_MAP = 1  # the map
MAP = ".st-key-map_chart .js-plotly-plot"


def _pictures(page: Page) -> list[str]:
    """Return the sources of the pictures at the upper end of the direction."""
    return page.locator(".sde-thumbs").first.locator("img").evaluate_all("all => all.map(i => i.src)")


def _area(page: Page, chart: str) -> dict[str, float]:
    plot = page.locator(f"{chart} .nsewdrag").first
    return placed(plot)


def _lasso(page: Page, chart: str, *, x: float, y: float, reach: float) -> None:
    """Draw around a place of a figure, in shares of its width and height."""
    box = _area(page, chart)
    turns = [2 * math.pi * step / 24 for step in range(25)]
    places = [
        (
            box["x"] + box["width"] * (x + reach * math.cos(t)),
            box["y"] + box["height"] * (y + reach * math.sin(t)),
        )
        for t in turns
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()


def _count(page: Page) -> int:
    """Return how many pictures the page says are picked."""
    said = page.get_by_text(re.compile(r"[\d,]+ of 2,289 pictures\.")).first.inner_text()
    return int(said.split(" ")[0].replace(",", ""))


def _selected(page: Page) -> int:
    """Wait until the map of the newest run stands alone and marks what is picked; return how many points."""
    page.wait_for_function(
        f"""() => {{
            const plots = [...document.querySelectorAll('{MAP}')].filter(plot => plot.offsetHeight);
            return plots.length === 1 && plots[0].data?.every(t => t.selectedpoints);
        }}"""
    )
    # The figure of an earlier run may stay in the page, hidden.
    plot = page.locator(f"{MAP}:visible")
    found: int = plot.evaluate("p => p.data.reduce((n, t) => n + t.selectedpoints.length, 0)")
    return found


def _look_elsewhere(page: Page) -> None:
    """Open the Spectrum view, wait until it stands, and come back."""
    page.get_by_role("link", name="Spectrum").click()
    expect(page.locator(".figure .plot").first).to_be_visible()
    rest(page)
    page.get_by_role("link", name="Subspaces").click()
    expect(page.locator(".known canvas")).to_be_visible()


def _colour_by(page: Page, name: str) -> None:
    _box(page).click()
    page.get_by_role("option", name=name, exact=True).click()
    rest(page)


def _box(page: Page) -> Locator:
    return page.get_by_test_id("stSelectbox").filter(has_text="Coloured by").locator("input")


def test_a_direction_shows_the_pictures_at_its_ends_and_the_link_brings_it_back(url, opened):
    with opened(f"{url}/subspaces", FIGURES) as page:
        first = _pictures(page)
        assert len(first) == 6
        assert page.locator(".sde-thumbs img").first.evaluate("i => i.naturalWidth") > 40
        page.get_by_role("button", name="Next", exact=True).click()
        expect(page).to_have_url(re.compile("direction=2"))
        rest(page)
        assert _pictures(page) != first
        # A click on a point of the small spectrum reads that direction.
        point = page.locator(".st-key-directions_chart .scatterlayer .trace").first.locator(".point").nth(4)
        box = placed(point)
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        hover_a_point(page, ".st-key-directions_chart", x, y)
        page.mouse.down()
        page.mouse.up()
        # Points stand three pixels apart: plotly takes the nearest to where the mouse came to rest.
        expect(page).to_have_url(re.compile(r"direction=[456]\b"))
        page.get_by_role("radio", name="text", exact=True).last.click()
        expect(page).to_have_url(re.compile("basis=text"))
        rest(page)
        fifth, link = _pictures(page), page.url
    with opened(link, FIGURES) as page:
        assert _pictures(page) == fifth


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)], ids=["light", "dark, narrow"])
def test_points_have_pictures_and_a_lasso_outlives_colours_and_views(url, opened, tmp_path, dark, width):
    with opened(f"{url}/subspaces?data=clipart&look=Map", OF_MAP, dark=dark, width=width) as page:
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
        _card_at_a_point(page)
        _lasso(page, MAP, x=0.4, y=0.5, reach=0.08)
        expect(page.get_by_text(re.compile("of 2,289 pictures"))).to_be_visible()
        rest(page)
        count, selected = _count(page), _selected(page)
        assert 0 < count < 2289
        assert selected >= count
        _colour_by(page, "modality")
        assert _count(page) == count
        assert _selected(page) == selected
        downloaded(page, download_button(page, "JSON")).save_as(tmp_path / "picked.json")
        assert len(json.loads((tmp_path / "picked.json").read_text())["pairs"]) == count
        _look_elsewhere(page)
        settle(page, OF_MAP)
        assert _count(page) == count
        page.get_by_role("button", name="Let go").click()
        expect(page.get_by_text("Draw around points")).to_be_visible()


def _card_at_a_point(page: Page) -> None:
    """Rest the pointer on a point of the map until its card with the picture stands beside it."""
    _area(page, MAP)
    x, y = page.locator(f"{MAP}:visible").evaluate(
        """plot => {
          const {xaxis, yaxis} = plot._fullLayout, {left, top} = plot.getBoundingClientRect();
          const {x, y} = plot._fullData.find(trace => trace.x?.length > 20);
          const at = i => [xaxis._offset + xaxis.l2p(x[i]), yaxis._offset + yaxis.l2p(y[i])];
          const all = [...x.keys()].map(at), mean = k => all.reduce((sum, p) => sum + p[k], 0) / all.length;
          const far = p => Math.hypot(p[0] - mean(0), p[1] - mean(1));
          const [across, down] = all.reduce((best, p) => (far(p) < far(best) ? p : best));
          return [left + across, top + down];
        }"""
    )
    hover_a_point(page, MAP.removesuffix(" .js-plotly-plot"), x, y)
    card = page.locator(".st-key-pointer_hover .card")
    expect(card).to_be_visible()
    expect(card).to_contain_text(re.compile(r"strong \d+%"))
    picture = card.locator("img")
    assert picture.evaluate("i => i.src.startsWith('data:image/webp') && i.naturalWidth > 0")
    page.mouse.move(2, 2)
    expect(card).to_be_hidden()


def test_a_umap_goes_on_while_one_looks_at_other_views_and_can_be_stopped(url, opened, tmp_path):
    x = np.random.default_rng(0).normal(size=(4_000, 64))  # the maps of bundled sets came with them
    drawn = sde.EmbeddingSet.from_arrays(x, x)
    folder = replace(drawn, metadata={"side": (x[:, 0] > 0).astype(str)}).save(tmp_path / "drawn")
    with opened(f"{url}/subspaces?data={folder}&map_of=image&look=Map", OF_MAP) as page:
        page.get_by_role("radio", name="UMAP", exact=True).click()
        expect(page.get_by_text("The layout runs in the background")).to_be_visible()
        _look_elsewhere(page)
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_text("UMAP of 4,000 pictures: stopped.")).to_be_visible(timeout=120_000)
        expect(page.get_by_role("button", name="Lay it out")).to_be_visible()
