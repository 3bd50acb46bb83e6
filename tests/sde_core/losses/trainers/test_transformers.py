"""What Hugging Face's callback keeps, and from where it goes on; whole trainings are in tests/clients."""

import pickle

import pytest
import torch
from transformers import TrainerControl, TrainerState, TrainingArguments

import sde_core as sde
from sde_core.losses.trainers.transformers import STATE_FILE, transformers_callback


def _training(folder, *, step=0, lr=0.1):
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([weight], lr=lr)
    state = TrainerState(global_step=step, max_steps=5)
    return TrainingArguments(output_dir=str(folder), use_cpu=True), state, TrainerControl(), optimizer


def _steps(optimizer, count):
    for _ in range(count):
        optimizer.param_groups[0]["params"][0].grad = torch.ones(3)
        optimizer.step()


def _followed(folder, **options):
    loss = sde.SDELoss(sde.SDELossConfig())
    callback = transformers_callback(loss)
    args, state, control, optimizer = _training(folder, **options)
    callback.on_train_begin(args, state, control, optimizer=optimizer)
    return loss, callback, args, state, control, optimizer


def test_progress_goes_from_0_on_the_first_step_to_1_on_the_last(tmp_path):
    loss, *_, optimizer = _followed(tmp_path)
    assert loss.progress == 0
    _steps(optimizer, 2)
    assert loss.progress == pytest.approx(2 / 4)
    _steps(optimizer, 2)
    assert loss.progress == 1


def test_a_resumed_training_goes_on_from_what_was_saved(tmp_path):
    _, callback, args, state, control, optimizer = _followed(tmp_path)
    _steps(optimizer, 3)
    state.global_step = 3
    (tmp_path / "checkpoint-3").mkdir()
    callback.on_save(args, state, control)
    assert (tmp_path / "checkpoint-3" / STATE_FILE).is_file()
    assert _followed(tmp_path, step=3)[0].progress == pytest.approx(3 / 4)


def test_a_new_training_reads_no_state_and_a_checkpoint_without_one_is_gone_on_from(tmp_path):
    (tmp_path / "checkpoint-0").mkdir()
    torch.save({"of": "another training"}, tmp_path / "checkpoint-0" / STATE_FILE)
    assert _followed(tmp_path)[0].progress == 0
    assert _followed(tmp_path, step=2)[0].progress == 0  # nothing tells, and SGD keeps no count


def test_other_processes_than_the_first_write_nothing(tmp_path):
    _, callback, args, state, control, _ = _followed(tmp_path)
    state.is_world_process_zero = False
    (tmp_path / "checkpoint-0").mkdir()
    callback.on_save(args, state, control)
    assert list((tmp_path / "checkpoint-0").iterdir()) == []


def test_a_state_that_would_run_code_is_refused(tmp_path):
    (tmp_path / "checkpoint-2").mkdir()
    torch.save({"calls": TrainerState()}, tmp_path / "checkpoint-2" / STATE_FILE)
    with pytest.raises(pickle.UnpicklingError, match="weights_only"):
        _followed(tmp_path, step=2)
