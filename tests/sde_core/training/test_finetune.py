"""Adapters on vectors: what the events say, that it learns, that a stop costs nothing."""

import json
from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core import ConfigError, DataError, FinetuneConfig, LossConfig
from sde_core.training import CheckpointSaved, Done, Metrics, SpectrumSnapshot, Started, Step
from sde_core.training.events import as_plain

CONFIG = FinetuneConfig(epochs=6, batch_size=32, learning_rate=2e-2, evaluate_every=5, device="cpu")


def _last(events):
    *_, last = events
    assert isinstance(last, Done), last
    return last


def test_events_come_in_order_and_tell_what_happens(toy_set, tmp_path):
    events = list(sde.finetune(toy_set, CONFIG, output=tmp_path / "run"))
    started, done = events[0], events[-1]
    assert isinstance(started, Started)
    assert (started.total_steps, started.steps_per_epoch, started.first_step) == (24, 4, 0)
    assert (started.n_train, started.n_val, started.n_parameters) == (152, 24, 2 * 12 * 12 + 1)
    assert [e.step for e in events if isinstance(e, Step)] == list(range(1, 25))
    looks = [0, 5, 10, 15, 20, 24]
    for kind in (Metrics, SpectrumSnapshot, CheckpointSaved):
        assert [e.step for e in events if isinstance(e, kind)] == looks
    for event in events:
        assert json.loads(json.dumps(as_plain(event)))["event"] == type(event).__name__
    assert isinstance(done, Done)
    assert done.checkpoint == tmp_path / "run" / "last.safetensors"


def test_an_adapter_learns_the_turn_and_leaves_the_start_alone(toy_set):
    before = toy_set.fingerprint
    events = list(sde.finetune(toy_set, replace(CONFIG, epochs=30)))
    scores = [e.score for e in events if isinstance(e, Metrics)]
    # Chance is about 0.22 among 24 pictures; the map is linear, so it can be learnt.
    assert scores[0] < 0.35
    assert scores[-1] > 0.8
    result = events[-1].result
    assert result.metadata is toy_set.metadata
    np.testing.assert_allclose(np.linalg.norm(result.image, axis=1), 1, atol=1e-6)
    val = result.select(result.metadata["split"] == "val")
    values = [e.values for e in events if isinstance(e, Metrics)][-1]
    assert sde.retrieval_metrics(val.image, val.text, val.links) == pytest.approx(dict(values))
    assert toy_set.fingerprint == before


def test_the_first_look_is_at_the_given_vectors(toy_set):
    events = sde.finetune(toy_set, CONFIG)
    first = {type(e): e for e, _ in zip(events, range(3), strict=False)}
    val = toy_set.select(toy_set.metadata["split"] == "val")
    expected = sde.retrieval_metrics(val.image, val.text, val.links)
    assert dict(first[Metrics].values) == pytest.approx(expected)
    rows = toy_set.select(toy_set.metadata["split"] != "test")
    image, text = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in rows.paired())
    spectrum = sde.compute_spectrum(image.astype(np.float32))
    snapshot = first[SpectrumSnapshot]
    np.testing.assert_allclose(snapshot.image.singular_values, spectrum.singular_values, rtol=1e-5)
    gap = sde.alignment_metrics(image, text)["modality_gap"]
    assert snapshot.gap == pytest.approx(gap, rel=1e-5)
    assert sum(snapshot.text.direction_shares.values()) == pytest.approx(1)
    assert sum(snapshot.text.energy_shares.values()) == pytest.approx(1)


LOSSES = [
    LossConfig(name="infonce"),
    LossConfig(name="siglip"),
    LossConfig(name="sde"),
    LossConfig(
        name="sde",
        sde=sde.SDELossConfig(component_contrast=1.0, basis_memory=0.9, subspace_rank=4, refresh_every=5),
    ),
    LossConfig(name="fanoise"),
    LossConfig(name="barlow", base="siglip"),
    LossConfig(name="vicreg"),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda x: f"{x.name}-{x.base}-{x.sde.component_contrast:g}")
def test_a_training_that_was_stopped_and_resumed_is_bitwise_the_one_that_was_not(toy_set, tmp_path, loss):
    config = replace(CONFIG, loss=loss)
    whole = _last(sde.finetune(toy_set, config))
    events = sde.finetune(toy_set, config, output=tmp_path)
    for event in events:
        if isinstance(event, Step) and event.step == 13:
            break
    events.close()
    rest = list(sde.finetune(toy_set, config, output=tmp_path, resume=tmp_path / "last.safetensors"))
    assert rest[0].first_step == 13
    assert [e.step for e in rest if isinstance(e, Step)] == list(range(14, 25))
    assert np.array_equal(rest[-1].result.image, whole.result.image)
    assert np.array_equal(rest[-1].result.text, whole.result.text)
    moved = np.abs(whole.result.image - toy_set.image / np.linalg.norm(toy_set.image, axis=1, keepdims=True))
    assert moved.max() > 1e-2


