"""How much of a page is words, and where its picture begins."""

from playwright.sync_api import Page

MOST_WORDS = 250
# All that stands on the page, also what runs and what is done, at the side. An icon is no word: its name draws it.
WORDS = """() => {
  const count = text => text.split(/\\s+/).filter(word => /[a-zA-Z]{2,}/.test(word)).length;
  const icons = [...document.querySelectorAll("[data-testid=stIconMaterial]")].map(e => count(e.innerText));
  return count(document.body.innerText) - icons.reduce((sum, more) => sum + more, 0);
}"""
# The figure with thresholds lies in a shadow tree, which locators look into and queries of the page do not.
_PICTURES = ".st-key-main_picture :is(.js-plotly-plot, canvas, iframe, img, figure, svg)"
_TOP = """all => Math.min(...all.map(e => e.getBoundingClientRect())
  .filter(r => r.height > 60).map(r => r.top))"""


def top(page: Page) -> float:
    """Pixels above the highest picture; infinite where there is none."""
    found: float = page.locator(_PICTURES).evaluate_all(_TOP)
    return found
