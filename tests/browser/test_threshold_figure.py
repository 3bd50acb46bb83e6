"""Spectra with thresholds to drag: the browser's numbers are the library's, and the server hears of a drag once."""

import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

import sde_core as sde
from sde_core.partition import Bands
from sde_core.vocabulary import BANDS
from sde_explorer.screenshots import dashboard, new_page, rest
from sde_explorer.ui.band_bar import BAND_BAR_JS
from sde_explorer.ui.threshold_figure.component import LOGIC
from sde_explorer.ui.threshold_figure.sent import figure_data

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "drag_page.py"
FACTORS = [(1.0, 1.0), (0.5, 1.0), (3.0, 1.0), (1.0, 0.1), (10.0, 0.1), (0.1, 10.0), (1.7, 1.3)]


@pytest.fixture(scope="module")
def drag_url() -> Iterator[str]:
    with dashboard(script=SCRIPT) as url:
        yield url


@pytest.fixture
def blank(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page()
    page.add_script_tag(content=BAND_BAR_JS + LOGIC)
    yield page
    page.close()


def _decaying(m: int, n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(m, n)) * np.geomspace(5, 0.05, n)


def _flat() -> np.ndarray:
    return np.kron(np.eye(6), np.ones((4, 1)))  # six equal singular values


SPECTRA = {
    "decaying": _decaying(400, 60, 0),
    "wide": _decaying(30, 80, 1),
    "noise": np.random.default_rng(2).normal(size=(300, 40)),
    "equal": _flat(),
    "rank one": np.outer(np.arange(20.0), np.arange(1.0, 6.0)),
    "two rows": np.eye(4)[:2],
}


def _sent(report: Bands) -> dict:
    found = figure_data([report], {}, factors=(1.0, 1.0), axes=("rank", "linear", "log"), alt="", name="")
    return found["panels"][0]


@pytest.mark.parametrize("rule", ["mp-iqr", "gavish-donoho", "screenot"])
@pytest.mark.parametrize("name", SPECTRA)
def test_bands_in_the_browser_are_those_of_the_library(blank, name, rule):
    spectrum = sde.compute_spectrum(SPECTRA[name], center=None)
    own = sde.partition_spectrum(spectrum, rule)
    report = Bands.of(spectrum, own, modality="image")
    # Factors at which a threshold lies exactly on a singular value: it is not above itself.
    on = [(float(v / report.own_tau_noise), 1.0) for v in report.values[:3] if report.own_tau_noise > 0]
    for noise, strong in FACTORS + on:
        expected = Bands.of(spectrum, own, modality="image").moved(noise=noise, strong=strong)
        found, taus = blank.evaluate(
            "([sent, factors]) => { const panel = readyPanel(sent);"
            "return [bandsOf(panel, factors), panel.own && thresholdsOf(panel, factors)]; }",
            [_sent(report), {"noise": noise, "strong": strong}],
        )
        assert {band: found[band]["count"] for band in BANDS} == {b: expected.count(b) for b in BANDS}
        for band in BANDS:
            # Two ways to add up at most 80 squares in double precision.
            assert found[band]["share"] == pytest.approx(expected.energy_share(band), abs=80 * 2.3e-16)
        assert taus == {"noise": expected.tau_noise, "strong": expected.tau_strong}


def test_bands_that_no_threshold_cuts_come_as_they_are(blank):
    spectrum = sde.compute_spectrum(SPECTRA["decaying"])

    def every_third(found, evidence):
        import torch

        nowhere = float("nan")
        return sde.partition.Decision(
            tau_strong=nowhere, tau_noise=nowhere, labels=torch.arange(found.rank) % 3
        )

    report = Bands.of(spectrum, sde.partition_spectrum(spectrum, every_third), modality="image")
    found = blank.evaluate("sent => bandsOf(readyPanel(sent), {noise: 2, strong: 2})", _sent(report))
    for band in BANDS:
        assert found[band]["count"] == report.count(band)
        assert found[band]["share"] == pytest.approx(report.energy_share(band), abs=1e-12)


def _percent(share: float) -> str:
    return "<\u00a00.1\u00a0%" if 0 < share < 0.0005 else f"{100 * share:.1f}\u00a0%"


def test_the_bar_tells_count_and_share_of_each_band(blank):
    looks = (
        "([sent, factors]) => { const { bar, tell } = bandBar(document); tell(bandsOf(readyPanel(sent), factors));"
        "return [bar.getAttribute('role'), bar.getAttribute('aria-label'),"
        "[...bar.querySelectorAll('.bar > i')].filter(i => i.style.display !== 'none')"
        ".map(i => [i.className, Number(i.style.flexGrow)]),"
        "[...bar.querySelectorAll('.numbers > span')].map(s => [s.className, s.textContent])] }"
    )
    for name, (noise, strong) in (("decaying", (1.0, 1.0)), ("decaying", (0.1, 10.0)), ("noise", (1.0, 1.0))):
        spectrum = sde.compute_spectrum(SPECTRA[name])
        own = sde.partition_spectrum(spectrum)
        report = Bands.of(spectrum, own, modality="image").moved(noise=noise, strong=strong)
        told = [(str(band), report.count(band), report.energy_share(band)) for band in BANDS]
        role, spoken, pieces, numbers = blank.evaluate(
            looks, [_sent(report), {"noise": noise, "strong": strong}]
        )
        assert role == "img"
        assert spoken == "; ".join(
            f"{n:,} {band}, {_percent(share)} of the energy" for band, n, share in told
        )
        assert pieces == [[band, pytest.approx(share, abs=6e-6)] for band, n, share in told if n]
        assert numbers == [[band, f"{n:,} {band} · {_percent(share)}"] for band, n, share in told]
        assert sum(grow for _, grow in pieces) == pytest.approx(1, abs=3e-5)


@pytest.mark.parametrize("xscale", ["linear", "log"])
@pytest.mark.parametrize("yscale", ["linear", "log"])
def test_places_and_their_inverses_agree(blank, xscale, yscale):
    places = blank.evaluate(
        "([xscale, yscale]) => { const s = scalesOf(50, {low: yscale === 'log' ? 0.1 : 0, top: 30},"
        "{width: 640, height: 400, xscale, yscale});"
        "return [1, 7.5, 50].map(r => [r, s.rank(s.x(r)), s.x(r)]).concat("
        "[0.2, 3, 29].map(v => [v, s.value(s.y(v)), -s.y(v)])); }",
        [xscale, yscale],
    )
    for asked, back, _ in places:
        assert back == pytest.approx(asked, rel=1e-12)
    ranks, heights = [p[2] for p in places[:3]], [p[2] for p in places[3:]]
    assert ranks == sorted(ranks)
    assert heights == sorted(heights), "larger values stand higher"
    assert 50 <= min(ranks) <= max(ranks) <= 640 - 14


@pytest.mark.parametrize(
    ("scale", "low", "top"), [("log", 0.02, 35), ("log", 3, 9), ("log", 3, 3.3), ("linear", 0, 35)]
)
def test_axes_name_round_values_inside_them(blank, scale, low, top):
    ticks = blank.evaluate("([r, s]) => valueTicks(r, s)", [{"low": low, "top": top}, scale])
    assert 2 <= len(ticks) <= 8
    for value, words in ticks:
        assert low <= value <= top
        assert float(words) == pytest.approx(value)


class _Dragged:
    """The page of the benchmark with what its browser sends to the server."""

    def __init__(self, browser: Browser, url: str, *, dark: bool = False) -> None:
        self.sent: list[object] = []
        self.problems: list[str] = []
        self.page = new_page(
            browser.new_context(
                viewport={"width": 1440, "height": 900}, color_scheme="dark" if dark else "light"
            )
        )
        self.page.on("pageerror", lambda e: self.problems.append(str(e)))
        self.page.on("websocket", lambda s: s.on("framesent", lambda message: self.sent.append(message)))
        self.page.goto(url)
        self.line("noise").wait_for()
        rest(self.page)
        self.sent.clear()

    def line(self, name: str, panel: int = 0):
        return self.page.locator(f".line.{name}").nth(panel)

    def grab(self, name: str) -> tuple[float, float]:
        box = self.line(name).locator(".knob").bounding_box()
        assert box is not None
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        return x, y

    def factor(self, name: str, panel: int = 0) -> float:
        return float(self.line(name, panel).get_attribute("aria-valuenow") or "nan")

    def counts(self, panel: int = 0) -> list[int]:
        shown = self.page.locator(".panel").nth(panel).locator(".numbers b").all_inner_texts()
        return [int(count.replace(",", "")) for count in shown]

    def releases(self, count: int) -> None:
        expect(self.page.get_by_text(f"releases: {count}", exact=True)).to_be_visible()
        rest(self.page)


@pytest.fixture
def dragged(chromium: Browser, drag_url: str) -> Iterator[_Dragged]:
    found = _Dragged(chromium, f"{drag_url}/?r=192")
    yield found
    assert found.problems == []
    found.page.close()


def _values(count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)  # as benchmarks/drag_page.py has them
    return np.sort(np.geomspace(20, 0.1, count) * np.exp(0.05 * rng.normal(size=count)))[::-1]


def _expected(noise: float, strong: float, seed: int) -> list[int]:
    values = _values(192, seed)
    low = values[96] * noise
    high = max(values[9] * strong, low)
    return [
        int((values > high).sum()),
        int(((values > low) & (values <= high)).sum()),
        int((values <= low).sum()),
    ]


def test_a_drag_is_followed_here_and_told_once_when_it_ends(dragged):
    x, y = dragged.grab("noise")
    for step in range(1, 25):
        dragged.page.mouse.move(x, y - 4 * step)
    expect(dragged.line("noise")).not_to_have_attribute("aria-valuenow", "1")
    dragged.page.evaluate("() => new Promise(requestAnimationFrame)")
    factor = dragged.factor("noise")
    assert factor > 1.3
    for panel in (0, 1):
        assert dragged.factor("noise", panel) == factor
        assert dragged.counts(panel) == _expected(factor, 1.0, panel)
    assert dragged.sent == [], "nothing is sent while the line is held"
    dragged.page.mouse.up()
    dragged.releases(1)
    assert len(dragged.sent) == 1
    assert dragged.factor("noise") == factor
    assert dragged.counts() == _expected(factor, 1.0, 0)


def test_the_strong_threshold_stops_at_the_noise_threshold_and_is_raised_with_it(dragged):
    def drag(name: str, pixels: int, count: int) -> None:
        x, y = dragged.grab(name)
        dragged.page.mouse.move(x, y + pixels, steps=8)
        dragged.page.mouse.up()
        dragged.releases(count)

    dragged.line("noise").press("PageUp")
    dragged.releases(1)
    drag("strong", 600, 2)
    assert dragged.counts() == [_expected(1.25, 0.1, 0)[0], 0, _expected(1.25, 0.1, 0)[2]]
    drag("noise", -60, 3)  # both lie on each other: upwards it is the strong one that is taken
    assert dragged.factor("noise") == 1.25
    assert dragged.counts() == _expected(1.25, dragged.factor("strong"), 0)
    assert dragged.counts()[1] > 0
    drag("noise", -400, 4)
    assert dragged.counts()[1] == 0
    assert dragged.counts() == _expected(dragged.factor("noise"), dragged.factor("strong"), 0)
    expect(dragged.line("strong").locator("text")).to_contain_text("raised to noise")


def test_keys_move_a_threshold_and_tell_once(dragged):
    line = dragged.line("noise")
    line.focus()
    for key in ("ArrowUp", "ArrowUp", "PageUp", "ArrowDown"):
        line.press(key)
    dragged.releases(
        1
    )  # the figure draws in the next frame: a number read before it is the one of the key before
    assert dragged.factor("noise") == pytest.approx(1.02 * 1.25, rel=1e-3)
    assert len(dragged.sent) == 1
    expect(line).to_be_focused()
    assert re.search(r"1\.27\d* times the rule's; \d+ noise", line.get_attribute("aria-valuetext") or "")
    line.press("End")
    dragged.releases(2)
    assert dragged.factor("noise") == 10
    line.dblclick(position={"x": 20, "y": 10})
    dragged.releases(3)
    assert dragged.factor("noise") == 1


def test_escape_takes_a_drag_back(dragged):
    x, y = dragged.grab("noise")
    dragged.page.mouse.move(x, y - 80, steps=5)
    dragged.page.keyboard.press("Escape")
    dragged.page.mouse.up()
    dragged.page.evaluate("() => new Promise(requestAnimationFrame)")
    assert dragged.factor("noise") == 1
    assert dragged.sent == []


def test_a_click_on_a_direction_makes_it_the_first_below_the_nearer_threshold(dragged):
    values = _values(192, 0)
    rank = 100  # just below the noise threshold, which is nearer than the strong one
    place = dragged.page.locator(".plot").first.bounding_box()
    scales = dragged.page.locator(".axes").first.evaluate(
        "g => { const lines = [...g.querySelectorAll('line')], texts = [...g.querySelectorAll('text')];"
        "return lines.map((l, i) => [Number(l.getAttribute('y1')), Number(texts[i].textContent),"
        "Number(l.getAttribute('x1')), Number(l.getAttribute('x2'))]); }"
    )
    (y0, v0, left, right), (y1, v1, *_) = scales[0], scales[-1]
    x = left + (right - left) * (rank - 0.5) / 192
    y = y0 + (y1 - y0) * np.log(values[rank - 1] / v0) / np.log(v1 / v0)
    dragged.page.mouse.move(place["x"] + x, place["y"] + y)
    expect(dragged.page.locator(".tip").first).to_contain_text(f"direction {rank}, noise")
    dragged.page.mouse.click(place["x"] + x, place["y"] + y)
    dragged.releases(1)
    assert sum(dragged.counts()[:2]) == rank - 1
    assert dragged.counts()[2] == 192 - rank + 1


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_figure_saves_itself(chromium, drag_url, dark):
    one = _Dragged(chromium, f"{drag_url}/?r=192", dark=dark)
    one.page.locator(".figure").hover()
    files = {}
    for kind in ("PNG", "SVG"):
        with one.page.expect_download() as waited:
            one.page.get_by_role("button", name=f"Save as {kind}").click()
        assert waited.value.suggested_filename == f"drag.{kind.lower()}"
        files[kind] = Path(waited.value.path()).read_bytes()
    svg = ET.fromstring(files["SVG"])
    texts = ["".join(e.itertext()).strip() for e in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert {"image", "text", "singular value", "9 strong · 40.3\u00a0%"} <= set(texts)
    assert "NaN" not in re.sub(r"<style>.*?</style>", "", files["SVG"].decode())
    assert b"font-face" in files["SVG"], "the typeface is in the file"
    picture = Image.open(io.BytesIO(files["PNG"])).convert("RGB")
    assert picture.width == 2 * int(svg.get("width"))
    behind = one.page.get_by_test_id("stApp").evaluate("e => getComputedStyle(e).backgroundColor")
    assert f"rgb{picture.getpixel((2, 2))}" == behind
    assert (sum(picture.getpixel((2, 2))) < 120) == dark
    colours = {colour for _, colour in picture.getcolors(1 << 24)}
    assert {(0, 168, 120), (201, 138, 0)} <= colours, "points and bars in the colours of their bands"
    one.page.close()


def test_panels_stand_below_each_other_where_it_is_narrow(dragged):
    inside = "e => e.shadowRoot ? [...e.shadowRoot.querySelectorAll('.panel')] : []"
    tops = f"[...document.querySelectorAll('*')].flatMap({inside}).map(p => p.getBoundingClientRect().top)"
    one, other = dragged.page.evaluate(tops)
    assert one == other
    dragged.page.set_viewport_size({"width": 820, "height": 1000})
    dragged.page.wait_for_function(f"() => {{ const [one, other] = {tops}; return one + 260 < other; }}")
    for canvas in dragged.page.locator("canvas").all():
        assert canvas.evaluate("c => c.width === c.clientWidth * devicePixelRatio")
    assert dragged.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
