"""A time as steps and looks."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import sde_core as sde
from sde_core import ConfigError
from sde_core.training import Failed, Metrics, Started, Step
from sde_core.training.budget import (
    Schedule,
    common_schedule,
    measured,
    schedule_in,
    schedule_of,
    typical_seconds,
)
from sde_core.training.checkpoint import read_checkpoint
from sde_core.training.trainer import Training


def _n_looks(found):
    """Count the looks: before the first step, at each multiple, and at the end."""
    return len({*range(0, found.total_steps + 1, found.evaluate_every), found.total_steps})


@pytest.mark.parametrize(
    ("seconds", "step", "look", "expected"),
    [
        (60.0, 0.1, 0.0, (600, 30)),  # looks cost nothing: 21 of them
        (60.0, 0.1, 0.5, (495, 25)),  # 21 looks are 10.5 s
        (60.0, 0.1, 5.0, (400, 134)),  # 4 looks are a third
        (60.0, 0.1, 25.0, (100, 100)),  # before and after, no less
        (60.0, 0.1, 100.0, (1, 1)),  # not even that fits
        (60.0, 100.0, 0.1, (1, 1)),
    ],
)
def test_slow_looks_become_rarer(seconds, step, look, expected):
    found = schedule_in(seconds, step=step, look=look, evaluate_every=None)
    assert (found.total_steps, found.evaluate_every) == expected


times = st.floats(1e-4, 1e3)


@given(times, times, st.floats(0, 1e3), st.none() | st.integers(1, 500))
def test_it_fits_and_little_is_left_over(seconds, step, look, every):
    found = schedule_in(seconds, step=step, look=look, evaluate_every=every)
    looks = _n_looks(found)
    taken = found.total_steps * step + looks * look
    assert found.total_steps == 1 or taken <= (seconds + look) * (1 + 1e-9)
    if every is None:
        assert looks <= max(2, min(21, seconds / 3 / look if look else 21))
    else:
        assert found.evaluate_every == every


def test_without_a_time_every_20th_step_is_looked_at():
    assert schedule_of(140, None) == Schedule(total_steps=140, evaluate_every=7)
    assert schedule_of(3, None).evaluate_every == 1
    assert schedule_of(140, 50).evaluate_every == 50


def test_runs_beside_each_other_look_at_the_same_steps():
    slow, fast = Schedule(total_steps=90, evaluate_every=30), Schedule(total_steps=100, evaluate_every=5)
    assert common_schedule([fast, slow]) == slow


def test_neither_the_warm_up_nor_one_hiccup_decides():
    assert typical_seconds([5.0]) == 5.0
    assert typical_seconds([5.0, 1.0]) == 1.0
    assert typical_seconds([5.0, 1.0, 9.0, 1.0]) == 1.0
    # One step in four does more, and that counts.
    assert typical_seconds([5.0, 1.0, 1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 2.0]) == pytest.approx(10 / 8)


def test_what_is_quick_is_tried_often_and_what_is_slow_once():
    assert len(measured(lambda: 0.001, within=1.0)) == 33
    assert len(measured(lambda: 2.0, within=1.0)) == 1
    assert len(measured(lambda: 0.4, within=1.0)) == 3
    assert len(measured(lambda: 2.0, within=1.0, fewest=2)) == 2


@pytest.fixture
def small():
    """64 pairs whose training is a matter of milliseconds."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(64, 8)).astype(np.float32)
    links = np.stack([np.arange(64)] * 2, axis=1)
    return sde.EmbeddingSet.from_arrays(rows, rows + 0.1, links, captions=[f"c {i}" for i in range(64)])


TIMED = sde.FinetuneConfig(seconds=1.0, batch_size=16, device="cpu")


def test_a_rate_that_blows_up_does_so_in_the_run_and_not_while_it_is_planned(small):
    events = list(sde.finetune(small, replace(TIMED, learning_rate=1e30, warmup=0.0)))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Failed)
    assert "lower learning_rate (now 1e+30)" in events[-1].reason


@pytest.mark.parametrize("evaluate_every", [None, 1, 2, 3])
def test_a_timed_training_resumes_with_the_looks_that_were_planned(small, tmp_path, evaluate_every):
    config = replace(TIMED, evaluate_every=evaluate_every)
    stream = sde.finetune(small, config, output=tmp_path)
    planned = next(stream)
    for event in stream:
        if isinstance(event, Step) and event.step == 3:
            break
    stream.close()
    counts = read_checkpoint(tmp_path / "last.safetensors").counts
    assert counts["total_steps"] == planned.total_steps
    rest = list(sde.finetune(small, config, output=tmp_path, resume=tmp_path / "last.safetensors"))
    assert rest[0].total_steps == planned.total_steps
    looks = [e.step for e in rest if isinstance(e, Metrics)]
    every = counts["evaluate_every"]
    # A look follows its step: the one at the step of the stop has not been taken.
    assert looks == sorted({*range(every, planned.total_steps, every), planned.total_steps} - {1, 2})


def test_no_memory_for_the_trial_is_one_sentence(small, monkeypatch):
    def full(_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Training, "take_step", full)
    with pytest.raises(ConfigError, match="does not hold a batch of 16 in 1 parts; raise accumulate"):
        sde.finetune(small, TIMED)
    # Out of memory in a step of the run itself.
    *_, failed = sde.finetune(small, replace(TIMED, seconds=None))
    assert isinstance(failed, Failed)
    assert "does not hold a batch of 16" in failed.reason
