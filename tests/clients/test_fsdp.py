"""FSDP: the loss built before the processes, one and two of them, accumulation, a sharded checkpoint and its resume."""

import pytest

from tests.clients.programs import ARE_REQUIRED, RESUMED_LOSSES, TWO_PROCESSES, apart

pytestmark = pytest.mark.skipif(
    not ARE_REQUIRED, reason="eight processes; .ci/programs runs them, tests of losses hold FSDP's gradients"
)
SCRIPT = "train_fsdp.py"
ONE, TWO = ({"processes": n, "by_torchrun": True} for n in (1, 2))
STEPS = pytest.approx([i / 5 for i in range(6)])


def test_two_processes_that_share_the_weights_are_one_on_the_whole_batch(run_example, compared):
    alone, two = run_example(SCRIPT, **ONE), run_example(SCRIPT, **TWO)
    assert alone["t"] == STEPS
    assert two["t"] == STEPS
    # float32, and Adam divides by what is nearly 0 in the first steps
    assert two["loss"] == pytest.approx(alone["loss"], rel=2e-3)
    compared("torch", f"FSDP: {TWO_PROCESSES}", apart(two["loss"], alone["loss"]))


def test_accumulated_batches_are_one_step(run_example):
    report = run_example(SCRIPT, "--accumulate", 2, **ONE)
    assert report["t"] == pytest.approx([i // 2 / 5 for i in range(12)])
    assert report["steps"] == 6


def test_a_loaded_checkpoint_goes_on_where_it_was(run_example, compared, tmp_path):
    whole = run_example(SCRIPT, **TWO)
    first = run_example(SCRIPT, "--stop-at", 3, "--output", tmp_path, **TWO)
    rest = run_example(SCRIPT, "--resume", tmp_path, **TWO)
    assert first["t"] + rest["t"] == whole["t"]
    assert first["loss"] + rest["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    compared("torch", f"FSDP: {RESUMED_LOSSES}", apart(first["loss"] + rest["loss"], whole["loss"]))
