"""sentence-transformers' trainer: the loss inside one of its losses, evaluated every epoch, resumed."""

import pytest

from tests.clients.programs import EVALUATED_T, RESUMED_T, apart, program

program("sentence_transformers")
program("datasets")
SCRIPT = "train_sentence_transformers.py"


def test_evaluation_moves_nothing_and_a_resume_goes_on(run_example, compared, tmp_path):
    whole = run_example(SCRIPT, "--output", tmp_path)
    # 4 steps an epoch, 3 epochs
    assert whole["max_steps"] == whole["steps"] == 12
    assert whole["t"] == pytest.approx([i / 11 for i in range(12)])
    rest = run_example(SCRIPT, "--output", tmp_path, "--resume", tmp_path / "checkpoint-4")
    assert rest["t"] == whole["t"][4:]
    compared(
        "sentence-transformers",
        EVALUATED_T,
        apart(whole["t"], [i / 11 for i in range(12)]),
    )
    compared("sentence-transformers", RESUMED_T, apart(rest["t"], whole["t"][4:]))
    assert rest["progress"] == 1
