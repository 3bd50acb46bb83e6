"""Hugging Face's Trainer: a loss beside the model, evaluated every epoch, accumulated, resumed."""

import pytest

import sde_core as sde
from tests.clients.programs import EVALUATED_T, RESUMED_T, apart, program

program("transformers")
program("accelerate")
SCRIPT = "train_transformers.py"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Where the training that is not disturbed keeps its checkpoints."""
    return tmp_path_factory.mktemp("saved")


def test_evaluation_moves_nothing_and_t_ends_at_one(run_example, compared, saved):
    report = run_example(SCRIPT, "--output", saved)
    # 4 steps an epoch, 3 epochs
    assert report["max_steps"] == report["steps"] == 12
    assert report["t"] == pytest.approx([i / 11 for i in range(12)])
    compared(
        "transformers",
        EVALUATED_T,
        apart(report["t"], [i / 11 for i in range(12)]),
    )
    assert report["progress"] == 1


def test_accumulated_batches_are_one_step_and_the_monitor_hears_of_steps_alone(run_example, tmp_path):
    report = run_example(SCRIPT, "--accumulate", 2, "--watch", tmp_path / "run")
    assert report["steps"] == 6
    assert report["t"] == pytest.approx([i // 2 / 5 for i in range(12)])
    assert [look.step for look in sde.read_looks(tmp_path / "run")] == [2, 4, 6]


def test_a_resumed_training_goes_on_where_it_was(run_example, compared, saved):
    whole = run_example(SCRIPT, "--output", saved)
    assert (saved / "checkpoint-4" / "sde_loss.pt").is_file()
    rest = run_example(SCRIPT, "--output", saved, "--resume", saved / "checkpoint-4")
    assert rest["t"] == whole["t"][4:]
    compared("transformers", RESUMED_T, apart(rest["t"], whole["t"][4:]))
    assert rest["progress"] == 1


def test_two_processes(run_example):
    report = run_example(SCRIPT, processes=2)
    assert report["steps"] == report["max_steps"] == 6
    assert report["progress"] == 1
