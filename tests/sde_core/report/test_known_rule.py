"""Rule "known" measured: agreement is Cohen's kappa, and the part that is held out is never heard."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import cohen_kappa_score

import sde_core as sde
from sde_core.embedding_formats.named import open_named
from sde_core.report.known_rule import agreement, measure_known_rule


def test_agreement_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 3, 50), rng.integers(0, 3, 50)
    same, kappa = agreement(torch.from_numpy(one), torch.from_numpy(other))
    assert same == pytest.approx((one == other).mean())
    assert kappa == pytest.approx(cohen_kappa_score(one, other))
    assert np.isnan(agreement(torch.ones(3).long(), torch.ones(3).long())[1])


@pytest.fixture(scope="module")
def parts():
    clipart = open_named("clipart")
    rows = np.random.default_rng(0).permutation(clipart.n_images)
    return clipart.select(np.sort(rows[:900])), clipart.select(np.sort(rows[900:1400]))


def test_the_test_part_gives_vectors_and_nothing_else(parts):
    reference, test = parts
    found = measure_known_rule(reference, test, ["group"])
    # Other columns in the test part change nothing.
    shuffled = {name: values[::-1] for name, values in test.metadata.items()}
    again = measure_known_rule(reference, replace(test, metadata=shuffled), ["group"])
    assert [r.metrics for r in again.retrieval] == [r.metrics for r in found.retrieval]
    names = [row.name for row in found.retrieval]
    assert names == ["raw", "enhance by mp-iqr", "prune by mp-iqr", "enhance by known", "prune by known"]
    assert found.retrieval[0].differences == {}
    assert sum(found.bands[sde.vocabulary.Modality.IMAGE]) == 192
    assert {a.rule for a in found.agreements} >= {"mp-iqr", "energy", "cross-modal"}
    assert all(0 <= a.same <= 1 for a in found.agreements if not a.reason)


def test_without_columns_it_hears_the_other_modality(parts):
    reference, _ = parts
    found = measure_known_rule(reference)
    assert found.retrieval == ()
    side = sde.vocabulary.Modality.IMAGE
    spectrum = sde.compute_spectrum(reference.image, center="mean")
    own = sde.partition_spectrum(spectrum, "known", paired=reference.paired())
    assert found.bands[side] == (own.n_strong, own.n_weak, own.n_noise)
    with pytest.raises(sde.DataError, match="column must be one of"):
        measure_known_rule(reference, columns=["colour"])
