"""The streamed table beside the whole one, on galleries that go by in uneven blocks."""

import numpy as np
import pytest

import sde_core as sde
from sde_core.errors import ConfigError
from sde_core.retrieval.bootstrap import Resampling
from sde_core.retrieval.some_queries import draw_queries, ranks_of_queries
from sde_core.treatments.compression.codes import Coder, coded_score, reference_rows
from sde_core.treatments.compression.streamed import streamed_compression
from sde_core.treatments.compression.table import compression_table

FEW = Resampling(n_resamples=100)
HOW = {"widths": (12, 5), "axes": ("own", "pca"), "codes": ("float32", "int8", "1bit"), "resampling": FEW}


@pytest.fixture(scope="module")
def made():
    """Two captions of some pictures, one of several pictures, twins in both galleries, and a reference."""
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(340, 12)) * np.linspace(2, 0.3, 12)
    image, text = (shared + rng.normal(size=shared.shape) * 0.6 for _ in range(2))
    fit = image[160:], text[160:]
    image, text = image[:160], np.concatenate([text[:160], text[:20] + 0.1 * rng.normal(size=(20, 12))])
    image[11], text[13], text[30] = image[10], text[12], text[29]
    links = np.stack([np.arange(180), np.arange(180) % 160], axis=1)
    links = np.concatenate([links, [[40, 41], [40, 42]]])
    return image, text, links[np.argsort(links[:, 1], kind="stable")], fit


def _near(one, other):
    return [getattr(one, n) for n in ("estimate", "low", "high")] == pytest.approx(
        [getattr(other, n) for n in ("estimate", "low", "high")], abs=1e-9
    )


@pytest.mark.parametrize("block_entries", [1 << 22, 180 * 37])
def test_with_all_queries_the_recalls_are_those_of_the_whole_table(made, block_entries):
    whole = compression_table(*made, **HOW)
    found = streamed_compression(*made, queries=0, block_entries=block_entries, **HOW)
    assert [row.name for row in found] == [row.name for row in whole]
    for row, other in zip(found, whole, strict=True):
        assert _near(row.recall, other.recall), row.name
        assert _near(row.change, other.change), row.name
        assert (row.fidelity, row.bytes_per_million) == (other.fidelity, other.bytes_per_million)
        assert row.predicted == pytest.approx(other.predicted, abs=0.06), row.name  # other noise


def test_some_queries_have_the_recall_that_they_have_among_everything(made):
    image, text, links, fit = made
    asked = draw_queries(links, 40, seed=5)
    found = streamed_compression(*made, queries=40, seed=5, block_entries=40 * 23, **HOW)
    row = next(each for each in found if each.name == "pca 5 int8, float query")
    onto = sde.fit_axes(*fit, "pca", 5, seed=5)
    score = coded_score(onto, Coder("int8", reference_rows(onto, fit)), float_query=True)
    ranks = ranks_of_queries(image, text, links, asked, score=score)
    metrics = sde.metrics_from_ranks(ranks)
    ways = ("image_retrieval", "text_retrieval")
    expected = np.mean([metrics[f"{way}_recall@{k}"] for way in ways for k in (1, 5, 10)])
    assert row.recall.estimate == pytest.approx(expected, abs=1e-12)


def test_the_best_are_scored_again_by_whole_vectors(made):
    how = HOW | {"codes": ("1bit",), "widths": (12,), "axes": ("pca",)}
    names = ["pca 12 1bit, best 180 again", "pca 12 1bit, best 25 again"]
    everything = streamed_compression(*made, queries=0, block_entries=180 * 37, rescore=180, **how)
    found = {row.name: row for row in everything}
    assert found[names[0]].change.estimate == pytest.approx(0, abs=1e-12)
    some = {row.name: row for row in streamed_compression(*made, queries=0, rescore=25, **how)}
    whole = {row.name: row for row in compression_table(*made, rescore=25, **how)}
    # Which of equal signs are the last among the 25 is chance here, and a choice of torch there.
    assert some[names[1]].recall.estimate == pytest.approx(whole[names[1]].recall.estimate, abs=0.02)
    assert some["pca 12 1bit"].recall.estimate < some[names[1]].recall.estimate


def test_progress_counts_rows_of_both_galleries_and_can_stop_the_work(made):
    seen = []
    streamed_compression(
        *made, queries=0, block_entries=180 * 50, progress=lambda *each: seen.append(each), **HOW
    )
    assert seen[0] == ("texts ask", 0, 340)
    assert seen[-1] == ("images ask", 340, 340)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)

    def stop(what, done, of):
        if done:
            raise InterruptedError(what)

    with pytest.raises(InterruptedError, match="texts ask"):
        streamed_compression(*made, queries=0, block_entries=180 * 50, progress=stop, **HOW)
    with pytest.raises(ConfigError, match="queries must be at least 0"):
        streamed_compression(*made, queries=-1)
