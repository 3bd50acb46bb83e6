"""Without a mouse: the map is picked from and directions are read. What axe-core says is in test_every_view.py."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


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
