"""A walk through all views leaves the browser's console and the server's log clean, and every picture has its words."""

import pytest
from playwright.sync_api import Page, expect

from benchmarks.panel import NAMES
from benchmarks.walk import is_fault, is_plain
from sde_explorer.screenshots import new_page, rest
from tests.browser.still import still

pytestmark = pytest.mark.browser
# Figures, pictures and frames, also in shadow trees, that say nothing to who does not see them.
_WORDLESS = """() => {
  const all = root => [...root.querySelectorAll('*')].flatMap(e => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
  const named = e => ['alt', 'aria-label', 'title'].some(name => e.getAttribute(name)?.trim());
  const up = e => e.parentElement ?? e.getRootNode().host;
  const around = (e, is) => e ? is(e) || around(up(e), is) : false;
  const hidden = e => around(e, at => at.ariaHidden === 'true' || at.role === 'presentation');
  const told = e => e.matches('img, iframe') ? named(e) : around(e, at => at.role && named(at));
  return all(document.body)
    .filter(e => e.matches('img, iframe, canvas, .js-plotly-plot') && e.getBoundingClientRect().height > 24)
    .filter(e => !hidden(e) && !told(e))
    .map(e => e.outerHTML.slice(0, 160));
}"""


def _stands(page: Page, name: str) -> None:
    path = "/" if name == "Overview" else f"/{name.lower()}"
    page.wait_for_function("path => location.pathname === path", arg=path)
    page.locator(f".st-key-picture_of_{name.lower()}").wait_for()
    rest(page)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    assert page.evaluate(_WORDLESS) == [], name


def test_a_walk_there_and_back_leaves_console_and_log_clean(url, chromium, server_log):
    begun = server_log.stat().st_size
    said: list[str] = []
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    page = new_page(context)
    page.set_default_timeout(120_000)
    page.on("console", lambda m: said.append(m.text) if is_fault(m.type, m.text) else None)
    page.on("pageerror", lambda e: said.append(str(e)))
    page.on("response", lambda r: said.append(r.url) if r.status >= 400 else None)
    try:
        page.goto(f"{url}/?data=clipart&part=split%3Dtest")
        _stands(page, "Overview")
        for name in NAMES[1:]:
            page.get_by_test_id("stTopNavLink").filter(has_text=name).locator("visible=true").click()
            _stands(page, name)
        for name in reversed(NAMES[:-1]):
            page.go_back()
            _stands(page, name)
        for name in NAMES[1:]:
            page.go_forward()
            _stands(page, name)
        page.emulate_media(color_scheme="dark")
        still(page)
        rest(page)
        page.goto(f"{url}/subspaces?data=clipart&part=split%3Dtest&look=Map")  # a deep link
        _stands(page, "Subspaces")
        page.reload()
        _stands(page, "Subspaces")
    finally:
        context.close()
    assert said == []
    lines = server_log.read_text("utf-8")[begun:].splitlines()
    assert [line for line in lines if not is_plain(line)] == []


def test_with_reduced_motion_nothing_moves(url, chromium):
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    try:
        page = new_page(context)
        page.set_default_timeout(120_000)
        page.goto(f"{url}/training")
        _stands(page, "Training")
        longest = page.evaluate(
            """() => Math.max(...[...document.querySelectorAll('*')].map(getComputedStyle)
              .flatMap(style => [style.transitionDuration, style.animationDuration])
              .flatMap(text => text.split(',')).map(parseFloat))"""
        )
        assert longest <= 0.001  # seconds
        page.get_by_role("slider", name="Noise × rule").press("ArrowRight")
        assert page.evaluate("document.getAnimations().filter(a => a.playState === 'running').length") == 0
    finally:
        context.close()
