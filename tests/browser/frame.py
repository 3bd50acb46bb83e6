"""How much of a page is words, and where its picture begins."""

from playwright.sync_api import Page

MOST_WORDS = 250
# All that stands on the page, also what runs and what is done, at the side, and the words of figures, some of which
# have a tree of their own. An icon is no word: its name draws it.
WORDS = """() => {
  const count = text => text.split(/\\s+/).filter(word => /[a-zA-Z]{2,}/.test(word)).length;
  const sum = all => [...all].reduce((before, e) => before + count(e.innerText ?? ''), 0);
  const within = root => [...root.querySelectorAll('*')].filter(e => e.shadowRoot).reduce(
    (before, { shadowRoot: own }) =>
      before + sum([...own.children].filter(e => e.checkVisibility() && !e.matches('style, script'))) + within(own),
    0,
  );
  return count(document.body.innerText) + within(document)
    - sum(document.querySelectorAll("[data-testid=stIconMaterial]"));
}"""
# The figure with thresholds lies in a shadow tree, which locators look into and queries of the page do not.
_PICTURES = ".st-key-main_picture :is(.js-plotly-plot, canvas, iframe, img, figure, svg)"
_TOP = """all => Math.min(...all.map(e => e.getBoundingClientRect())
  .filter(r => r.height > 60).map(r => r.top))"""


def top(page: Page) -> float:
    """Pixels above the highest picture; infinite where there is none."""
    found: float = page.locator(_PICTURES).evaluate_all(_TOP)
    return found
