"""A presentation in a real browser: opened by a link, led by the arrow keys, with the numbers of the own set."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import sde_core as sde
from sde_explorer.screenshots import rest
from sde_explorer.tour.numbers import STEPS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A set of one's own: small, with six shared directions."""
    rng = np.random.default_rng(5)
    shared = rng.normal(size=(400, 6)) * np.linspace(2, 5, 6)
    basis = np.linalg.qr(rng.normal(size=(32, 6)))[0]
    image, text = ((shared @ basis.T + rng.normal(size=(400, 32))).astype("f4") for _ in range(2))
    made = sde.EmbeddingSet.from_arrays(image, text, captions=[f"pair {i}" for i in range(400)], name="mine")
    return str(made.save(tmp_path_factory.mktemp("present") / "mine"))


def test_a_link_opens_a_presentation_that_the_arrow_keys_lead_through(url, opened, folder):
    with opened(f"{url}/spectrum?present=1&data={folder}", 0) as page:
        card = page.locator(".st-key-tour")
        for number, step in enumerate(STEPS, 1):
            expect(card).to_contain_text(f"Presenting mine · {number} of {len(STEPS)}", timeout=120_000)
            expect(card).to_contain_text(step.title)
            expect(card.get_by_test_id("stProgress")).to_have_count(0, timeout=120_000)
            expect(card.get_by_role("button").nth(1)).to_be_visible()  # the keys are those of its buttons
            rest(page)
            for hidden in ("stSidebar", "stHeader"):
                expect(page.get_by_test_id(hidden)).to_be_hidden()
            expect(page.locator(".st-key-own_controls")).to_be_hidden()
            if number == 1:
                expect(card).to_contain_text("32 numbers of each of 400 pictures")
                assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 16
            page.keyboard.press("ArrowRight" if number < len(STEPS) else "ArrowLeft")
        expect(card).to_contain_text(f"{len(STEPS) - 1} of {len(STEPS)}", timeout=120_000)
        rest(page)
        page.keyboard.press("Escape")
        expect(card).to_have_count(0)
        expect(page.get_by_test_id("stSidebar")).to_be_visible()
        expect(page).to_have_url(re.compile(r"/retrieval\?data=[^&]+(&encoder=unknown)?$"))


def test_thresholds_are_moved_by_the_same_keys_where_they_have_the_focus(url, opened, folder):
    with opened(f"{url}/spectrum?present=1&tour=2&data={folder}", 0) as page:
        card = page.locator(".st-key-tour")
        expect(card).to_contain_text("2 of 10", timeout=120_000)
        rest(page)
        line = page.get_by_role("slider", name=re.compile("noise", re.I)).first
        line.focus()
        line.press("ArrowUp")
        expect(page).to_have_url(re.compile(r"noise=1\.\d+"))
        rest(page)
        expect(card).to_contain_text("2 of 10")


def test_a_link_to_the_overview_presents_too(url, opened, folder):
    with opened(f"{url}/?present=1&data={folder}", 0) as page:
        expect(page.locator(".st-key-tour")).to_contain_text("Presenting mine · 1 of 10", timeout=120_000)
