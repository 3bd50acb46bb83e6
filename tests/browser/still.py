"""States of the page that a browser test waits for: nothing moves, an element keeps its place, a point is found."""

from playwright.sync_api import Locator, Page, expect

from sde_explorer.screenshots import rest

BACKGROUNDS = {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 22, 28)"}


def show_in(page: Page, theme: str) -> None:
    """Change the theme, and wait until the page has it and what it asked of the server for it is shown."""
    page.emulate_media(color_scheme=theme)
    expect(page.locator("[data-testid=stApp]")).to_have_css("background-color", BACKGROUNDS[theme])
    still(page)
    rest(page)


def still(page: Page) -> None:
    """Wait until no transition and no animation runs that will end: colours are those of the theme."""
    page.wait_for_function(
        "() => document.getAnimations().every(a => a.playState !== 'running'"
        " || a.effect.getComputedTiming().iterations === Infinity)"
    )


def placed(element: Locator) -> dict[str, float]:
    """Scroll an element into view and return its box once it has kept its place for five frames."""
    element.scroll_into_view_if_needed()
    element.evaluate(
        """e => new Promise(done => {
          let last = '', kept = 0;
          const look = () => {
            const {x, y, width, height} = e.getBoundingClientRect(), now = [x, y, width, height].join();
            kept = now === last ? kept + 1 : 0;
            last = now;
            if (kept === 5) done(); else requestAnimationFrame(look);
          };
          look();
        })"""
    )
    box = element.bounding_box()
    assert box is not None
    return dict(box)


def hover_a_point(page: Page, chart: str, x: float, y: float) -> None:
    """Rest the mouse at (x, y) until plotly has found a point of a chart under it.

    Args:
        page: the page.
        chart: selector of the chart's box.
        x: pixels from the left of the window.
        y: pixels from its top.
    """
    page.mouse.move(x, y)
    page.wait_for_function(
        "chart => document.querySelector(`${chart} .js-plotly-plot`)?._hoverdata?.length > 0", arg=chart
    )
