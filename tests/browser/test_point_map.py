"""The map of many points in a real browser: thinned evenly, zoomed, picked, hovered; also in the Subspaces view."""

import re
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect

from benchmarks.map_frames import clusters, shown
from sde_core import EmbeddingSet
from sde_explorer.subspaces.point_map.sent import point_data
from tests.browser.still import placed

pytestmark = pytest.mark.browser
COUNT = 250_000


@pytest.fixture
def page(chromium):
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    yield page
    context.close()
    assert problems == []


def _drawn(page) -> tuple[int, int]:
    page.wait_for_function("() => document.querySelector('.sde-points').dataset.drawn")
    found = page.locator(".sde-points").evaluate("r => [r.dataset.drawn, r.dataset.inside].map(Number)")
    return tuple(found)


def test_of_many_points_an_even_sample_is_drawn_and_zooming_in_shows_all_that_is_there(page):
    flat, colours = clusters(COUNT)
    shown(page, point_data(flat, colours, None))
    assert _drawn(page) == (100_000, COUNT)
    shares = page.evaluate(
        """() => {
          const { points } = document.querySelector('.sde-points').map, left = [0, 0];
          for (let i = 0; i < points.n; i++) if (points.xy[2 * i] < 32768) left[i < points.drawn ? 0 : 1]++;
          return [left[0] / points.drawn, (left[0] + left[1]) / points.n];
        }"""
    )
    assert shares[0] == pytest.approx(shares[1], abs=0.01)  # six standard deviations of 100,000 draws
    for _ in range(6):
        page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(
        "n => { const d = document.querySelector('.sde-points').dataset;"
        " return d.inside < n && d.drawn === d.inside; }",
        arg=COUNT,
    )
    view = page.evaluate("() => document.querySelector('.sde-points').map.points.view")
    unit = (flat - flat.min(axis=0)) / (flat.max(axis=0) - flat.min(axis=0))
    inside = ((unit >= view[:2]) & (unit <= view[2:])).all(axis=1).sum()
    assert _drawn(page)[1] == pytest.approx(inside, abs=20)  # places are rounded to 1/65535
    page.get_by_role("button", name="Whole").click()
    page.wait_for_function("n => document.querySelector('.sde-points').dataset.inside == n", arg=COUNT)


def test_a_lasso_takes_what_is_drawn_inside_a_click_the_nearest_and_picked_ones_stay_in_view(page):
    flat, colours = clusters(COUNT)
    picked = np.zeros(COUNT, bool)
    picked[200_000:200_050] = True
    shown(page, point_data(flat, colours, picked))
    _drawn(page)
    page.evaluate(
        """() => {
          window.told = [];
          const root = document.querySelector('.sde-points');
          for (const name of ['plotly_selected', 'plotly_click', 'plotly_hover', 'plotly_deselect'])
            root.on(name, what => told.push([name, (what.points ?? []).map(p => p.customdata)]));
        }"""
    )
    order = page.evaluate(
        """() => { const { points } = document.querySelector('.sde-points').map;
          return [...points.chosen.subarray(points.drawn - 50, points.drawn)].map(i => points.order[i]); }"""
    )
    assert sorted(order) == list(range(200_000, 200_050))  # above all others, though not among the first
    box = placed(page.locator(".sde-points canvas"))
    corners = [(0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6)]
    places = [(box["x"] + u * box["width"], box["y"] + v * box["height"]) for u, v in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=3)
    page.mouse.up()
    told = page.evaluate("told.filter(([name]) => name === 'plotly_selected')")
    [(_, ids)] = told
    view = page.evaluate("() => document.querySelector('.sde-points').map.points.view")
    unit = (flat - flat.min(axis=0)) / (flat.max(axis=0) - flat.min(axis=0))
    share = (unit[ids] - view[:2]) / (np.array(view[2:]) - view[:2])
    assert len(ids) > 100
    assert ((share[:, 0] > 0.295) & (share[:, 0] < 0.605)).all()
    assert ((share[:, 1] > 0.395) & (share[:, 1] < 0.705)).all()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("() => told.some(([name]) => name === 'plotly_hover')")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function("() => told.some(([name, ids]) => name === 'plotly_click' && ids.length === 1)")
    page.keyboard.press("Escape")
    page.wait_for_function("() => told.some(([name]) => name === 'plotly_deselect')")


def test_the_subspaces_view_draws_a_large_set_and_a_lasso_picks_its_pictures(url, opened, tmp_path):
    rng = np.random.default_rng(0)
    image = rng.normal(size=(52_000, 6)).astype(np.float32) * np.arange(6, 0, -1, dtype=np.float32)
    made = EmbeddingSet.from_arrays(
        image, image + rng.normal(size=image.shape).astype(np.float32), captions=["a thing"] * len(image)
    )
    made = replace(made, metadata={"side": np.where(image[:, 0] > 0, "left", "right")})
    folder = made.save(tmp_path / "many")
    with opened(f"{url}/subspaces?data={folder}&look=Map&map_of=both", 0) as page:
        points = page.locator(".st-key-map_chart .sde-points")
        expect(points).to_have_attribute("data-inside", "104000")
        expect(points).to_have_attribute("data-drawn", "100000")
        box = placed(points.locator("canvas"))
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        card = page.locator(".card").filter(has_text="a thing")
        expect(card).to_be_visible()
        page.mouse.down()
        for u, v in ((0.55, 0.5), (0.55, 0.55), (0.5, 0.55)):
            page.mouse.move(box["x"] + u * box["width"], box["y"] + v * box["height"], steps=2)
        page.mouse.up()
        expect(page.get_by_text(re.compile(r"[\d,]+ of 52,000 pictures\.")).first).to_be_visible()
