"""When a view says something: its first numbers, its main picture, and nothing on its way any more."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from playwright.sync_api import Page

VIEWS = {
    "overview": "",
    "data": "data",
    "spectrum": "spectrum",
    "subspaces": "subspaces",
    "curriculum": "curriculum",
    "retrieval": "retrieval",
    "training": "training",
    "compare": "compare",
    "share": "share",
}
"""Paths by name."""
STILL_S = 1.5
"""A page on which nothing was on its way for so long has settled."""
# Numbers stand in the finding (a title other than the view's name), on cards and in tables; pictures in the view's own
# place, some of them in the shadow of a component.
_MARKS = """name => {
  const main = document.querySelector('[data-testid=stMain]');
  if (!main) return [false, false, false];
  const fresh = e => !e.closest('[data-stale=true]');
  const all = (root, what) => [
    ...[...root.querySelectorAll(what)].filter(fresh),
    ...[...root.querySelectorAll('*')].flatMap(e => e.shadowRoot ? all(e.shadowRoot, what) : []),
  ];
  const number = e => /[0-9]/.test(e.innerText);
  const place = main.querySelector(`.st-key-picture_of_${name}`);
  const titles = all(main, 'h1').map(h => h.innerText.trim().toLowerCase());
  return [
    place && (titles.some(t => /[0-9]/.test(t) && t !== name)
      || all(main, '.sde-numbers b, .sde-answer, table').some(number)),
    place && all(place, '.js-plotly-plot .main-svg, .sde-answer, .sde-thumbs, iframe, img, canvas, table').length > 0,
    place && document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'
      && !all(main, '[data-testid=stProgress], .st-key-recall_stop, [data-testid=stSkeleton]').length
      && !all(main, '.sde-numbers b').some(b => b.innerText === '…'),
  ].map(Boolean);
}"""

Mark: TypeAlias = tuple[float, float] | None
"""Seconds since the beginning, and what else was measured then; None where it never was there."""


def marks(
    page: "Page", view: str, begin: float, patience_s: float, also: Callable[[], float] = lambda: 0.0
) -> list[Mark]:
    """Return when numbers, picture and rest were there, the last one for good.

    Args:
        page: on which the view was asked for.
        view: its name.
        begin: when, by `time.monotonic`.
        patience_s: after which one looks elsewhere.
        also: what else to note at each mark.
    """
    found: list[Mark] = [None, None, None]
    while (now := time.monotonic() - begin) < patience_s:
        for i, is_there in enumerate(page.evaluate(_MARKS, view)):
            found[i] = (found[i] or (now, also())) if is_there else (None if i == 2 else found[i])
        if all(found) and found[2] is not None and now - found[2][0] > STILL_S:
            break
        page.wait_for_timeout(50)
    return found
