"""Lightning: the loss built in ``__init__``, one and two processes, validation, accumulation, resume."""

import pytest

import sde_core as sde
from tests.clients.programs import RESUMED_LOSSES, TWO_PROCESSES, apart, program

program("lightning")
SCRIPT = "train_lightning.py"


def test_two_processes_train_as_one_with_the_loss_built_before_they_start(run_example, compared):
    alone, two = run_example(SCRIPT), run_example(SCRIPT, "--devices", 2)
    # A step an epoch: t from 0 to 1 although every epoch validates
    assert alone["t"] == two["t"] == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert alone["steps"] == two["steps"] == 6
    # float32, and Adam divides by what is nearly 0 in the first steps
    assert two["loss"] == pytest.approx(alone["loss"], rel=2e-3)
    compared("lightning", TWO_PROCESSES, apart(two["loss"], alone["loss"]))


def test_accumulated_batches_are_one_step(run_example):
    report = run_example(SCRIPT, "--accumulate", 2, "--epochs", 3, "--batch-size", 32)
    assert report["t"] == [0, 0, 0.5, 0.5, 1, 1]
    assert report["steps"] == 3


def test_a_resumed_fit_goes_on_where_it_was(run_example, compared, tmp_path):
    whole = run_example(SCRIPT)
    first = run_example(SCRIPT, "--stop-after", 2, "--output", tmp_path)
    rest = run_example(SCRIPT, "--resume", tmp_path / "stopped.ckpt")
    assert first["t"] + rest["t"] == whole["t"]
    assert first["loss"] + rest["loss"] == pytest.approx(whole["loss"], rel=1e-6)
    compared(
        "lightning",
        RESUMED_LOSSES,
        apart(first["loss"] + rest["loss"], whole["loss"]),
    )
    assert rest["progress"] == 1


@pytest.mark.parametrize("devices", [1, 2])
def test_the_monitor_sees_the_whole_batch_whatever_the_number_of_processes(devices, run_example, tmp_path):
    run_example(SCRIPT, "--devices", devices, "--watch", tmp_path / "run")
    looks = sde.read_looks(tmp_path / "run")
    assert [look.step for look in looks] == [1, 2, 3, 4, 5, 6]
    assert {look.n_rows for look in looks} == {64}
    assert len(list((tmp_path / "run").glob("looks-*.arrow"))) == 1  # the first process alone writes
