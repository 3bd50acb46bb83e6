"""The gap's parts on the page: numbers of the library, by part, band and direction."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.vocabulary import BANDS
from sde_explorer.subspaces.figures.gap import gap_figure
from sde_explorer.subspaces.figures.mixed import mixed_figure
from sde_explorer.subspaces.gap import ONE_CAPTION, Gap, gap_title, mixed_title
from tests.app.compare.test_page import said, settled
from tests.app.conftest import spiked


@pytest.fixture(scope="module")
def found():
    pairs = spiked().paired()
    return Gap(parts=sde.gap_parts(*pairs), labels=sde.gap_labels(*pairs), n_pairs=300, total=900)


def test_the_tab_says_what_the_gap_is_made_of(open_page, spiked_folder, found):
    at = settled(open_page("subspaces", data=str(spiked_folder), look="Gap"))
    assert not at.exception
    sentence = gap_title(found)
    assert sentence in said(at)
    assert f"RMG {found.parts.relative:.2f}" in sentence


def test_parts_bands_and_directions_each_add_up_to_the_whole(found):
    drawn = gap_figure(found.parts, found.labels)
    sums = {place: sum(np.sum(t.y) for t in drawn.data if t.xaxis == place) for place in (None, "x2", "x3")}
    assert list(sums.values()) == pytest.approx([1, 1, 1])
    directions = [trace for trace in drawn.data if trace.xaxis == "x3"]
    counts = [int((found.labels == band).sum()) for band in range(len(BANDS))]
    assert [len(t.x) for t in directions] == [count for count in counts if count]


def test_without_bands_there_are_parts_and_directions(found):
    drawn = found.parts.plot()
    assert [len(trace.x) for trace in drawn.data] == [4, 48]
    assert len(drawn.layout.annotations) == 2


def test_one_cloud_has_no_gap(found):
    x = spiked().image
    parts = sde.gap_parts(x, x)
    whole = Gap(parts=parts, labels=sde.gap_labels(x, x), n_pairs=300, total=300)
    drawn = gap_figure(parts, whole.labels)
    assert all(np.isfinite(trace.y).all() for trace in drawn.data)
    assert found.parts.frechet_squared > parts.frechet_squared


def test_the_mixed_list_has_a_row_a_treatment_in_numbers_of_the_library(open_page, tmp_path):
    source = open_named("clipart/test")
    twice = source.select(np.flatnonzero(np.bincount(source.links[:, 1]) > 1)[:120])
    at = settled(open_page("subspaces", data=str(twice.save(tmp_path / "twice")), look="Gap"))
    assert not at.exception
    fit, test = (twice.select(np.flatnonzero(half)) for half in sde.hold_out(twice))
    found = sde.mixed_rankings(test, fit)
    assert mixed_title(found) in said(at)
    drawn = mixed_figure(found)
    assert list(drawn.data[1].y) == ["raw", "sde-enhanced", "mean-shift", "whitening"]
    assert list(drawn.data[1].x) == [row.ndcg_image for row in found.values()]
    assert list(drawn.data[2].x) == [row.ndcg_text for row in found.values()]


def test_without_second_captions_the_mixed_list_says_so(open_page, spiked_folder):
    at = settled(open_page("subspaces", data=str(spiked_folder), look="Gap"))
    assert ONE_CAPTION in [each.value for each in at.caption]
