"""Whether anything moves by itself: `python -m benchmarks.walk --orders 10 --tabs 2 --folder F`.

A walk is a seeded order in which each of the nine views follows each other one once: 72 changes. After each the
controls of the side panel and the address must agree with what was chosen, and again after one press that has nothing
to do with them (the treatment); between both one waits, by the same seed, not at all, as long as a person
does, or until nothing is computed any more. A second tab of the same visitor walks another order between the steps of
the first, with another set. Printed: what disagreed, and what the browser or the server complained of. With `--folder`
walks that were done are kept: run again to go on.
"""

import argparse
import itertools
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.panel import NAMES, address, controls, drawn, nothing_followed
from sde_explorer.screenshots import dashboard, launch, new_page, rest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LINK = "data=clipart&part=split%3Dtest&noise=1.2&strong=0.9&center=kept&t=0.4"
SHOWN = {
    "Data": "clipart",
    "Encoder": "bundled",
    "Part": "split=test",
    "Rule": "mp-iqr",
    "Mean": "kept",
    "Noise × rule": "1.2",
    "Noise × rule, number": "1.2",
    "Strong × rule": "0.912",  # the step that is nearest
    "Strong × rule, number": "0.9",
    "Treatment": "none",
    "Moment t": "0.40",
}
ADDRESS = {
    "data": ["clipart"],
    "part": ["split=test"],
    "noise": ["1.2"],
    "strong": ["0.9"],
    "center": ["kept"],
    "t": ["0.4"],
}
"""What the side panel and the address say after that link."""
OTHER = ("data=emoji&strong=1.3", {"Data": "emoji", "Strong × rule, number": "1.3"}, {"strong": ["1.3"]})
"""Link of a second tab, and what it says; the first set of all stands in no address."""
LONGEST_S = 1.5
PATIENCE_MS = 120_000


def all_pairs(seed: int) -> Iterator[str]:
    """Yield views in an order in which every one follows every other once, from the first one on.

    Args:
        seed: of the order, a random Eulerian walk.
    """
    draw = random.Random(seed)
    ahead = {name: draw.sample([n for n in NAMES if n != name], len(NAMES) - 1) for name in NAMES}
    stack, walk = [NAMES[0]], []
    while stack:
        if ahead[stack[-1]]:
            stack.append(ahead[stack[-1]].pop())
        else:
            walk.append(stack.pop())
    yield from reversed(walk)


def go(page: "Page", name: str) -> None:
    """Press a view in the navigation, and wait until it is there and rests.

    Args:
        page: that is open.
        name: of the view.
    """
    asked = page.evaluate("scriptRuns.asked()")
    page.get_by_test_id("stTopNavLink").filter(has_text=name).locator("visible=true").click()
    path = "/" if name == "Overview" else f"/{name.lower()}"
    page.wait_for_function("path => location.pathname === path", arg=path)
    page.wait_for_function(
        "asked => scriptRuns.asked() > asked", arg=asked
    )  # asked for a moment after the address
    rest(page)


@dataclass
class Tab:
    """One tab of a visitor, and what it should say.

    Attributes:
        page: of the browser.
        shown: controls by label; others are not looked at.
        link: parameters of the address.
        faults: what disagreed, one sentence each.
        treated: whether the treatment is chosen that a walk presses.
    """

    page: "Page"
    shown: dict[str, str]
    link: dict[str, list[str]]
    faults: list[str] = field(default_factory=list)
    treated: bool = False

    def look(self, when: str) -> None:
        """Note where controls or address are other than they should be, or an exception stands.

        Args:
            when: what was done before.
        """
        shown = self.shown | ({"Treatment": "enhanced"} if self.treated else {})
        link = self.link | ({"transform": ["enhanced"]} if self.treated else {})
        drawn(self.page, shown)
        found, there = controls(self.page), address(self.page)[1]
        wrong = {name: found.get(name) for name in shown if found.get(name) != shown[name]}
        if wrong:
            self.faults.append(f"{when}: the panel says {wrong}")
        if there != link:
            self.faults.append(f"{when}: the address says {there}")
        if self.page.get_by_test_id("stException").count():
            self.faults.append(f"{when}: an exception stands there")

    def press(self, draw: random.Random, when: str) -> None:
        """Wait as the seed says, press the other treatment, and look again.

        Args:
            draw: of the wait.
            when: what was done before.
        """
        wait = draw.choice(("none", "seconds", "seconds", "nothing runs"))
        if wait == "seconds":
            self.page.wait_for_timeout(1000 * draw.uniform(0, LONGEST_S))
        elif wait == "nothing runs":
            nothing_followed(self.page)
        self.treated = not self.treated
        asked = self.page.evaluate("scriptRuns.asked()")
        side = self.page.get_by_test_id("stSidebar")
        side.get_by_role("radio", name="enhanced" if self.treated else "none").click()
        self.page.wait_for_function("asked => scriptRuns.asked() > asked", arg=asked)
        rest(self.page)
        self.look(f"{when}, then a press")


