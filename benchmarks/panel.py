"""What the side panel and the address say of the state, as people read them."""

from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page

NAMES = (
    "Overview",
    "Data",
    "Spectrum",
    "Subspaces",
    "Curriculum",
    "Retrieval",
    "Training",
    "Compare",
    "Share",
)
"""The nine views as the navigation calls them, in its order."""

_VALUES = """() => {
  const label = e => e.querySelector('[data-testid=stWidgetLabel]')?.innerText.trim()
    || e.querySelector('input')?.getAttribute('aria-label');
  const found = {};
  for (const e of document.querySelectorAll('[data-testid=stSidebar] [data-testid=stSelectbox]'))
    found[label(e)] = e.querySelector('input').value;
  for (const e of document.querySelectorAll('[data-testid=stSidebar] [data-testid=stNumberInput]'))
    found[label(e) + ', number'] = e.querySelector('input').value;
  for (const e of document.querySelectorAll('[data-testid=stSidebar] [data-testid=stSlider]'))
    found[label(e)] = e.innerText.trim().split(/\\n+/)[1];
  for (const e of document.querySelectorAll('[data-testid=stSidebar] [data-testid=stButtonGroup]'))
    found[label(e)] = e.querySelector('[aria-checked=true]').innerText.trim();
  for (const e of document.querySelectorAll('[data-testid=stSidebar] [data-testid=stMultiSelect]'))
    found[label(e)] = e.innerText.trim().split(/\\n+/).slice(1).join(', ');
  return found;
}"""


def controls(page: Page) -> dict[str, str]:
    """Return the values of all controls of the side panel by their labels."""
    found: dict[str, str] = page.evaluate(_VALUES)
    return found


def address(page: Page) -> tuple[str, dict[str, list[str]]]:
    """Return path and parameters of the address."""
    parts = urlsplit(page.url)
    return parts.path, parse_qs(parts.query)


def drawn(page: Page, names: Iterable[str]) -> None:
    """Wait until the controls with these labels stand in the side panel, whatever they say.

    After a change of view the browser may draw some of them later than the others.
    """
    page.wait_for_function(
        f"names => {{ const found = ({_VALUES})(); return names.every(name => name in found); }}",
        arg=list(names),
    )


def nothing_followed(page: "Page") -> None:
    """Wait until no part of the page looks again and again at work that goes on beside it."""
    page.wait_for_function(
        "() => !document.querySelector('[data-testid=stProgress]')"
        " && !/\\bStop\\b/.test(document.querySelector('.st-key-jobs')?.innerText ?? '')"
    )
