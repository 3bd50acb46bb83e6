"""Under a working hand: nothing moves by itself, whichever way one goes from view to view."""

import itertools
import random
import re

import pytest
from playwright.sync_api import Page, expect

from benchmarks.panel import NAMES, address, controls, drawn, nothing_followed
from benchmarks.walk import ADDRESS, LINK, SHOWN, Tab, all_pairs, go
from sde_explorer.screenshots import rest
from tests.browser.still import still

pytestmark = pytest.mark.browser


def _agree(page: Page, shown: dict[str, str], link: dict[str, list[str]]) -> None:
    drawn(page, shown)
    assert controls(page) == shown
    assert address(page)[1] == link


def test_nothing_moves_by_itself_over_all_pairs_of_views(url, opened):
    walk = list(all_pairs(seed=13))
    assert len({*itertools.pairwise(walk)}) == 72
    waits = random.Random(7)
    with opened(f"{url}/?{LINK}", 0) as page:
        _agree(page, SHOWN, ADDRESS)
        for name in walk[1:]:
            go(page, name)
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


def test_a_walk_notes_what_disagrees(url, opened):
    with opened(f"{url}/data?{LINK}", 0) as page:
        right, wrong = Tab(page, SHOWN, ADDRESS), Tab(page, SHOWN | {"Moment t": "9"}, {})
        for tab in (right, wrong):
            tab.look("now")
        assert right.faults == []
        assert len(wrong.faults) == 2
        assert wrong.faults[0] == "now: the panel says {'Moment t': '0.40'}"


def test_back_forward_reload_and_a_theme_change_agree(url, opened):
    with opened(f"{url}/?{LINK}", 0) as page:
        go(page, "Spectrum")
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
        go(page, "Data")
        _agree(page, moved, link)
        for move, path, shown, parameters in (
            (page.go_back, "/spectrum", moved, link),
            (page.go_back, "/spectrum", SHOWN, ADDRESS),
            (page.go_back, "/", SHOWN, ADDRESS),
            (page.go_forward, "/spectrum", SHOWN, ADDRESS),
            (page.go_forward, "/spectrum", moved, link),
            (page.reload, "/spectrum", moved, link),
        ):
            move()
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
            go(page, name)
            go(other, name)
            _agree(page, SHOWN, ADDRESS)
            assert controls(other)["Data"] == "emoji"
            assert address(other)[1] == ({"part": ["all"]} if number else address(other)[1])


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
            go(page, name)
            _agree(page, SHOWN, ADDRESS)
