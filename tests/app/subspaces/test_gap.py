"""The gap's parts on the page: numbers of the library, by part, band and direction."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.vocabulary import BANDS
from sde_explorer.subspaces.figures.gap import gap_figure
from sde_explorer.subspaces.gap import Gap, gap_title
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
