"""Every view walked through by axe-core in both themes, by keyboard, and in a narrow window."""

import pytest
from playwright.sync_api import expect

from sde_explorer.screenshots import CHARTS, VIEWS
from tests.browser.axe import broken
from tests.browser.still import BACKGROUNDS, show_in

pytestmark = pytest.mark.browser


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


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious_in_a_view_in_either_theme(url, opened, view):
    with opened(url + VIEWS[view], CHARTS.get(view, 4)) as page:
        for theme in BACKGROUNDS:
            show_in(page, theme)
            assert broken(page) == []
            assert page.evaluate(_PALE_WORDS) == []


def test_all_views_are_in_the_bar_at_900_pixels(url, opened):
    with opened(f"{url}/data", 0, width=900) as page:
        links = page.get_by_test_id("stTopNavLink").locator("visible=true")
        expect(links).to_have_count(len(VIEWS))
        for box in (link.bounding_box() for link in links.all()):
            assert box is not None
            assert box["x"] + box["width"] <= 900


def test_the_map_is_picked_from_and_directions_are_read_without_a_mouse(url, opened):
    with opened(f"{url}/subspaces?data=clipart&look=Map", 1) as page:
        words = page.get_by_role("textbox", name="Pick by caption")
        words.focus()
        page.keyboard.type("dog")
        page.keyboard.press("Enter")
        expect(page.get_by_text("of 2,289 pictures.")).to_be_visible()
        page.get_by_role("tab", name="Directions").click()
        page.get_by_role("spinbutton", name="Direction, 1 to").focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        page.wait_for_url("**direction=2**")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") in ("BUTTON", "INPUT")
