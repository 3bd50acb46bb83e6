import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from sde_core.classify.classification import class_ranks, class_vectors, classification_metrics
from sde_core.classify.linear_probe import choose_linear_probe, fit_linear_probe, stratified_split
from sde_core.errors import ConfigError, DataError


def test_metrics_are_the_plain_counts():
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(200, 7)), rng.integers(0, 6, 200)  # class 6 never occurs
    order = np.argsort(-scores, axis=1)
    found = classification_metrics(scores, labels, (1, 5))
    assert found["acc1"] == np.mean(order[:, 0] == labels)
    assert found["acc5"] == np.mean([label in row[:5] for row, label in zip(order, labels, strict=True)])
    recalls = [np.mean(order[labels == c, 0] == c) for c in range(6)]
    assert found["mean_per_class_recall"] == pytest.approx(np.mean(recalls))


def test_equal_scores_are_at_chance():
    assert class_ranks(np.zeros((4, 5)), np.arange(4)).tolist() == [3.0] * 4
    found = classification_metrics(np.zeros((4, 5)), np.arange(4), (1, 2))
    assert (found["acc1"], found["acc2"]) == pytest.approx((1 / 5, 2 / 5))
    assert found["mean_per_class_recall"] == pytest.approx(1 / 5)


def test_a_class_is_the_mean_direction_of_its_prompts():
    prompts = torch.tensor([[2.0, 0.0], [0.0, 1.0], [0.0, -3.0], [0.0, -1.0]])
    expected = torch.tensor([[0.5**0.5, 0.5**0.5], [0.0, -1.0]])
    torch.testing.assert_close(class_vectors(prompts, 2), expected)
    with pytest.raises(ConfigError, match="divide the 4 prompts"):
        class_vectors(prompts, 3)


@pytest.mark.parametrize(
    ("labels", "match"), [([0, 1], "4 entries"), ([0, 1, 2, 3], "from 0 to 2"), ([0.0] * 4, "whole numbers")]
)
def test_labels_that_do_not_fit_are_refused(labels, match):
    with pytest.raises(DataError, match=match):
        classification_metrics(np.eye(4, 3), np.array(labels))


@pytest.fixture(scope="module")
def blobs():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 300)
    return rng.normal(size=(4, 6))[labels] + rng.normal(size=(300, 6)), labels


@pytest.mark.parametrize("l2", [1e-4, 1e-2, 1.0])
def test_the_probe_is_the_minimum_that_scikit_learn_finds(blobs, l2):
    x, labels = blobs
    ours = fit_linear_probe(x, labels, 4, l2=l2)
    theirs = LogisticRegression(C=1 / (l2 * len(x)), tol=1e-10, max_iter=10_000).fit(x, labels)
    assert ours.is_converged
    # The gradient ends below 1e-6; the loss curves by at least l2 in every direction of the weights.
    np.testing.assert_allclose(ours.weight.T.numpy(), theirs.coef_, atol=2e-6 * 5 / l2 + 1e-6)
    probabilities = ours(x).softmax(dim=1).numpy()
    np.testing.assert_allclose(probabilities, theirs.predict_proba(x), atol=1e-3)


def test_a_warm_start_ends_in_the_same_place(blobs):
    x, labels = blobs
    cold = fit_linear_probe(x, labels, 4, l2=1e-2)
    warm = fit_linear_probe(x, labels, 4, l2=1e-2, start=fit_linear_probe(x, labels, 4, l2=1.0))
    torch.testing.assert_close(warm.weight, cold.weight, rtol=0, atol=1e-3)


def test_the_strength_is_the_one_that_validates_best(blobs):
    x, labels = blobs
    noise = np.random.default_rng(1).normal(size=(300, 100))
    wide = np.concatenate([x, noise], axis=1)  # more columns than 60 rows can bear without regularisation
    train, held = (wide[:60], labels[:60]), (wide[60:], labels[60:])
    chosen = choose_linear_probe(train, held, 4)
    accuracies = {
        l2: classification_metrics(fit_linear_probe(*train, 4, l2=l2)(held[0]), held[1])["acc1"]
        for l2 in (1.0, 0.1, 0.01, 1e-8)
    }
    assert chosen.l2 in (1.0, 0.1, 0.01)
    assert accuracies[chosen.l2] == max(accuracies.values()) > accuracies[1e-8]


def test_every_class_is_on_both_sides_of_a_stratified_split():
    labels = torch.tensor([0] * 50 + [1] * 10 + [2] * 5)
    train, held = stratified_split(labels, 0.2, seed=3)
    assert labels[held].bincount().tolist() == [10, 2, 1]
    assert sorted([*train.tolist(), *held.tolist()]) == list(range(65))
    assert not torch.equal(held, stratified_split(labels, 0.2, seed=4)[1])
    with pytest.raises(ConfigError, match="both sides"):
        stratified_split(torch.tensor([0, 1]), 0.2, seed=0)


def test_wrong_parameters_of_a_probe_are_refused(blobs):
    x, labels = blobs
    with pytest.raises(ConfigError, match="l2 above 0"):
        fit_linear_probe(x, labels, 4, l2=0.0)
    with pytest.raises(DataError, match="numbers in"):
        fit_linear_probe(x, labels, 3, l2=1.0)
    with pytest.raises(DataError, match="6 columns"):
        fit_linear_probe(x, labels, 4, l2=1.0)(np.ones((2, 5)))
    with pytest.raises(ConfigError, match="at least one value"):
        choose_linear_probe((x, labels), (x, labels), 4, strengths=())
