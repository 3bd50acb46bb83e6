import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.errors import ConfigError
from sde_core.partition import NOISE
from sde_core.retrieval.bootstrap import drawn_metrics
from sde_core.treatments.comparison import compare_retrieval, compared_row
from sde_core.treatments.gains import TreatmentConfig, fit_treatment
from sde_core.treatments.table import comparison_names, fit_all


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(80, 3)) @ rng.normal(size=(3, 10)) * 2
    return tuple(shared + rng.normal(size=(80, 10)) + offset for offset in (0.0, 3.0))


def test_each_row_is_what_its_baseline_gives_alone(vectors):
    image, text = vectors
    halves = (image[:40], text[:40]), (image[40:], text[40:])
    treatments = fit_all(*halves[0], paired=halves[0])
    assert tuple(t.name for t in treatments) == comparison_names()
    links = np.arange(40)
    rows = compare_retrieval(*halves[1], links, treatments)
    for row in rows:
        if row.name in sde.baseline_names():
            alone = sde.fit_baseline(row.name, *halves[0], paired=halves[0]).ranks(*halves[1], links)
            assert row.metrics == sde.metrics_from_ranks(alone)
    raw, enhanced = rows[0], rows[1]
    assert raw.differences == {}
    key = "text_retrieval_recall@10"
    assert enhanced.differences[key].estimate == pytest.approx(enhanced.metrics[key] - raw.metrics[key])
    assert enhanced.as_dict()["differences"][key][0] == enhanced.differences[key].estimate


def test_pruning_is_the_map_that_drops_the_noise_directions(vectors):
    image, _ = vectors
    made = fit_treatment(image, TreatmentConfig(kind="prune"))
    spectrum = sde.compute_spectrum(image)
    keep = spectrum.basis[:, : spectrum.rank - made.partition.n_noise]
    expected = spectrum.mean + (torch.tensor(image) - spectrum.mean) @ keep @ keep.T
    # Two products of depth 10 in float64.
    torch.testing.assert_close(torch.tensor(made.transform(image)), expected, rtol=0, atol=1e-12)


def test_progress_is_told_and_can_stop(vectors):
    seen = []
    compare_retrieval(
        *vectors, np.arange(80), fit_all(*vectors, names=["csls"]), progress=lambda *a: seen.append(a)
    )
    assert seen == [("raw", 0, 2), ("csls", 1, 2), ("", 2, 2)]

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_retrieval(*vectors, np.arange(80), fit_all(*vectors, names=[]), progress=stop)


def test_wrong_parameters_are_refused(vectors):
    with pytest.raises(ConfigError, match="names must be among raw, sde-enhanced"):
        fit_all(*vectors, names=["magic"])
    with pytest.raises(ConfigError, match="at least one"):
        compare_retrieval(*vectors, np.arange(80), [])
    with pytest.raises(ConfigError, match="adversarial"):
        TreatmentConfig(curriculum=sde.CurriculumConfig(strong="adversarial"))
    with pytest.raises(ConfigError, match="kind must be"):
        TreatmentConfig(kind="polish")


def test_moved_thresholds_keep_their_order(vectors):
    from sde_core.partition.manual import move_thresholds

    spectrum = sde.compute_spectrum(vectors[0])
    own = sde.partition_spectrum(spectrum)
    assert move_thresholds(spectrum, own) is own
    moved = move_thresholds(spectrum, own, noise=1.5, strong=0.1)
    assert moved.tau_noise == pytest.approx(1.5 * own.tau_noise)
    assert moved.tau_strong == moved.tau_noise


def test_rows_come_one_by_one_and_a_later_row_is_compared_with_earlier_ranks(vectors):
    treatments, links = fit_all(*vectors, names=["csls"]), np.arange(80)
    whole = compare_retrieval(*vectors, links, treatments)
    each = sde.compared_rows(*vectors, links, treatments)
    raw = next(each)
    assert raw.as_dict() == whole[0].as_dict()
    [alone] = sde.compared_rows(*vectors, links, treatments[1:], raw=raw.ranks)
    assert alone.as_dict() == next(each).as_dict() == whole[1].as_dict()
    [drawn] = sde.compared_rows(*vectors, links, treatments[1:], raw=drawn_metrics(raw.ranks))
    assert drawn.as_dict() == alone.as_dict()
    assert compared_row("csls", alone.ranks, raw=drawn_metrics(raw.ranks)).differences == alone.differences
    with pytest.raises(ConfigError, match="at least one"):
        sde.compared_rows(*vectors, links, [])


def test_a_watched_treatment_ranks_alike_and_shows_every_score(vectors):
    image, text = vectors
    [_, csls] = fit_all(*vectors, names=["csls"])
    seen = {"image_retrieval": [], "text_retrieval": []}
    watched = sde.watched(csls, lambda direction, scores: seen[direction].append(scores))
    ranks, plain = (each.ranks(image, text, np.arange(80)) for each in (watched, csls))
    for direction, blocks in seen.items():
        mine, other = getattr(ranks, direction), getattr(plain, direction)
        torch.testing.assert_close(mine.best_rank, other.best_rank, rtol=0, atol=0)
        scores = torch.cat(blocks)
        is_first = scores.argmax(dim=1) == torch.arange(80)
        torch.testing.assert_close(is_first, mine.best_rank == 1)

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sde.watched(csls, stop).ranks(image, text, np.arange(80))


@pytest.mark.parametrize("kind", ["enhance", "prune"])
def test_gains_are_those_of_the_curriculum_or_one_and_zero(vectors, kind):
    made = fit_treatment(vectors[0], TreatmentConfig(kind=kind, progress=0.25))
    enhanced = sde.enhancement_gains(made.spectrum, made.partition, 0.25)
    expected = enhanced if kind == "enhance" else (made.partition.labels != NOISE).double()
    torch.testing.assert_close(made.gains, expected)


@pytest.mark.parametrize("progress", [-0.5, 1.5])
def test_a_moment_outside_of_the_training_is_refused(progress):
    with pytest.raises(ConfigError, match="progress must"):
        TreatmentConfig(progress=progress)