def walked(browser: "Browser", url: str, seed: int, tabs: int) -> list[str]:
    """Return what went wrong on one walk through all pairs of views.

    Args:
        browser: a context of its own is opened in it.
        url: of the dashboard.
        seed: of orders and waits.
        tabs: 1, or 2 of the same visitor.
    """
    draw, problems = random.Random(f"waits {seed}"), list[str]()
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    try:
        open_tabs, orders = [], []
        for number, (link, shown, said) in enumerate(((LINK, SHOWN, ADDRESS), OTHER)[:tabs]):
            page = new_page(context)
            page.set_default_timeout(PATIENCE_MS)
            page.on(
                "console",
                lambda m: problems.append(f"console: {m.text}") if is_fault(m.type, m.text) else None,
            )
            page.on("pageerror", lambda e: problems.append(f"page: {e}"))
            page.on("response", lambda r: problems.append(f"{r.status}: {r.url}") if r.status > 399 else None)
            page.goto(f"{url}/?{link}")
            page.get_by_test_id("stHeading").first.wait_for()
            rest(page)
            open_tabs.append(Tab(page, shown, said))
            orders.append(list(all_pairs(1000 * number + seed)))
        for step in range(1, len(orders[0])):
            for number, (tab, order) in enumerate(zip(open_tabs, orders, strict=True)):
                when = f"tab {number + 1}, step {step}, {order[step - 1]} to {order[step]}"
                go(tab.page, order[step])
                tab.look(when)
                tab.press(draw, when)
        return [*itertools.chain.from_iterable(tab.faults for tab in open_tabs), *problems]
    finally:
        context.close()


def main() -> None:
    """Print a row for each order, and what went wrong; end with 1 if anything did."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.walk", description=__doc__)
    parser.add_argument(
        "--orders", type=int, default=10, help="walks, each of its own seed; default: %(default)s"
    )
    parser.add_argument("--first", type=int, default=1, help="seed of the first; default: %(default)s")
    parser.add_argument(
        "--tabs", type=int, choices=(1, 2), default=1, help="of one visitor; default: %(default)s"
    )
    parser.add_argument("--folder", type=Path, help="keeps what is done, to go on from there")
    parser.add_argument("--chromium", help="path of the browser")
    options = parser.parse_args()
    from playwright.sync_api import Error, sync_playwright

    kept = options.folder / f"walks-{options.tabs}.json" if options.folder else None
    known = json.loads(kept.read_text()) if kept is not None and kept.exists() else {}
    bad = 0
    print("| seed | tabs | changes | faults | s |\n|---:|---:|---:|---:|---:|")
    for seed in range(options.first, options.first + options.orders):
        if str(seed) not in known:
            begin = time.monotonic()
            with tempfile.TemporaryDirectory() as cache:
                log = Path(cache) / "server.log"
                with (
                    dashboard({**os.environ, "SDE_CACHE": cache}, log=log) as url,
                    sync_playwright() as playwright,
                ):
                    begun = log.stat().st_size
                    browser = launch(playwright, options.chromium)
                    try:
                        faults = walked(browser, url, seed, options.tabs)
                    except Error as error:  # a wait without end
                        faults = [f"the walk ended: {error.message.splitlines()[0]}"]
                    browser.close()
                said = log.read_text("utf-8")[begun:].splitlines()
                faults += [f"server: {line}" for line in said if not is_plain(line)]
            known[str(seed)] = {"faults": faults, "seconds": time.monotonic() - begin}
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(known, indent=1))
        faults, seconds = known[str(seed)]["faults"], known[str(seed)]["seconds"]
        print(
            f"| {seed} | {options.tabs} | {72 * options.tabs} | {len(faults)} | {seconds:.0f} |", flush=True
        )
        for fault in faults:
            print(f"  {fault}", flush=True)
        bad += bool(faults)
    raise SystemExit(min(bad, 1))


def is_fault(kind: str, text: str) -> bool:
    """Return whether a message of the browser is an error or a warning of the page.

    Args:
        kind: of the message.
        text: of it; the driver's remarks on drawing by software are none.
    """
    return kind in ("error", "warning") and "GL Driver Message" not in text


def is_plain(line: str) -> bool:
    """Return whether a line of the server's log is one of ours that tells of no fault.

    Args:
        line: of it.
    """
    try:
        return bool(json.loads(line)["level"] == "info")
    except (ValueError, KeyError, TypeError):
        return False


if __name__ == "__main__":
    main()
