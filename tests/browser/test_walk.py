"""Under a working hand: nothing moves by itself, whichever way one goes from view to view."""

import itertools
import random
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sde_explorer.screenshots import rest
from tests.browser.panel import NAMES, address, controls, drawn
from tests.browser.still import nothing_followed, still

pytestmark = pytest.mark.browser
LINK = "data=clipart&part=split%3Dtest&noise=1.2&strong=0.9&center=kept&t=0.4"
SHOWN = {
    "Data": "clipart",
    "Encoder": "bundled",
    "Part": "split=test",
    "Rule": "mp-iqr",
    "Mean": "kept",
    "Noise × rule": "1.2",
    "Noise × rule, number": "1.2",
    "Strong × rule": "0.912",  # the step that is nearest
    "Strong × rule, number": "0.9",
    "Treatment": "none",
    "Moment t": "0.40",
}
ADDRESS = {
    "data": ["clipart"],
    "part": ["split=test"],
    "noise": ["1.2"],
    "strong": ["0.9"],
    "center": ["kept"],
    "t": ["0.4"],
}


def _all_pairs(seed: int) -> Iterator[str]:
    """Views in an order in which every one follows every other once: a random Eulerian walk, from the first one."""
    draw = random.Random(seed)
    ahead = {name: draw.sample([n for n in NAMES if n != name], len(NAMES) - 1) for name in NAMES}
    stack, walk = [NAMES[0]], []
    while stack:
        if ahead[stack[-1]]:
            stack.append(ahead[stack[-1]].pop())
        else:
            walk.append(stack.pop())
    yield from reversed(walk)


def _go(page: Page, name: str) -> None:
    asked = page.evaluate("scriptRuns.asked()")
    page.get_by_test_id("stTopNavLink").filter(has_text=name).locator("visible=true").click()
    path = "/" if name == "Overview" else f"/{name.lower()}"
    page.wait_for_function("path => location.pathname === path", arg=path)
    page.wait_for_function(
        "asked => scriptRuns.asked() > asked", arg=asked
    )  # asked for a moment after the address
    rest(page)


def _agree(page: Page, shown: dict[str, str], link: dict[str, list[str]]) -> None:
    drawn(page, shown)
    assert controls(page) == shown
    assert address(page)[1] == link


def test_nothing_moves_by_itself_over_all_pairs_of_views(url, opened):
    walk = list(_all_pairs(seed=13))
    assert len({*itertools.pairwise(walk)}) == 72
    waits = random.Random(7)
    with opened(f"{url}/?{LINK}", 0) as page:
        _agree(page, SHOWN, ADDRESS)
        for name in walk[1:]:
            _go(page, name)
            _agree(page, SHOWN, ADDRESS)
            if waits.random() < 0.15:  # a press that has nothing to do with it
                waits.choice((lambda _: None, rest, nothing_followed))(page)
                side = page.get_by_test_id("stSidebar")
                side.get_by_role("radio", name="enhanced").click()
                expect(page).to_have_url(re.compile("transform=enhanced"))
                side.get_by_role("radio", name="none").click()
                expect(page).not_to_have_url(re.compile("transform"))
                rest(page)
                _agree(page, SHOWN, ADDRESS)


def test_back_forward_reload_and_a_theme_change_agree(url, opened):
    with opened(f"{url}/?{LINK}", 0) as page:
        _go(page, "Spectrum")
        number = page.get_by_role("spinbutton", name="Noise × rule")
        number.fill("2")
        number.press("Enter")
        expect(page).to_have_url(re.compile("noise=2"))
        rest(page)
        moved, link = (
            SHOWN | {"Noise × rule": "2", "Noise × rule, number": "2"},
            ADDRESS | {"noise": ["2.0"]},
        )
        _agree(page, moved, link)
        _go(page, "Data")
        _agree(page, moved, link)
        for go, path, shown, parameters in (
            (page.go_back, "/spectrum", moved, link),
            (page.go_back, "/spectrum", SHOWN, ADDRESS),
            (page.go_back, "/", SHOWN, ADDRESS),
            (page.go_forward, "/spectrum", SHOWN, ADDRESS),
            (page.go_forward, "/spectrum", moved, link),
            (page.reload, "/spectrum", moved, link),
        ):
            go()
            page.get_by_test_id("stHeading").first.wait_for()
            expect(page.get_by_role("spinbutton", name="Noise × rule")).to_have_value(
                shown["Noise × rule, number"]
            )
            rest(page)
            assert address(page)[0] == path
            _agree(page, shown, parameters)
        page.emulate_media(color_scheme="dark")
        still(page)
        rest(page)
        _agree(page, moved, link)


def test_two_tabs_of_one_visitor_do_not_disturb_each_other(url, opened):
    with opened(f"{url}/spectrum?{LINK}", 0) as page:
        other = page.context.new_page()
        other.goto(f"{url}/spectrum?data=emoji")
        other.get_by_test_id("stHeading").first.wait_for()
        rest(other)
        ways = [name for name in random.Random(5).sample(NAMES, len(NAMES)) if name != "Spectrum"]
        for number, name in enumerate((*ways, "Spectrum")):
            _go(page, name)
            _go(other, name)
            _agree(page, SHOWN, ADDRESS)
            assert controls(other)["Data"] == "emoji"
            assert address(other)[1] == ({} if number else address(other)[1])


_SOCKETS = """window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...given) { super(...given); sockets.push(this); }
};"""


def test_a_connection_that_was_lost_and_found_again_changes_nothing(url, opened):
    with opened(f"{url}/data?{LINK}", 0) as page:
        page.add_init_script(_SOCKETS)
        page.reload()
        page.get_by_test_id("stHeading").first.wait_for()
        rest(page)
        for name in ("Curriculum", "Spectrum"):
            count = page.evaluate("(sockets.at(-1).close(), sockets.length)")
            page.wait_for_function(
                "count => sockets.length > count && sockets.at(-1).readyState === WebSocket.OPEN", arg=count
            )
            rest(page)
            _agree(page, SHOWN, ADDRESS)
            _go(page, name)
            _agree(page, SHOWN, ADDRESS)
