"""What bands know, in a browser: a dragged threshold is followed, a bar opens its direction, words are columns."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

import sde_core as sde
from sde_core.partition import Bands
from sde_core.vocabulary import BANDS
from sde_explorer.screenshots import rest
from sde_explorer.subspaces.known_figure.component import LOGIC
from sde_explorer.subspaces.known_figure.sent import known_data
from sde_explorer.subspaces.numbers.knowledge import known_columns
from sde_explorer.ui.threshold_figure.component import LOGIC as CUTS

pytestmark = pytest.mark.browser
OF_A_DIRECTION = 3
ROWS = 240


def planted(n_columns: int = 2, *, words: bool = True) -> sde.EmbeddingSet:
    """Return a set whose first direction holds the kind, the third the style, in captions with the word flag."""
    rng = np.random.default_rng(0)
    kind, style, flag = rng.integers(0, 3, ROWS), rng.integers(0, 2, ROWS), rng.random(ROWS) < 0.4
    x = rng.normal(size=(ROWS, 16)) * np.geomspace(1, 0.3, 16)
    x[:, 0] += 12 * (kind - 1)
    x[:, 1] += 5 * flag
    x[:, 2] += 3 * (style - 0.5)
    columns = {"kind": kind.astype(str), "style": style.astype(str)}
    columns |= {f"more {i}": rng.integers(0, 2 + i % 9, ROWS).astype(str) for i in range(n_columns - 2)}
    captions = [f"{'flag' if f else 'thing'} {i}" for i, f in enumerate(flag)] if words else None
    made = sde.EmbeddingSet.from_arrays(x, x + 0.3 * rng.normal(size=x.shape), captions=captions)
    return replace(made, metadata=columns if n_columns else {})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted().save(tmp_path_factory.mktemp("sets") / "planted")


def _knows(page: Page) -> None:
    page.locator(".plot.known canvas").wait_for(timeout=120_000)
    rest(page)


def _counts(page: Page) -> list[int]:
    return [int(one) for one in page.locator(".known ~ .sde-band-bar .numbers b").all_inner_texts()]


def test_shares_in_the_browser_are_those_of_the_library(chromium):
    found = planted()
    known = sde.band_knowledge(found, n_resamples=0)
    spectrum = sde.compute_spectrum(found.image, center="mean")
    own = sde.partition_spectrum(spectrum)
    page = chromium.new_page()
    page.add_script_tag(content=CUTS + LOGIC)
    for noise, strong in ((1.0, 1.0), (0.3, 1.0), (2.0, 0.5), (0.1, 10.0)):
        report = Bands.of(spectrum, own, modality="image").moved(noise=noise, strong=strong)
        columns = known_columns(known, report.labels)
        sent = known_data(columns, report, factors=(noise, strong), alt="", name="")
        shares, named = page.evaluate(
            "d => { const panel = readyPanel(d.panel), bands = bandsOf(panel, d.factors);"
            "return [d.rows.map(row => sharesOf(readyRow(row), panel, bands)),"
            "panel.values.reduce((all, _, j) => [...all, bandAt(panel, bands, j + 1)], [])]; }",
            sent,
        )
        assert named == report.names
        for mine, column in zip(shares, columns, strict=True):
            np.testing.assert_allclose(
                mine, known[column.name].shares(torch.from_numpy(report.labels)), atol=1e-12
            )
        # A border that is put behind so many directions leaves so many above it, where a factor reaches that far.
        for count in (0, 1, 3, 15, 16):
            factor = page.evaluate(
                "([d, count]) => factorAfter(readyPanel(d.panel), {noise: 0.1, strong: 1}, 'noise', count)",
                [sent, count],
            )
            above = int((report.values > report.own_tau_noise * factor).sum())
            assert above == count or factor in (0.1, 10)
    page.close()


@pytest.mark.parametrize(("dark", "width"), [(False, 1440), (True, 900)], ids=["light wide", "dark narrow"])
def test_a_dragged_threshold_is_followed_here_and_told_once(url, opened, folder, dark, width):
    with opened(f"{url}/subspaces?data={folder}", OF_A_DIRECTION, dark=dark, width=width) as page:
        _knows(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text("of what is known of kind")
        before, parts = _counts(page), page.locator(".known .part").all_text_contents()
        page.evaluate(
            "() => { const send = WebSocket.prototype.send; window.sent = 0;"
            "WebSocket.prototype.send = function (...what) { window.sent++; return send.apply(this, what); }; }"
        )
        line = page.get_by_role("slider", name="noise threshold, image")
        box = line.locator(".knob").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + (60 if before[2] else -60), y, steps=6)
        page.evaluate("() => new Promise(requestAnimationFrame)")
        moved = _counts(page)
        assert moved != before
        assert sum(moved) == sum(before) == 16
        assert page.evaluate("window.sent") == 0, "nothing is sent while the line is held"
        page.mouse.up()
        expect(page).to_have_url(re.compile("noise="))
        rest(page)
        assert _counts(page) == moved
        assert len(page.locator(".known .part").all_text_contents()) == len(parts) == 2 * len(BANDS)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_pressed_bar_opens_its_direction_and_a_typed_word_is_a_column(url, opened, folder):
    with opened(f"{url}/subspaces?data={folder}&look=Map", 1) as page:
        _knows(page)
        page.get_by_label("Columns", exact=True).fill("flag")
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")  # the list of columns lies over the page for a screen reader
        expect(page.get_by_role("heading", level=1)).to_contain_text("of what is known of flag")
        expect(page.locator(".known .column")).to_have_count(1)  # drawn a moment after the title
        expect(page.locator(".known .column")).to_have_text(re.compile("flag"))
        rest(page)
        place = page.locator(".plot.known").bounding_box()
        assert place is not None
        scales = page.locator(".figure:has(.known)").evaluate(
            "f => { const { scales } = f.desk.panels[0]; return [scales.x(1.5), scales.places[0].foot - 3]; }"
        )
        page.mouse.move(place["x"] + scales[0], place["y"] + scales[1])
        expect(page.locator(".known .tip")).to_contain_text("direction 2, ")
        page.mouse.click(place["x"] + scales[0], place["y"] + scales[1])
        expect(page).to_have_url(re.compile("direction=2"))
        expect(page.get_by_text("Direction 2 of 16", exact=False).first).to_be_visible()


def test_a_set_without_columns_says_so_and_one_with_300_shows_those_that_say_most(url, opened, tmp_path):
    bare = planted(0, words=False).save(tmp_path / "bare")
    with opened(f"{url}/subspaces?data={bare}", OF_A_DIRECTION) as page:
        expect(page.get_by_text("This set has no columns, captions or images")).to_be_visible()
        expect(page.locator(".plot.known")).to_have_count(0)
    wide = planted(300).save(tmp_path / "wide")
    with opened(f"{url}/subspaces?data={wide}", OF_A_DIRECTION) as page:
        _knows(page)
        names = page.locator(".known .column").all_text_contents()
        assert 2 <= len(names) <= 4
        assert {"kind · 3 values", "style · 2 values"} <= set(names)


def test_a_bar_of_the_overview_is_read_in_subspaces(url, opened, folder):
    with opened(f"{url}/?data={folder}", 0) as page:
        _knows(page)
        place = page.locator(".plot.known").bounding_box()
        assert place is not None
        x, y = page.locator(".figure:has(.known)").evaluate(
            "f => { const { scales } = f.desk.panels[0]; return [scales.x(2.5), scales.places[0].foot - 3]; }"
        )
        page.mouse.click(place["x"] + x, place["y"] + y)
        expect(page).to_have_url(re.compile(r"/subspaces\?.*direction=3"))
        expect(page.get_by_text("Direction 3 of 16", exact=False).first).to_be_visible()
