"""What docs/why.md says is what the kept looks give; correlations and measures by cases that are known."""

import json

import numpy as np
import pytest
import torch

from benchmarks import why
from benchmarks.why_report import (
    KEPT,
    PAGE,
    PICTURE,
    PLAIN,
    STEPS,
    difference,
    filled,
    goes_with,
    going,
    picture,
    tables,
)

FOUND = json.loads(KEPT.read_text("utf-8"))


def test_no_regime_loss_seed_or_look_is_left_out():
    assert list(FOUND) == list(why.REGIMES)
    for regime, runs in FOUND.items():
        assert list(runs) == list(why.LOSSES)
        for looks in runs.values():
            assert list(looks) == [str(step) for step in STEPS]
            for at in looks.values():
                assert len(at) == len(why.SEEDS)
                assert all(set(look["score"]) == set(why.REGIMES[regime]) for look in at)
        for seed, plain in enumerate(runs[PLAIN]["0"]):
            assert all(looks["0"][seed] == plain for looks in runs.values())  # all losses start alike


def test_the_page_and_its_picture_are_those_of_the_kept_looks():
    page = PAGE.read_text("utf-8")
    assert filled(page, FOUND) == page
    assert all(line in page for line in tables(FOUND))
    assert picture(FOUND).svg() in PICTURE.read_text("utf-8")


def made(moved):
    """Return looks in which a loss moves each measure, and the score, by given amounts."""
    rng = np.random.default_rng(0)

    def look(**values):
        noise = 1e-6 * rng.normal(size=4)
        return [
            {"score": {"id": values["score"] + e}, "recall_1": {"id": 0.0}, "measures": {
                name: value + e for name, value in values.items() if name != "score"}}
            for e in noise
        ]  # fmt: skip

    losses = {PLAIN: dict.fromkeys(("score", *moved), 0.0)}
    for i in range(7):
        losses[f"loss {i}"] = {"score": 0.01 * i} | {name: float(of(i)) for name, of in moved.items()}
    return {"planted": {loss: {str(STEPS[-1]): look(**values)} for loss, values in losses.items()}}


def test_a_measure_in_the_order_of_the_gain_goes_with_it_and_one_in_another_order_does_not():
    found = made({"up": lambda i: i**3, "down": lambda i: -i, "other": lambda i: (3 * i) % 7})
    told = goes_with(found, "planted", "score")
    assert told["up"] == pytest.approx((1.0, 2 / 5040, 3 * 2 / 5040))
    assert told["down"][0] == pytest.approx(-1.0)
    assert abs(told["other"][0]) < 0.5
    assert told["other"][1] > 0.2
    assert going(found) == ["up", "down"]


def test_a_rotation_of_both_modalities_changes_no_measure():
    draw = torch.Generator().manual_seed(0)
    image = torch.randn(60, 20, generator=draw)
    text = image + 0.5 * torch.randn(60, 20, generator=draw)
    image, text = (torch.nn.functional.normalize(x, dim=1) for x in (image, text))
    links = np.stack([np.arange(60)] * 2, axis=1)
    turn = torch.linalg.qr(torch.randn(20, 20, generator=draw))[0]
    before, after = why.measures(image, text, links), why.measures(image @ turn, text @ turn, links)
    assert before == pytest.approx(after, rel=1e-4, abs=1e-5, nan_ok=True)
    assert why.measures(image, image, links)["whitened cosine"] == pytest.approx(1, abs=1e-6)


def test_the_answer_is_the_protocol_s_rule():
    page = PAGE.read_text("utf-8")
    assert going(FOUND) == []
    assert "**By the protocol's rule nothing does.**" in page
    same = {"rank image", "rank text", "noise directions", "weak agreement", "noise agreement"}
    for regime in FOUND:
        told = goes_with(FOUND, regime, "score")
        assert all(told[name][0] > 0.75 for name in same)
    other = goes_with(FOUND, "styles", "score other")
    assert {name for name, (rho, _, _) in other.items() if rho > 0.999} == {
        "rank image", "noise directions", "weak agreement"
    }  # fmt: skip
    for regime in FOUND:
        moves = {
            name: difference(FOUND, regime, "sde-1", name)
            for name in (*same, "strong energy", "score", "top-16 overlap")
        }
        assert all(moves[name][1] > 0 for name in ("strong energy", "top-16 overlap"))
        assert all(moves[name][2] < 0 for name in ("rank image", "rank text", "weak agreement"))
        assert moves["score"][0] < 0
        for loss in ("whitened-both", "spectral", "barlow-batch"):
            assert all(difference(FOUND, regime, loss, name)[1] > 0 for name in same)
