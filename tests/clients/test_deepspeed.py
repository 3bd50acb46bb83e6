"""DeepSpeed: the loss built before it, one process, two with ZeRO's first stage, accumulation, resume."""

import pytest

from tests.clients.programs import RESUMED_LOSSES, TWO_PROCESSES, apart, program

program("deepspeed")
SCRIPT = "train_deepspeed.py"
ONE, TWO = ({"processes": n, "by_torchrun": True} for n in (1, 2))
STEPS = pytest.approx([i / 5 for i in range(6)])


def test_two_processes_with_a_spread_optimiser_are_one_on_the_whole_batch(run_example, compared):
    alone, two = run_example(SCRIPT, **ONE), run_example(SCRIPT, "--stage", 1, **TWO)
    assert alone["t"] == STEPS
    assert two["t"] == STEPS
    # float32, and Adam divides by what is nearly 0 in the first steps
    assert two["loss"] == pytest.approx(alone["loss"], rel=2e-3)
    compared("deepspeed", TWO_PROCESSES, apart(two["loss"], alone["loss"]))


def test_accumulated_batches_are_one_step(run_example):
    report = run_example(SCRIPT, "--accumulate", 2, **ONE)
    assert report["t"] == pytest.approx([i // 2 / 5 for i in range(12)])
    assert report["steps"] == 6


def test_a_loaded_checkpoint_goes_on_where_it_was(run_example, compared, tmp_path):
    whole = run_example(SCRIPT, **ONE)
    first = run_example(SCRIPT, "--stop-at", 4, "--output", tmp_path, **ONE)
    rest = run_example(SCRIPT, "--resume", tmp_path, **ONE)
    assert first["t"] + rest["t"] == whole["t"]
    assert first["loss"] + rest["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    compared(
        "deepspeed",
        RESUMED_LOSSES,
        apart(first["loss"] + rest["loss"], whole["loss"]),
    )
