"""A training in a real browser: watched, left alone, stopped, resumed, taken home, seen again by its link."""

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect
from safetensors import safe_open

from sde_explorer.screenshots import rest, settle
from tests.browser.files import download_button, downloaded

pytestmark = pytest.mark.browser
CHARTS = 3
# Each frame that the browser paints: a chart that has been drawn and now holds no line, or is not there, was blank.
_WATCH_CHARTS = """() => {
  window.charts = {};
  const keys = ['training_picture', 'training_recall', 'training_loss'];
  const look = () => {
    for (const key of keys) {
      const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`);
      const lines = plot?.querySelectorAll('.trace path').length ?? 0;
      const known = window.charts[key] ??= { drawn: 0, blank: 0, told: new Set() };
      if (lines) known.told.add(JSON.stringify((plot.data ?? []).map(t => t.x?._inputArray?.length ?? t.x?.length)));
      known.drawn += lines > 0;
      known.blank += known.drawn > 0 && !lines;
    }
    window.watching = requestAnimationFrame(look);
  };
  look();
}"""
_PLOT = "document.querySelector('.st-key-training_picture .js-plotly-plot')"


def _set(page: Page, label: str, value: str) -> None:
    field = page.get_by_role("spinbutton", name=label, exact=True)
    field.fill(value)
    field.press("Enter")
    rest(page)


def _stop(page: Page) -> Locator | None:
    """Stop the training, and return what the page says of it then; None where it ended before."""
    stop = page.get_by_test_id("stMain").get_by_role("button", name="Stop")  # the side panel has one too
    if not stop.count():
        return None
    with suppress(TimeoutError):  # it may have ended meanwhile, and the button with it
        stop.click(timeout=5_000)
    stopped, ended = (
        page.get_by_text("This training has not ended"),
        page.get_by_role("tab", name="Take it home"),
    )
    expect(stopped.or_(ended).first).to_be_visible(timeout=180_000)
    return stopped


def test_a_training_survives_the_browser_is_stopped_resumed_and_taken_home(url, opened, tmp_path):
    with opened(f"{url}/training?data=clipart", 0) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("After 240 steps SDE finds"))
        page.get_by_role("button", name="Settings").click()
        page.get_by_text("More settings").click()
        _set(page, "Steps", "120")
        _set(page, "Batch size", "256")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_role("button", name="Start training")).to_have_count(0)  # the form made room
        expect(page.get_by_role("tab", name="Does it find more?")).to_be_visible(timeout=90_000)
        expect(page).to_have_url(re.compile("training=.*clipart-adapter"))
        link = page.url
        # Another view, and back: it went on meanwhile.
        page.get_by_role("link", name="Spectrum").click()
        settle(page, 1)
        page.get_by_role("link", name="Training").click()
        settle(page, CHARTS)
        stopped = _stop(page)
        # It may have taken its last step while the button was pressed.
        if stopped is not None and stopped.count():
            page.get_by_role("button", name="Resume").click()
            # What the page had of the stopped one is gone.
            expect(page.get_by_role("button", name="Resume")).to_have_count(0)
        home = page.get_by_role("tab", name="Take it home")
        expect(home).to_be_visible(timeout=180_000)
        expect(page.get_by_role("button", name="Start training")).to_be_visible()
        outcome = page.get_by_role("heading", level=1).inner_text()
        assert re.match(r"After 120 steps SDE finds [\d.]+, InfoNCE [\d.]+ of 100, same batches", outcome)
        home.click()
        rest(page)
        file = downloaded(page, download_button(page, "Checkpoint"))
        file.save_as(tmp_path / "checkpoint.safetensors")
        with safe_open(tmp_path / "checkpoint.safetensors", framework="np") as file:
            assert any(name.startswith("model.") for name in file.keys())  # noqa: SIM118
        page.get_by_role("button", name="Look at its vectors").first.click()
        expect(page).to_have_url(re.compile(r"/(overview)?\?.*encoder=(~|%7E)[0-9a-f]{12}\b"))
        rest(page)
        page.go_back()
        page.get_by_role("button", name="SDE against InfoNCE").click()
        expect(page).to_have_url(re.compile(r"/compare\?.*other_encoder=(~|%7E)[0-9a-f]{12}\b"))
        rest(page)
        assert re.search(r"^B .*(wide|rank)", page.get_by_role("heading", level=1).inner_text())
    with opened(link, CHARTS, dark=True, width=900) as page:
        assert page.get_by_role("heading", level=1).inner_text() == outcome
        main = page.get_by_test_id("stMain")
        assert main.evaluate("e => e.scrollWidth - e.clientWidth") <= 0


def test_live_charts_are_never_blank_while_they_are_redrawn(url, opened):
    with opened(f"{url}/training?data=clipart", 0) as page:
        page.get_by_role("button", name="Settings").click()
        page.get_by_text("More settings").click()
        _set(page, "Steps", "160")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Start training").click()
        stored = "After 240 steps"
        page.wait_for_function(
            "stored => { const said = document.querySelector('h1')?.innerText ?? '';"
            " return said.startsWith('After') && !said.startsWith(stored); }",
            arg=stored,
        )
        page.evaluate(_WATCH_CHARTS)
        page.wait_for_function(
            "() => Object.values(window.charts).every(chart => chart.told.size > 3)", timeout=120_000
        )
        page.evaluate("cancelAnimationFrame(window.watching)")
        assert page.evaluate("Object.values(window.charts).map(chart => chart.blank)") == [0, 0, 0]
        _stop(page)


def test_a_replay_ends_where_its_figure_is_redrawn(url, opened):
    with opened(f"{url}/training", CHARTS, moving=True) as page:
        plot = page.locator(".st-key-training_picture .js-plotly-plot")
        page.wait_for_function(f"() => {_PLOT}?._transitionData?._animationRaf")
        before = plot.evaluate_handle("plot => plot._transitionData")
        page.set_viewport_size({"width": 1200, "height": 1000})
        page.wait_for_function(f"before => {_PLOT} && {_PLOT}._transitionData !== before", arg=before)
        assert page.evaluate(
            """async before => {
                const left = before._frameQueue.length, last = before._animationRaf;
                const end = Date.now() + 600;
                while (Date.now() < end) await new Promise(requestAnimationFrame);
                return left > 0 && before._frameQueue.length === left && before._animationRaf === last;
            }""",
            before,
        )
        page.get_by_role("link", name="Spectrum").click()
        settle(page, 1)


def test_a_replay_is_paused_without_an_error(url, opened):
    with opened(f"{url}/training", CHARTS, moving=True) as page:
        page.wait_for_function(f"() => {_PLOT}?._transitionData?._animationRaf")
        page.evaluate(
            f"{_PLOT}.on('plotly_animationinterrupted', () => setTimeout(() => {{ window.paused = true }}))"
        )
        page.locator(".st-key-training_picture .updatemenu-button", has_text="Pause").click()
        page.wait_for_function("window.paused && new Promise(requestAnimationFrame).then(() => true)")
