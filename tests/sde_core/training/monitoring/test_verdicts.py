"""Alarms: named soon after what was planted in a real training, never in one that is well."""

import shutil
import statistics
from functools import partial

import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.levels import REFERENCE
from sde_core.training.monitoring.rules import COARSE_SCALE
from sde_core.training.monitoring.verdicts import verdict
from tests.sde_core.training.monitoring.trainings import EVERY, LOSSES, Heads, Towers, Training

LOOKS = 24
"""Of a healthy training; what is planted begins after them."""
EARLY = 8
"""Looks after which a tower freezes, while it still learns: later it moves too little from look to look."""
MODELS = {"heads": partial(Training, Heads, rate=2e-3), "towers": partial(Training, Towers, rate=1e-3)}


@pytest.fixture(autouse=True)
def one_thread():
    """Small matrices are quicker on one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """Healthy trainings by model and loss, each trained once and watched from the start, as they stood at two looks."""
    made = {}

    def training(model, loss, looks=LOOKS):
        if (model, loss, looks) not in made:
            folder = tmp_path_factory.mktemp(f"{model}-{loss}")
            whole = MODELS[model](LOSSES[loss]())
            for n in (EARLY, LOOKS):
                whole.go(folder, n * EVERY)
                kept = shutil.copytree(folder, folder.with_name(f"{folder.name}-{n}"))
                made[model, loss, n] = whole.copied(), kept
        return made[model, loss, looks]

    return training


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_a_healthy_training_gives_no_alarm(model, name, begun):
    looks = sde.read_looks(begun(model, name)[1])
    assert len(looks) == LOOKS
    assert sde.find_alarms(looks) == ()
    assert verdict(looks) == "healthy"
    assert looks[-1].recall_image > 4 * looks[0].recall_image  # it is a training that learns


def _fading(since):
    """Return what is left of what fades by a tenth a step, faster than the training can make up for."""
    return 0.9 ** min(60, since)


def _turned(rows, sizes):
    """Return rows whose directions, of a basis drawn once, have other sizes."""
    q = torch.linalg.qr(torch.randn(len(sizes), len(sizes), generator=torch.Generator().manual_seed(0))).Q
    return rows @ (q * sizes) @ q.T


def rank_drop(since, image, text, training):
    """Lose all but two directions of the images."""
    sizes = torch.full((image.shape[1],), _fading(since))
    sizes[:2] = 1
    return _turned(image, sizes), text


def slow_rank_drop(since, image, text, training):
    """Lose the images' directions one after the other, each to a hundredth, over 60 looks."""
    width = image.shape[1]
    kept = max(width // 6, width - round(width * since / (60 * EVERY)))
    return _turned(image, torch.where(torch.arange(width) < kept, 1.0, 0.01)), text


def one_direction(since, image, text, training):
    """Stretch the texts along one direction."""
    stretched = torch.ones(text.shape[1])
    stretched[0] = 1 / _fading(since)
    return image, text * stretched


def dead_directions(since, image, text, training):
    """Have most coordinates of the images hold the same, as after a ReLU that died."""
    width = image.shape[1]
    return torch.where(torch.arange(width) < width // 3, image, torch.zeros(())), text


def frozen(since, image, text, training):
    """Have the text tower learn no more."""
    training.model.text.requires_grad_(False)
    return image, text.detach()


def scale(since, image, text, training):
    """Let the temperature run away; the training's clamp is undone."""
    training.scale.data = torch.tensor(2.7 + 0.05 * since)
    return image, text


def slow_scale(since, image, text, training):
    """Let the temperature fall slowly, where nothing clamps it: twice as much in 14 looks."""
    training.scale.data = torch.tensor(4.0 + 0.01 * since)
    return image, text


def copied(since, image, text, training):
    """Have a loader that repeats rows."""
    quarter = len(image) // 4
    return tuple(torch.cat([rows[:quarter]] * 4) for rows in (image, text))


def not_a_number(since, image, text, training):
    """Spoil one row."""
    text = text.clone()
    text[3, 5] = torch.nan
    return image, text


def split(since, image, text, training):
    """Push the modalities apart."""
    away = torch.zeros(image.shape[1])
    away[7] = 0.3 * since**0.5 * image.detach().norm(dim=1).mean()
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
@pytest.mark.parametrize("model", MODELS)
def test_what_is_planted_is_named_within_twenty_looks(model, kind, begun, tmp_path):
    training, before = begun(model, "clip", EARLY if kind == "frozen" else LOOKS)
    folder = shutil.copytree(before, tmp_path / "run")
    start = training.step
    heard = training.copied().go(
        folder, start + 20 * EVERY, plant=PLANTED[kind], enough=lambda alarm: alarm.kind == kind
    )
    assert kind in {alarm.kind for alarm in heard}, [str(alarm) for alarm in heard]
    assert min(alarm.step for alarm in heard) > start
    looks = sde.read_looks(folder)
    assert kind in verdict(looks)
    # What was heard as the looks were taken, and what they wrote down, is what the whole file says.
    assert {str(alarm) for alarm in heard} == {str(alarm) for alarm in sde.find_alarms(looks)}
    assert {sentence for look in looks for sentence in look.alarms} == {str(alarm) for alarm in heard}


@pytest.mark.parametrize("model", MODELS)
def test_a_rank_that_falls_slowly_is_named_soon_after_half_of_it_is_gone(model, begun, tmp_path):
    training, before = begun(model, "clip")
    folder = shutil.copytree(before, tmp_path / "run")
    heard = training.copied().go(
        folder,
        training.step + 80 * EVERY,
        plant=slow_rank_drop,
        enough=lambda alarm: alarm.kind == "collapsing",
    )
    alarm = heard[-1]
    assert (alarm.kind, alarm.modality) == ("collapsing", "image")
    looks = sde.read_looks(folder)
    ranks = [look.image.effective_rank for look in looks]
    medians = [statistics.median(ranks[i : i + REFERENCE]) for i in range(len(ranks) - REFERENCE)]
    highest = max(medians)
    assert min(now / median for now, median in zip(ranks[REFERENCE:], medians, strict=True)) > 0.5  # slow
    crossed = next(look.step for look in looks if look.image.effective_rank < highest / 2)
    assert training.step + 10 * EVERY < crossed <= alarm.step <= crossed + 20 * EVERY
    assert looks[-1].step <= crossed + 20 * EVERY  # when it was said
    assert f"less than half of the {highest:.1f}" in alarm.sentence


def test_a_scale_that_grows_slowly_is_named_when_it_passes_the_bound(begun, tmp_path):
    training, before = begun("heads", "clip")
    folder = shutil.copytree(before, tmp_path / "run")
    [alarm] = training.copied().go(
        folder, training.step + 80 * EVERY, plant=slow_scale, enough=lambda alarm: alarm.kind == "exploding"
    )
    looks = sde.read_looks(folder)
    assert alarm.step == looks[-1].step
    assert looks[-2].logit_scale <= COARSE_SCALE < looks[-1].logit_scale
    assert "grew to" in alarm.sentence


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
