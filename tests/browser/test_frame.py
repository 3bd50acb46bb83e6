"""The frame of the views: how one opens, that the panel folds and is used by keyboard."""

import re
from contextlib import closing

import pytest
from playwright.sync_api import expect

from benchmarks.panel import controls
from sde_explorer.screenshots import rest
from tests.browser.frame import MOST_WORDS, WORDS, top

pytestmark = pytest.mark.browser
MEASURED = ("retrieval", "compare")
"""Views whose finding has an interval, once nothing is on its way."""


@pytest.mark.parametrize("view", MEASURED)
def test_a_view_opens_with_a_finding_a_picture_and_few_words(url, opened, view):
    with opened(f"{url}/{view}", 1) as page:  # without any choice
        title = page.get_by_role("heading", level=1)
        expect(title).to_have_text(re.compile(r"\[.\d+\.\d, .\d+\.\d\]"))  # an interval
        expect(page.locator("[data-testid=stProgress]")).to_have_count(0)
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        rest(page)
        assert page.evaluate(WORDS) <= MOST_WORDS


def test_what_may_be_left_away_has_the_same_frame(url, opened):
    link = f"{url}/retrieval?data=clipart&part=split%3Dval&recall_part=Keep+how+much%3F"
    with opened(link, 1) as page:
        page.set_viewport_size({"width": 1440, "height": 900})
        page.locator(".st-key-kept_map").wait_for()
        rest(page)
        assert top(page) <= 200
        assert page.evaluate(WORDS) <= MOST_WORDS
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"times smaller|loses recall"))
        with page.expect_download() as file:
            page.get_by_role("button", name="faiss index").click()
        assert file.value.suggested_filename.endswith(".faiss")


def test_the_open_tab_lies_in_its_strip_also_where_a_link_opens_on_it(url, opened):
    inside = """tab => {
      const {left, right} = tab.getBoundingClientRect(), strip = tab.closest('[role=tablist]');
      const place = strip.getBoundingClientRect();
      return strip.scrollWidth > strip.clientWidth && place.left <= left && right <= place.right;
    }"""
    link = f"{url}/compare?data=clipart&part=split%3Dval&compare_look=Pictures+and+captions"
    with opened(link, 0, width=900) as page:
        tab = page.get_by_role("tab", name="Pictures and captions", selected=True)
        page.wait_for_function(inside, arg=tab.element_handle())
        page.get_by_role("tab", name="In numbers").evaluate("tab => tab.click()")  # it lies outside by now
        first = page.get_by_role("tab", name="In numbers", selected=True)
        page.wait_for_function(inside, arg=first.element_handle())


def test_the_panel_folds_and_unfolds_by_keyboard_and_stays_so(url, opened):
    with opened(f"{url}/data", 0) as page:
        side = page.get_by_test_id("stSidebar")
        fold = page.get_by_test_id("stSidebarCollapseButton").get_by_label("Collapse sidebar")
        unfold = page.get_by_test_id("stExpandSidebarButton")
        fold.focus()
        page.keyboard.press("Enter")
        expect(unfold).to_be_visible()
        page.reload()
        page.get_by_test_id("stHeading").first.wait_for()
        expect(unfold).to_be_visible()
        unfold.focus()
        page.keyboard.press("Enter")
        expect(fold).to_be_visible()
        slider = side.get_by_role("slider", name="Noise × rule")
        slider.focus()
        for _ in range(3):
            slider.press("ArrowRight")
        page.wait_for_url("**noise=1.148**")
        rest(page)
        assert controls(page)["Noise × rule, number"] == "1.15"


_WAITS = """() => {
  const place = document.querySelector('.st-key-main_picture');
  const boxes = place.querySelector('.sde-of-view'), shown = () => boxes.checkVisibility();
  const there = shown();
  place.querySelectorAll(':scope > :not(:first-child)').forEach(e => e.remove());
  const ended = shown();
  document.querySelector('[data-testid=stApp]').dataset.testScriptState = 'running';
  const [outer, inner] = [place, boxes].map(e => e.getBoundingClientRect());
  return {there, ended, waits: shown(), covers: Math.abs(outer.height - inner.height) < 1
    && Math.abs(outer.width - inner.width) < 1, tall: inner.height > 200, words: boxes.innerText};
}"""


@pytest.mark.parametrize("view", ["spectrum", "compare"])
def test_boxes_stand_in_the_picture_s_place_while_it_is_on_its_way_and_never_else(url, opened, view):
    with opened(f"{url}/{view}", 1) as page:
        found = page.evaluate(_WAITS)
    assert found == {
        "there": False, "ended": False, "waits": True, "covers": True, "tall": True, "words": "",
    }  # fmt: skip


@pytest.mark.parametrize(("view", "draws"), [("", True), ("training/", True), ("data", False)])
def test_what_a_view_draws_with_comes_before_the_server_has_said_a_word(url, chromium, view, draws):
    with closing(chromium.new_context()) as context:
        page = context.new_page()
        page.route_web_socket("**/_stcore/stream", lambda _: None)  # opened, and nothing is ever said on it
        with page.expect_response(re.compile(r"/Slider\.[^/]*\.js")):
            asked = list[str]()
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{url}/{view}")
        page.wait_for_load_state("networkidle")
    assert any("/PlotlyChart." in address for address in asked) == draws
