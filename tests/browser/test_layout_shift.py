"""Nothing jumps while a view comes: the browser's own measure of layout shift, wide and narrow."""

import pytest

from sde_explorer.screenshots import CHARTS, VIEWS, rest, settle

pytestmark = pytest.mark.browser
MOST = 0.05
# Shifts add up from the first paint on; what follows a press of the visitor is not counted by the browser.
_WATCH = """window.shifts = [];
new PerformanceObserver(list => {
  for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts.push(e.value);
}).observe({ type: 'layout-shift', buffered: true });"""


@pytest.mark.parametrize("width", [1440, 900])
@pytest.mark.parametrize("view", VIEWS)
def test_nothing_jumps_while_a_view_comes(url, chromium, view, width):
    context = chromium.new_context(viewport={"width": width, "height": 900})
    try:
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.add_init_script(_WATCH)
        page.goto(url + VIEWS[view])
        settle(page, CHARTS.get(view, 4))
        rest(page)
        assert page.evaluate("window.shifts.reduce((sum, value) => sum + value, 0)") <= MOST
    finally:
        context.close()
