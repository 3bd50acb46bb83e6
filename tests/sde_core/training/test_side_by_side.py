"""Two losses on the same batches: each run is what it would be alone."""

from dataclasses import replace

import numpy as np
import pytest

import sde_core as sde
from sde_core import ConfigError, FinetuneConfig, LossConfig
from sde_core.training import Done, Started, Step

CONFIG = FinetuneConfig(steps=8, batch_size=32, learning_rate=2e-2, evaluate_every=4, device="cpu")
RUNS = {"sde": replace(CONFIG, loss=LossConfig(name="sde")), "infonce": CONFIG}


def test_each_run_is_what_it_is_alone_and_steps_take_turns(toy_set, tmp_path):
    events = list(sde.finetune_side_by_side(toy_set, RUNS, output=tmp_path))
    assert {e.run for e in events} == {"sde", "infonce"}
    steps = [(e.step, e.run) for e in events if isinstance(e, Step)]
    assert steps == [(k, name) for k in range(1, 9) for name in ("sde", "infonce")]
    results = {e.run: e for e in events if isinstance(e, Done)}
    for name, config in RUNS.items():
        *_, alone = sde.finetune(toy_set, config)
        assert np.array_equal(alone.result.image, results[name].result.image)
        assert results[name].checkpoint == tmp_path / name / "last.safetensors"
    assert not np.array_equal(results["sde"].result.image, results["infonce"].result.image)


def test_closing_writes_both_and_resuming_goes_on_with_both(toy_set, tmp_path):
    whole = {e.run: e.result for e in sde.finetune_side_by_side(toy_set, RUNS) if isinstance(e, Done)}
    stream = sde.finetune_side_by_side(toy_set, RUNS, output=tmp_path)
    for event in stream:
        if isinstance(event, Step) and (event.step, event.run) == (6, "sde"):
            break
    stream.close()
    rest = list(sde.finetune_side_by_side(toy_set, RUNS, output=tmp_path, resume=True))
    assert {e.run: e.first_step for e in rest if isinstance(e, Started)} == {"sde": 6, "infonce": 5}
    for event in rest:
        if isinstance(event, Done):
            assert np.array_equal(event.result.image, whole[event.run].image)


def test_a_time_budget_is_shared_and_the_runs_have_one_length(toy_set, tmp_path):
    timed = {name: replace(config, steps=None, seconds=20.0) for name, config in RUNS.items()}
    stream = sde.finetune_side_by_side(toy_set, timed, output=tmp_path)
    totals = []
    for event in stream:
        if isinstance(event, Started):
            totals.append(event.total_steps)
        if len(totals) == 2:
            break
    stream.close()
    assert totals[0] == totals[1] > 8


def test_runs_that_would_see_other_batches_are_refused(toy_set):
    for change, words in (
        ({"data_seed": 1}, "data_seed is 0 in a and 1 in b"),
        ({"batch_size": 16}, "batch_size is 32 in a and 16 in b"),
    ):
        with pytest.raises(ConfigError, match=f"runs must see the same batches; {words}"):
            sde.finetune_side_by_side(toy_set, {"a": CONFIG, "b": replace(CONFIG, **change)})
    with pytest.raises(ConfigError, match="runs must hold at least one; got none"):
        sde.finetune_side_by_side(toy_set, {})
    with pytest.raises(ConfigError, match=r"a run's name must do as a folder's; got '\.\./x'"):
        sde.finetune_side_by_side(toy_set, {"../x": CONFIG})
