"""Accelerate: the loss built before the Accelerator, one and two processes, accumulation, save_state and load_state."""

import pytest

from tests.clients.programs import RESUMED_LOSSES, TWO_PROCESSES, apart, program

program("accelerate")
SCRIPT = "train_accelerate.py"


def test_two_processes_are_one_on_the_whole_batch(run_example, compared):
    alone, two = run_example(SCRIPT), run_example(SCRIPT, processes=2)
    assert alone["t"] == two["t"] == pytest.approx([i / 7 for i in range(8)])
    # float32, and Adam divides by what is nearly 0 in the first steps
    assert two["loss"] == pytest.approx(alone["loss"], rel=2e-3)
    compared("accelerate", TWO_PROCESSES, apart(two["loss"], alone["loss"]))


def test_accumulated_batches_are_one_step(run_example):
    report = run_example(SCRIPT, "--accumulate", 2)
    assert report["t"] == pytest.approx([i // 2 / 7 for i in range(16)])
    assert report["steps"] == 8


def test_a_loaded_state_goes_on_where_it_was(run_example, compared, tmp_path):
    whole = run_example(SCRIPT)
    first = run_example(SCRIPT, "--stop-at", 4, "--output", tmp_path / "state")
    rest = run_example(SCRIPT, "--resume", tmp_path / "state")
    assert first["t"] + rest["t"] == whole["t"]
    assert first["loss"] + rest["loss"] == pytest.approx(whole["loss"], rel=1e-6)
    compared(
        "accelerate",
        RESUMED_LOSSES,
        apart(first["loss"] + rest["loss"], whole["loss"]),
    )
