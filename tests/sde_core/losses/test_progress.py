"""Where a loss stands in training: followed, set or counted, through resumes and trainers that count otherwise."""

import copy
import gc
import io
import pickle
import warnings

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, OneCycleLR

from sde_core.errors import ConfigError
from sde_core.losses import SDELoss, SDELossConfig, count_check

SCALE = torch.tensor(10.0)


class Training:
    """A model, an optimiser, a loss: one step at a time, with evaluation and parts where asked for."""

    def __init__(self, optimizer=torch.optim.AdamW, total_steps=None, **fields):
        torch.manual_seed(0)
        self.model = nn.Linear(8, 6)
        self.optimizer = optimizer(self.model.parameters(), lr=1e-3)
        self.loss = SDELoss(SDELossConfig(total_steps=total_steps, **fields))

    def backward(self, times=1):
        for seed in range(times):
            rows = torch.randn(2, 12, 8, generator=torch.Generator().manual_seed(seed))
            self.loss(*(nn.functional.normalize(self.model(x), dim=1) for x in rows), SCALE).backward()

    def steps(self, count, parts=1, scheduler=None):
        seen = []
        for _ in range(count):
            seen.append(self.loss.progress)
            self.backward(parts)
            self.optimizer.step()
            if scheduler is not None:
                scheduler.step()
        return seen

    def evaluate(self):
        with torch.no_grad():
            self.backward_free()

    def backward_free(self):
        rows = torch.randn(2, 12, 8, generator=torch.Generator().manual_seed(9))
        self.loss(*(nn.functional.normalize(self.model(x), dim=1) for x in rows), SCALE)


@pytest.mark.parametrize("parts", [1, 3])
def test_an_optimiser_that_is_followed_sets_the_pace_whatever_is_called(parts):
    training = Training()
    training.loss.follow(training.optimizer, total_steps=5)
    seen = training.steps(2, parts)
    training.evaluate()
    seen += training.steps(3, parts)
    assert seen == [0, 0.25, 0.5, 0.75, 1]
    assert training.loss.step == 5


def test_a_step_that_is_skipped_is_none():
    training = Training()
    training.loss.follow(training.optimizer, total_steps=5)
    training.steps(1)
    training.backward(4)  # a gradient scaler that met an overflow calls no step
    assert training.loss.step == 1


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (lambda o: OneCycleLR(o, 1e-3, total_steps=5), None),
        (lambda o: CosineAnnealingLR(o, T_max=5), None),
        (lambda o: LambdaLR(o, lambda step: 1.0), 5),
    ],
)
def test_a_scheduler_that_is_followed_sets_the_pace(make, given):
    training = Training()
    scheduler = make(training.optimizer)
    training.loss.follow(scheduler, total_steps=given)
    assert training.steps(5, scheduler=scheduler) == [0, 0.25, 0.5, 0.75, 1]
    assert training.loss.step == 5


def test_the_config_says_how_long_where_nobody_else_does():
    training = Training(total_steps=3)
    training.loss.follow(training.optimizer)
    assert training.steps(3) == [0, 0.5, 1]


def test_who_is_named_last_decides():
    training = Training(total_steps=3)
    training.loss.set_progress(0.7)
    training.loss.follow(training.optimizer)
    assert training.loss.progress == 0
    training.loss.set_progress(0.7)
    assert training.steps(2) == [0.7, 0.7]


@pytest.mark.parametrize("follows_first", [True, False])
def test_a_resumed_optimiser_brings_its_steps_along(follows_first):
    """open_clip and the Trainer save the optimiser, not the loss."""
    before = Training()
    before.loss.follow(before.optimizer, total_steps=9)
    before.steps(4)
    state = copy.deepcopy(before.optimizer.state_dict())
    after = Training()
    if follows_first:
        after.loss.follow(after.optimizer, total_steps=9)
    after.optimizer.load_state_dict(state)
    if not follows_first:
        after.loss.follow(after.optimizer, total_steps=9)
    assert after.loss.step == before.loss.step == 4
    assert after.steps(5) == [4 / 8, 5 / 8, 6 / 8, 7 / 8, 1]


def momentum(parameters, lr):
    return torch.optim.SGD(parameters, lr=lr, momentum=0.9)


@pytest.mark.parametrize("loss_first", [True, False])
def test_an_optimiser_without_a_count_needs_the_loss_s_state_and_says_so_once(loss_first):
    before = Training(momentum)
    before.loss.follow(before.optimizer, total_steps=9)
    before.steps(4)
    states = before.loss.state_dict(), copy.deepcopy(before.optimizer.state_dict())
    bare = Training(momentum)
    bare.loss.follow(bare.optimizer, total_steps=9)
    bare.optimizer.load_state_dict(states[1])
    with pytest.warns(UserWarning, match=r"holds no number of steps: load the loss's state_dict") as said:
        bare.steps(3)
    assert len(said) == 1
    whole = Training(momentum)
    whole.loss.follow(whole.optimizer, total_steps=9)
    for which in (0, 1) if loss_first else (1, 0):
        (whole.loss if which == 0 else whole.optimizer).load_state_dict(states[which])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert whole.steps(2) == [4 / 8, 5 / 8]


