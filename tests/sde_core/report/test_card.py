"""Cards in a notebook: what stands on them is what the library says, and nothing of a user's is markup."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import sde_core as sde
from sde_core.glossary.formats import percent, points
from sde_core.report.card import card
from sde_core.report.words import bands_finding

RNG = np.random.default_rng(0)
SHARED = RNG.normal(size=(120, 4)) * (9, 7, 5, 4)
BASIS = np.linalg.qr(RNG.normal(size=(24, 4)))[0]
IMAGE, TEXT = ((SHARED @ BASIS.T + RNG.normal(size=(120, 24))).astype(np.float32) for _ in range(2))
EVIL = '<script>alert("x")</script>'


class _Whole(HTMLParser):
    """Every element is closed in its order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def _checked(thing: object) -> str:
    page = thing._repr_html_()
    reader = _Whole()
    reader.feed(page)
    reader.close()
    assert not reader.open
    assert not re.search(r"<script|https?://|url\(|@import|nan|inf\b", page)
    return page


@pytest.fixture(scope="module")
def made():
    return sde.EmbeddingSet.from_arrays(IMAGE, TEXT, captions=[f"{EVIL} {i}" for i in range(120)], name=EVIL)


@pytest.fixture(scope="module")
def spectrum():
    return sde.compute_spectrum(IMAGE)


def test_bands_say_what_the_dashboard_says_and_draw_every_direction(spectrum):
    bands = sde.Bands.of(spectrum, sde.partition_spectrum(spectrum), modality="image")
    page = _checked(bands)
    assert f"<p>{bands_finding(bands)}.</p>" in page
    assert page.count("<circle") == spectrum.rank
    assert f"<td>{bands.count('strong')}</td><td>{percent(bands.energy_share('strong'))}</td>" in page


def test_a_spectrum_a_partition_and_one_without_directions(spectrum):
    page = _checked(spectrum)
    energies = spectrum.energies.numpy()
    half = int(np.searchsorted(np.cumsum(energies) / energies.sum(), 0.5)) + 1
    assert f"{half} directions hold half" in page
    assert f"the effective rank is {float(sde.effective_rank(spectrum.singular_values)):.0f} of 24" in page
    part = sde.partition_spectrum(spectrum)
    assert f"<b>{part.n_strong} strong, {part.n_weak} weak, {part.n_noise} noise</b>" in _checked(part)
    flat = sde.compute_spectrum(np.ones((5, 3)))
    assert "all 5 rows are equal" in _checked(flat)
    _checked(sde.Bands.of(flat, sde.partition_spectrum(flat)))
    _checked(sde.partition_spectrum(flat))


def test_a_large_spectrum_is_drawn_thinly_and_its_first_directions_all():
    page = _checked(sde.compute_spectrum(RNG.normal(size=(1_500, 1_000))))
    assert len(page) < 60_000
    drawn = [int(n) for n in re.findall(r'data-tip="direction (\d+)', page)]
    assert drawn[:50] == list(range(1, 51))
    assert len(drawn) <= 250


def test_ranks_and_compared_rows_show_the_metrics(made):
    ranks = sde.retrieval_ranks(IMAGE, TEXT, np.arange(120))
    metrics = sde.metrics_from_ranks(ranks)
    page = _checked(ranks)
    for way in ("image_retrieval", "text_retrieval"):
        cells = "".join(f"<td>{points(metrics[f'{way}_recall@{k}'])}</td>" for k in (1, 5, 10))
        assert cells in page
    asks = f"Text → image: {100 * metrics['image_retrieval_recall@10']:.0f} of 100 searches find a right one"
    assert asks in page
    table = sde.compare_retrieval(IMAGE, TEXT, np.arange(120), sde.fit_all(IMAGE, TEXT)[:3])
    raw, *_, shifted = table
    assert "against the first row" not in _checked(raw)
    page = _checked(shifted)
    assert f"<b>{shifted.name}</b>" in page
    assert points(shifted.metrics["image_retrieval_recall@1"]) in page
    whole = _checked(table)
    assert all(f"<th>{row.name}</th>" in whole for row in table)
    assert points(shifted.metrics["image_retrieval_recall@1"]) in whole
    change = {row.name: row.differences["image_retrieval_recall@1"] for row in table[1:]}
    better = ", ".join(name for name, found in change.items() if found.low > 0)
    worse = ", ".join(name for name, found in change.items() if found.high < 0)
    assert f"text → image better {better or 'none'}, worse {worse or 'none'}; image → text" in whole
    assert better
    assert "Only raw." in _checked(sde.Comparison([raw]))


def test_a_gap_shows_its_parts_and_a_parity_its_sentence():
    parts = sde.gap_parts(IMAGE, TEXT)
    page = _checked(parts)
    assert f"<td>{percent(parts.rotation / parts.frechet_squared)}</td>" in page
    assert f"relative gap {parts.relative:.2f}" in page
    assert "identical" in _checked(sde.parity(IMAGE, IMAGE))


def test_a_certificate_shows_bounds_beside_what_was_measured(spectrum):
    gains = sde.enhancement_gains(spectrum, sde.partition_spectrum(spectrum), 0.0)
    alone, measured = sde.certify(gains), sde.certify(gains, spectrum, IMAGE)
    assert "nothing was measured" in _checked(alone)
    page = _checked(measured)
    assert "Every bound holds" in page
    assert page.count('class="bar"') == len(measured.bounds)
    assert "<svg" not in _checked(alone)
    assert f"{measured.relative_change.measured:.4f}"[:6] in page


def test_what_a_user_brought_is_text(made):
    page = _checked(made)
    assert "&lt;script&gt;" in page
    assert "120 images, 120 texts, 24 dimensions" in page
    for side in made.modalities:
        spectrum = sde.compute_spectrum(made.vectors(side))
        assert bands_finding(sde.Bands.of(spectrum, sde.partition_spectrum(spectrum), modality=side)) in page
    assert "sample" not in page
    assert "<script" not in card(EVIL)


def test_what_bands_know_stands_in_a_row_a_column_and_silent_ones_say_why(made, spectrum):
    columns = {
        EVIL: (IMAGE[:, 0] > 0).astype(str),
        "number": IMAGE @ np.arange(24.0),
        "one": np.full(120, "a"),
    }
    known = sde.band_knowledge(made, columns | {f"ids {i}": np.arange(120).astype(str) for i in range(9)})
    page = _checked(known)
    shares = known.shares()
    assert set(shares) == {EVIL, "number"}
    for found in shares.values():
        assert "".join(f"<td>{points(found[band])}</td>" for band in ("strong", "weak", "noise")) in page
    assert "one: it has one value only." in page
    assert "And 5 more." in page
    assert "<table" not in sde.band_knowledge(made, {"one": columns["one"]})._repr_html_()


def test_a_large_set_is_read_from_a_sample_that_is_named_and_one_of_equal_rows_has_no_figure():
    many = sde.EmbeddingSet.from_arrays(RNG.normal(size=(5_001, 4)).astype(np.float32))
    assert "Of a seeded sample of 5,000 rows." in _checked(many)
    assert "<svg" not in _checked(sde.EmbeddingSet.from_arrays(np.ones((5, 3), np.float32)))
