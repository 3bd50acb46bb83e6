"""Alarms: named soon after what was planted in a real training, never in one that is well."""

import pytest
import torch
from open_clip.loss import ClipLoss

import sde_core as sde
from sde_core.training.monitoring.verdicts import verdict
from tests.sde_core.training.monitoring.trainings import EVERY, LOSSES, train

START = 151
"""Step at which what is planted begins; there are 15 looks before."""


@pytest.fixture(autouse=True)
def one_thread():
    """Small matrices are quicker on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("name", "seed"), [(name, number % 2) for number, name in enumerate(LOSSES)])
def test_a_healthy_training_gives_no_alarm(name, seed, tmp_path):
    with sde.SpectralMonitor(tmp_path, every=EVERY, rows=512) as monitor:
        train(monitor, LOSSES[name](), steps=200, seed=seed)
    looks = sde.read_looks(tmp_path)
    assert len(looks) == 20
    assert sde.find_alarms(looks) == ()
    assert verdict(looks) == "healthy"
    assert looks[-1].recall_image > 2 * looks[0].recall_image  # it is a training that learns


def _fading(step):
    """Return what is left of what fades by a tenth a step, faster than the training can make up for."""
    return 0.9 ** min(60, max(0, step - START))


def rank_drop(step, image, text, heads):
    """Lose all but two directions of the images."""
    q = torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(0))).Q
    sizes = torch.full((64,), _fading(step))
    sizes[:2] = 1
    return image @ (q * sizes) @ q.T, text


def one_direction(step, image, text, heads):
    """Stretch the texts along one direction."""
    stretched = torch.ones(64)
    stretched[0] = 1 / _fading(step)
    return image, text * stretched


def dead_directions(step, image, text, heads):
    """Have most coordinates of the images hold the same, as after a ReLU that died."""
    alive = torch.arange(64) < (64 if step < START else 20)
    return torch.where(alive, image, torch.zeros(())), text


def frozen(step, image, text, heads):
    """Have the text tower learn no more."""
    if step >= START:
        heads.text.requires_grad_(False)
    return image, text


def scale(step, image, text, heads):
    """Let the temperature run away; the training's clamp is undone."""
    if step >= START:
        heads.log_scale.data = torch.tensor(2.7 + 0.05 * (step - START))
    return image, text


def copied(step, image, text, heads):
    """Have a loader that repeats rows."""
    if step >= START:
        half = len(image) // 4
        image, text = (torch.cat([rows[:half]] * 4) for rows in (image, text))
    return image, text


def not_a_number(step, image, text, heads):
    """Spoil one row."""
    if step >= START:
        text = text.clone()
        text[3, 5] = torch.nan
    return image, text


def split(step, image, text, heads):
    """Push the modalities apart."""
    away = torch.zeros(64)
    away[7] = 0.3 * max(0, step - START) ** 0.5
    return image + away, text - away


PLANTED = {
    "collapsing": rank_drop,
    "one direction": one_direction,
    "dead directions": dead_directions,
    "frozen": frozen,
    "exploding": scale,
    "copies": copied,
    "not a number": not_a_number,
    "modality split": split,
}


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_is_named_within_twenty_looks(kind, tmp_path):
    with sde.SpectralMonitor(tmp_path, every=EVERY, rows=512) as monitor:
        train(monitor, ClipLoss(), steps=START + 20 * EVERY, plant=PLANTED[kind])
    looks = sde.read_looks(tmp_path)
    alarms = sde.find_alarms(looks)
    assert kind in {alarm.kind for alarm in alarms}, [str(alarm) for alarm in alarms]
    assert min(alarm.step for alarm in alarms) >= START
    assert kind in verdict(looks)
    # What a look wrote down as it was taken is what the whole file says.
    assert {sentence for look in looks for sentence in look.alarms} == {str(alarm) for alarm in alarms}


def test_rows_that_grow_beyond_half_precision_are_named(tmp_path):
    """The monitor is given rows before they are scaled, as some trainers pass them."""
    with sde.SpectralMonitor(tmp_path, every=1, rows=32) as monitor:
        for step in range(1, 30):
            rows = torch.randn(32, 8, generator=torch.Generator().manual_seed(step))
            grown = rows * (1.0 if step < 15 else 2.0 ** (step - 14))
            monitor(step, image=grown, text=rows)
            monitor.wait()
    (alarm,) = sde.find_alarms(sde.read_looks(tmp_path))
    assert (alarm.kind, alarm.modality) == ("exploding", "image")
    assert 15 <= alarm.step <= 25


def test_a_state_is_told_once_and_again_after_it_ended(tmp_path):
    with sde.SpectralMonitor(tmp_path, every=1, rows=64) as monitor:
        for step in range(1, 31):
            rows = torch.randn(64, 8, generator=torch.Generator().manual_seed(step))
            if step in (10, 11, 20):
                rows[0, 0] = torch.inf
            monitor(step, image=rows, text=rows.nan_to_num(posinf=0))
            monitor.wait()
    assert [alarm.step for alarm in sde.find_alarms(sde.read_looks(tmp_path))] == [10, 20]
