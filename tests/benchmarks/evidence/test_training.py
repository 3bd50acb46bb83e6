"""One small training of every method on made-up features of real pairs: it learns, repeats, and reads its rows only."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.evidence.evaluation import part_hits, part_vectors, spectrum_of
from benchmarks.evidence.features import Features
from benchmarks.evidence.methods import METHODS, sde_config
from benchmarks.evidence.regimes import Part
from benchmarks.evidence.sensitivity import measured, settings
from benchmarks.evidence.training import Tail, train
from benchmarks.evidence.tuning import draws

KNOBS = {"rate": 4e-3, "decay": 0.1, "steps": 24, "batch": 64, "dropout": 0.5, "temperature": 0.08}


def _knobs(method):
    own = {name: draws(method, "styles", 4)[0][name] for name in METHODS[method].own}
    return KNOBS | own


PART = Part(rows=np.arange(200, 240))


@pytest.fixture(scope="module")
def untrained(corpus, features):
    """The score of what has not made a step."""
    start = train(corpus, features, np.arange(200), method="infonce", knobs={**KNOBS, "steps": 0}, seed=3)
    return part_hits(corpus, features, start, PART).score


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_and_repeats(corpus, features, untrained, method):
    rows = np.arange(200)
    first, second = (
        train(corpus, features, rows, method=method, knobs=_knobs(method), seed=3) for _ in range(2)
    )
    for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert part_hits(corpus, features, first, PART).score > untrained + 0.1


def test_no_two_methods_are_one_configuration():
    shared = {
        **_knobs("sde+contrast"),
        **_knobs("contrast+noise-view"),
        **_knobs("whitened+contrast"),
        **_knobs("components-barlow"),
    }
    found = [
        config
        for config in (sde_config(name, shared) for name in METHODS if name != "contrast-lead")
        if config is not None
    ]
    assert len(found) == 21
    for i, one in enumerate(found):
        assert one not in found[:i]


def test_the_end_of_a_trunk_is_trained_with_the_heads(corpus, features):
    entering = torch.randn(len(corpus.pictures), 6, 2, 2, generator=torch.Generator().manual_seed(0)).half()
    rows, every = np.arange(200), np.arange(len(corpus.pictures))

    def run(share):
        torch.manual_seed(0)
        tail = Tail(nn.Sequential(nn.Conv2d(6, 40, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()), entering)
        frozen = replace(features, image=tail.features(every))
        before = [p.detach().clone() for p in tail.parameters()]
        knobs = _knobs("whitened-both") | {"tail": share}
        found = train(corpus, frozen, rows, method="whitened-both", knobs=knobs, seed=3, tail=tail)
        moved = [not torch.equal(a, b) for a, b in zip(before, tail.parameters(), strict=True)]
        return moved, found.model.image.weight

    (moved, weight), (_, again), (still, other) = (run(share) for share in (0.1, 0.1, 0.0))
    assert all(moved)
    assert not any(still)
    assert torch.equal(weight, again)
    assert not torch.equal(weight, other)


def test_a_training_reads_nothing_but_its_rows(corpus, features):
    rows = np.arange(200)
    texts = corpus.texts_of(rows)
    image, text = (np.full_like(x, np.nan) for x in (features.image, features.text))
    image[rows], text[texts] = features.image[rows], features.text[texts]
    blind = Features(image=image, text=text, corrupted={}, noisy={}, prompts={})
    one, other = (
        train(corpus, f, rows, method="contrast", knobs=_knobs("contrast"), seed=1) for f in (features, blind)
    )
    for a, b in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_spectra_of_a_part_add_up(corpus, features):
    trained = train(corpus, features, np.arange(200), method="infonce", knobs=KNOBS, seed=0)
    found = spectrum_of(*part_vectors(corpus, features, trained, Part(rows=np.arange(240))))
    for side in ("image", "text"):
        for kind in ("directions", "energy"):
            assert sum(found[side][kind].values()) == pytest.approx(1, abs=1e-6)
    assert set(found["agreement"]) <= {"strong", "weak", "noise"}


def test_configurations_of_methods_are_what_their_names_say():
    knobs = {"lambda": 3.0, "alpha": 0.2, "rho": 0.5, "k": 8, "weight": 0.3, "tau_c": 0.05}
    contrast = sde_config("contrast", knobs)
    assert (contrast.enhancement, contrast.hellinger, contrast.subspace) == (None, 0, 0)
    assert (contrast.component_contrast, contrast.weight_start, contrast.weight_end) == (0.3, 1, 1)
    assert sde_config("contrast-noise", knobs).contrast_band == "noise"
    assert sde_config("sde-centred", knobs).center == "mean"
    both = sde_config("sde+contrast", knobs)
    assert both.component_contrast * both.weight_start == pytest.approx(0.3)
    assert sde_config("view-weak-noise", knobs).enhancement.strong == "off"
    assert sde_config("wmse", knobs) is None


def test_sensitivity_turns_one_knob_at_a_time():
    tuned = {"contrast": {**KNOBS, "weight": 0.3, "tau_c": 0.1}}
    found = list(settings("contrast", tuned["contrast"]))
    for one in found[1:]:
        if one.turned in tuned["contrast"]:
            assert {k: v for k, v in one.knobs.items() if k != one.turned} == {
                k: v for k, v in tuned["contrast"].items() if k != one.turned
            }
    runs = [{"method": s.method, "knobs": s.knobs, "seed": 1, "val": 0.5} for s in found]
    runs[1] = {**runs[1], "val": 0.52}
    points = measured(runs, tuned)["contrast"]
    assert {v: d for v, d, _ in points["weight"]}[found[1].value] == pytest.approx(2.0)
    assert {v: d for v, d, _ in points["weight"]}[0.3] == 0
