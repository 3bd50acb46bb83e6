"""A report opened from disk in a real Chromium: nothing is fetched, captions stay text, figures answer."""

import pytest
from playwright.sync_api import expect

from sde_core.report import make_report
from tests.browser.still import placed
from tests.sde_core.report.conftest import NASTY, toy_set

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (900, True)])
def test_a_report_works_offline(chromium, tmp_path, width, dark):
    from sde_core.report import ReportSpec, SetSpec

    spec = ReportSpec(sets=(SetSpec(embeddings="x"),), n_resamples=50, treatments=("raw", "sde-enhanced"))
    page_file = make_report(spec, opened={"x": toy_set(captions=NASTY)}).save(tmp_path / "report.html")
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", offline=True
    )
    page = context.new_page()
    wrong, asked = [], []
    page.on("console", lambda m: wrong.append(m.text))
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on("dialog", lambda d: wrong.append(d.message))
    page.on("request", lambda r: asked.append(r.url))
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width  # nothing sticks out
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == ("rgb(18, 22, 28)" if dark else "rgb(255, 255, 255)")

    # A scroll hides the tip, so nothing may scroll once it is there: not the hover, and not the focus.
    placed(page.locator("figure svg").first)
    page.locator("figure circle.point").nth(1).hover()
    tip = page.locator("#tip")
    assert "direction 2 of 12" in tip.inner_text()
    expect(tip).to_have_css("opacity", "1")
    page.locator("figure svg").first.evaluate("e => e.focus({preventScroll: true})")
    page.keyboard.press("ArrowRight")
    assert "direction 3 of 12" in tip.inner_text()

    page.locator("summary").first.click()
    assert page.get_by_text("</script><script>alert(").first.is_visible()
    assert wrong == []
    assert asked == [page_file.as_uri()]
    context.close()