def test_losses_and_seeds_change_the_outcome_and_nothing_else_does(toy_set):
    def outcome(config):
        return _last(sde.finetune(toy_set, config)).result.image

    config = replace(CONFIG, epochs=2, loss=LossConfig(name="fanoise"))
    base = outcome(config)
    assert np.array_equal(outcome(config), base)
    for change in (
        {"data_seed": 1},
        {"noise_seed": 1},
        {"captions": "primary"},
        {"concept": "kind"},
        {"loss": LossConfig(name="infonce")},
    ):
        assert np.abs(outcome(replace(config, **change)) - base).max() > 1e-4, change
    # The captions are all different, so without a concept there are no duplicates: open_clip's own loss.
    plain = outcome(replace(config, duplicates="negatives", concept="kind"))
    np.testing.assert_allclose(plain, base, atol=2e-5)


def test_accumulating_gives_the_gradient_of_the_whole_batch(toy_set):
    for loss in (LossConfig(name="siglip"), LossConfig(name="sde")):
        steps = []
        for accumulate in (1, 4):
            config = replace(CONFIG, loss=loss, accumulate=accumulate, clip_norm=None)
            steps.append([e for e in sde.finetune(toy_set, config) if isinstance(e, Step)])
        for one, parts in zip(*steps, strict=True):
            # float32 sums in another order, over 24 steps
            assert parts.loss == pytest.approx(one.loss, rel=1e-4)
            assert parts.gradient_norm == pytest.approx(one.gradient_norm, rel=2e-3)
            assert parts.logit_scale == pytest.approx(one.logit_scale, rel=1e-5)


def test_patience_stops_early_and_returns_the_best_weights(toy_set, tmp_path):
    config = replace(CONFIG, epochs=60, learning_rate=0.5, evaluate_every=2, patience=3)
    events = list(sde.finetune(toy_set, config, output=tmp_path))
    looks = [e for e in events if isinstance(e, Metrics)]
    done = events[-1]
    assert done.step < 240
    best = max(looks, key=lambda e: e.score)
    assert done.best_step == best.step < done.step
    assert done.checkpoint.name == "best.safetensors"
    val = done.result.select(done.result.metadata["split"] == "val")
    assert sde.retrieval_metrics(val.image, val.text, val.links) == pytest.approx(dict(best.values))
    # Stopped and resumed after the best step: the best weights come back from their own file.
    events = sde.finetune(toy_set, config, output=tmp_path / "again")
    for event in events:
        if isinstance(event, Step) and event.step == best.step + 3:
            break
    events.close()
    rest = _last(sde.finetune(toy_set, output=tmp_path / "again", resume=tmp_path / "again/last.safetensors"))
    assert rest.best_step == best.step
    assert np.array_equal(rest.result.text, done.result.text)


def test_a_time_budget_becomes_a_number_of_steps(toy_set):
    started = next(iter(sde.finetune(toy_set, replace(CONFIG, seconds=30.0))))
    assert started.total_steps > 24


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"train": "nothing"}, "train must be one of adapter, heads"),
        ({"batch_size": 30, "accumulate": 4}, "batch_size must be a multiple of accumulate; got 30 and 4"),
        ({"learning_rate": float("nan")}, "learning_rate must be finite and above 0; got nan"),
        ({"warmup": 1.0}, r"warmup must lie in \[0, 1\)"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"lora_rank": 4}, "lora_rank changes the towers"),
        ({"rule": "magic"}, "rule must be one of mp-iqr"),
    ],
)
def test_settings_out_of_range_are_refused_with_a_sentence(change, words):
    with pytest.raises(ConfigError, match=words):
        FinetuneConfig(**change)


def test_the_default_batch_is_all_pairs_where_these_are_fewer(toy_set, tmp_path):
    started, *_ = sde.finetune(toy_set, FinetuneConfig(steps=2, device="cpu"), output=tmp_path)
    assert (started.n_train, started.steps_per_epoch) == (152, 1)
    assert started.split.endswith("; a batch is 152 of them")
    started, *_ = sde.finetune(toy_set, FinetuneConfig(steps=2, accumulate=64, device="cpu"))
    assert started.split.endswith("; a batch is 128 of them")  # the most that 64 parts can share
    again = FinetuneConfig(steps=2, device="cpu")  # by default 512, too: the same training
    assert [type(e).__name__ for e in sde.finetune(toy_set, again, resume=tmp_path / "last.safetensors")][
        -1
    ] == "Done"


def test_pairs_that_cannot_be_trained_on_are_refused_before_the_first_event(toy_set):
    with pytest.raises(
        DataError, match="batch_size must be at most the number of training pairs; got 153 and 152"
    ):
        sde.finetune(toy_set, FinetuneConfig(batch_size=153))
    same = replace(toy_set, captions=("the same",) * toy_set.n_texts)
    with pytest.raises(DataError, match="all 152 say the same: there is nothing to contrast"):
        sde.finetune(same, CONFIG)
    test = toy_set.select(toy_set.metadata["split"] == "test")
    with pytest.raises(DataError, match="test pictures are never trained on"):
        sde.finetune(test, CONFIG)
    with pytest.raises(
        ConfigError, match="concept must be a metadata column; got 'colour', known: kind, split"
    ):
        sde.finetune(toy_set, replace(CONFIG, concept="colour"))