def test_a_state_that_is_read_before_anybody_is_followed_is_kept_for_an_optimiser_without_a_count():
    before = Training(momentum)
    before.loss.follow(before.optimizer, total_steps=9)
    before.steps(4)
    after = Training(momentum)
    after.loss.load_state_dict(before.loss.state_dict())
    after.loss.follow(after.optimizer, total_steps=9)
    assert after.steps(2) == [4 / 8, 5 / 8]


def resumed(save_loss, done=5):
    before = Training(total_steps=9)
    before.steps(done)
    after = Training(total_steps=9)
    after.optimizer.load_state_dict(copy.deepcopy(before.optimizer.state_dict()))
    if save_loss:
        after.loss.load_state_dict(before.loss.state_dict())
    return after


def test_a_resume_without_the_loss_s_state_is_noticed_and_said_once():
    after = resumed(save_loss=False)
    with pytest.warns(
        UserWarning, match="resumed without the loss's state, so its curriculum starts again"
    ) as said:
        after.steps(4)
    assert len(said) == 1
    assert "the optimiser has done 6 steps, this loss has counted 1" in str(said[0].message)


def test_a_few_steps_ahead_are_no_resume_and_what_was_noticed_is_looked_at_no_more():
    ahead = resumed(save_loss=False, done=3)  # a step before the first call, and two that a scaler skipped
    count_check._active.checks.clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ahead.steps(1)
    assert len(count_check._active.checks) == 1
    after = resumed(save_loss=False, done=4)
    count_check._active.checks.clear()
    with pytest.warns(UserWarning, match="has done 5 steps, this loss has counted 1"):
        after.steps(1)
    assert not count_check._active.checks


@pytest.mark.parametrize(("total_steps", "parts", "calls"), [(30, 1, 1), (30, 4, 4), (None, 4, 1)])
def test_counts_that_agree_are_not_spoken_of(total_steps, parts, calls):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        resumed(save_loss=True).steps(3)
        Training(total_steps=total_steps, calls_per_step=calls).steps(12, parts)


def test_another_number_of_calls_than_said_is_noticed():
    with pytest.warns(
        UserWarning, match="called 4 times a step of the optimiser, calls_per_step says 1"
    ) as said:
        Training(total_steps=30).steps(20, parts=4)
    assert len(said) == 1


def test_no_check_outlives_its_loss_or_looks_at_another_optimiser():
    count_check._active.checks.clear()
    gone = Training(total_steps=30)
    gone.backward()
    assert len(count_check._active.checks) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = Training()
        other.steps(10)
        assert len(count_check._active.checks) == 1
        del gone
        gc.collect()
        other.steps(1)
    assert not count_check._active.checks


@pytest.mark.parametrize("is_scheduler", [True, False])
def test_a_loss_that_follows_is_copied_and_saved(is_scheduler):
    training = Training()
    source = CosineAnnealingLR(training.optimizer, T_max=9) if is_scheduler else training.optimizer
    training.loss.follow(source, total_steps=9)
    training.steps(2, scheduler=source if is_scheduler else None)
    twin, read = copy.deepcopy(training.loss), pickle.loads(pickle.dumps(training.loss))
    assert twin.step == read.step == 2
    training.steps(1)
    assert twin.step == 3
    file = io.BytesIO()
    torch.save(training.loss.state_dict(), file)
    file.seek(0)
    fresh = SDELoss()
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert fresh.step == 3


def test_a_state_of_an_earlier_version_is_read():
    training = Training(total_steps=9)
    state = training.loss.state_dict()
    state["_extra_state"]["clock"] = {"calls": 4, "progress": None}
    training.loss.load_state_dict(state)
    assert training.loss.progress == 0.5


@pytest.mark.parametrize(
    ("source", "total", "words"),
    [
        (object(), 5, "follow must get an optimiser or a scheduler of torch; got a object"),
        (Training().optimizer, None, "total_steps must say how many steps AdamW will take"),
        (Training().optimizer, -1, "total_steps must be at least 1; got -1"),
    ],
)
def test_what_cannot_be_followed_is_refused(source, total, words):
    with pytest.raises(ConfigError, match=words):
        SDELoss().follow(source, total_steps=total)


def test_features_that_are_not_of_unit_length_are_told_of_once():
    loss = SDELoss()
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    with pytest.warns(UserWarning, match="image_features have a mean length of 1[0-9]") as said:
        [loss(9 * x, nn.functional.normalize(x, dim=1), SCALE) for _ in range(2)]
    assert len(said) == 1
