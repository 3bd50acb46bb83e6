"""Three atlases in a real browser: pictures at their places, and the pointer marks the same one in all three."""

import pytest
from playwright.sync_api import expect

from sde_explorer.screenshots import rest
from tests.browser.still import placed

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)], ids=["light wide", "dark narrow"])
def test_the_pointer_marks_a_picture_in_all_three(url, opened, dark, width):
    with opened(f"{url}/subspaces?data=clipart&look=Atlases", 0, dark=dark, width=width) as page:
        atlas = page.locator(".sde-atlas")
        atlas.and_(page.locator("[data-pictures]")).wait_for(timeout=120_000)
        panes = page.locator(".sde-atlas .pane")
        expect(panes).to_have_count(3)
        for pane in panes.all():
            pane.evaluate("p => new Promise(requestAnimationFrame)")
            assert pane.evaluate("p => Number(p.dataset.pictures)") > 20
        box = placed(panes.first.locator("canvas"))
        rest(page)
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(page.locator(".st-key-pointer_hover .card")).to_be_visible()
        marked = atlas.evaluate("a => Number(a.dataset.marked)")
        rings = page.locator(".sde-atlas circle")
        places = rings.evaluate_all(
            "all => all.map(c => ['r', 'cx', 'cy'].map(n => Number(c.getAttribute(n))))"
        )
        assert all(r > 0 for r, _, _ in places)
        assert len({(x, y) for _, x, y in places}) == 3, "it lies elsewhere in each map"
        assert marked >= 0
        page.mouse.move(2, 2)
        expect(rings.first).to_have_attribute("r", "0.0")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
