"""Disentanglement as `disent` computes it, the successor of disentanglement_lib, on the same arrays."""

import numpy as np
import pytest
import torch

from sde_core.knowledge.disentangled import dci, mutual_information_gap
from tests.clients.programs import program, row

program("disent.metrics")


@pytest.mark.parametrize("shape", [(12, 4), (3, 7)])
def test_dci_of_the_same_importances(shape, record_property):
    from disent.metrics._dci import _completeness, _disentanglement

    importance = np.random.default_rng(0).random(shape) ** 4
    importance[1] = 0  # a direction that knows nothing
    theirs = _disentanglement(importance), _completeness(importance)
    mine = dci(torch.from_numpy(importance))
    record_property(*row("disent", "DCI of the same importances", np.abs(np.subtract(mine, theirs)).max()))
    # It adds 1e-11 to every importance, of 0.01 and more.
    assert mine == pytest.approx(theirs, abs=1e-8)


def test_the_mutual_information_gap_of_the_same_codes(record_property):
    from disent.metrics import metric_mig

    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, 3, 600), rng.integers(0, 7, 600)], axis=1)
    codes = rng.normal(size=(600, 5))
    codes[:, 0] += 2 * factors[:, 0]
    codes[:, 3] += factors[:, 1]

    class Drawn:
        """Its data set, as far as it asks: rows in their order, each with its factors."""

        at = 0

        def dataset_sample_batch_with_factors(self, count: int, mode: str):
            here = slice(self.at, self.at + count)
            self.at += count
            return torch.from_numpy(codes[here]), factors[here]

    theirs = metric_mig(Drawn(), lambda observed: observed, num_train=len(codes))["mig.discrete_score"]
    mine = np.mean([mutual_information_gap(codes, column) for column in factors.T])
    record_property(*row("disent", "mutual information gap of the same codes", abs(mine - theirs)))
    assert mine == pytest.approx(theirs, abs=1e-12)
    assert mine > 0.1
