"""Nothing jumps while a view comes: the browser's own measure of layout shift, wide and narrow."""

import pytest

from sde_explorer.screenshots import CHARTS, VIEWS, new_page, rest, settle

pytestmark = pytest.mark.browser
MOST = 0.05
# Shifts add up from the first paint on; what follows a press of the visitor is not counted by the browser.
_WATCH = """window.shifts = [];
new PerformanceObserver(list => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push(e.value);
}).observe({ type: 'layout-shift', buffered: true });"""


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("width", [1440, 900])
def test_nothing_jumps_while_a_view_comes(url, chromium, view, width):
    assert _shifted(url, chromium, view, width) <= MOST


def test_nothing_jumps_with_reduced_motion(url, chromium):
    # A transition of whatever length would keep the room of the side panel for a moment beside the panel itself.
    assert _shifted(url, chromium, "training", 1440, reduced_motion="reduce") <= MOST


def _shifted(url, chromium, view, width, **options):
    """Return the sum of all shifts until a view is there."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
    try:
        page = new_page(context)
        page.set_default_timeout(120_000)
        page.add_init_script(_WATCH)
        page.goto(url + VIEWS[view])
        settle(page, CHARTS.get(view, 4))
        rest(page)
        return page.evaluate("window.shifts.reduce((sum, value) => sum + value, 0)")
    finally:
        context.close()
