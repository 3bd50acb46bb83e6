"""The highest that a run's medians have been: not taken along, not moved by single looks, of like numbers of rows."""

import math
from dataclasses import replace

import torch

from sde_core.training.monitoring.levels import FEWEST, REFERENCE, Levels
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.verdicts import AlarmWalk, verdict
from sde_core.vocabulary import Modality

LOOK = measured_look(0, *torch.randn(2, 64, 8, generator=torch.Generator().manual_seed(0)))
IMAGE = "effective_rank", Modality.IMAGE


def _look(step, rank, *, n_rows=64, recall=1.0):
    image = replace(LOOK.image, effective_rank=rank)
    return replace(LOOK, step=step, n_rows=n_rows, image=image, recall_image=recall, recall_text=recall)


def _levels(ranks, first=1):
    levels = Levels()
    for step, rank in enumerate(ranks, first):
        levels.add(_look(step, rank))
    return levels


def test_the_highest_stays_while_the_last_looks_fall():
    ranks = [*[70.0] * REFERENCE, *[70.0 - i for i in range(60)]]
    found = _levels(ranks).highest(*IMAGE, LOOK)
    assert (found.value, found.step) == (70.0, REFERENCE)


def test_a_few_looks_and_those_that_stand_out_are_no_level():
    assert math.isnan(_levels([5.0] * (FEWEST - 1)).highest(*IMAGE, LOOK).value)
    assert _levels([5.0] * FEWEST).highest(*IMAGE, LOOK).value == 5.0
    ranks = [500.0, 400.0, *[5.0] * 40]
    assert _levels(ranks).highest(*IMAGE, LOOK).value == 5.0
    ranks[25] = 900.0
    assert _levels(ranks).highest(*IMAGE, LOOK).value == 5.0


def test_looks_at_far_fewer_rows_are_of_another_kind():
    levels = _levels([60.0] * 30)
    assert levels.highest(*IMAGE, replace(LOOK, n_rows=70)).value == 60.0
    assert math.isnan(levels.highest(*IMAGE, replace(LOOK, n_rows=16)).value)


def test_a_trainer_that_went_back_has_the_levels_of_then():
    levels = _levels([*[10.0] * 25, *[40.0] * 25])
    assert levels.highest(*IMAGE, LOOK).value == 40.0
    then = levels.before(25)
    assert then.highest(*IMAGE, LOOK).value == 10.0
    assert levels.highest(*IMAGE, LOOK).value == 40.0


def test_a_walk_that_goes_on_from_levels_names_a_loss_from_long_ago():
    walk = AlarmWalk(_levels([70.0] * 30))
    said = [alarm for step in range(1000, 1003) for alarm in walk.add(_look(step, 20.0))]
    assert [(alarm.step, alarm.kind, alarm.modality) for alarm in said] == [(1000, "collapsing", "image")]
    assert "less than half of the 70.0 up to step 20" in said[0].sentence


def test_what_finds_no_pairs_yet_is_no_reference():
    ranks = [*[15.0] * 30, *[6.0] * 10]
    blind = [_look(step, rank, recall=2 / 64) for step, rank in enumerate(ranks)]
    assert verdict(blind) == "finds no pairs yet"
    seeing = [_look(step, rank) for step, rank in enumerate(ranks)]
    assert verdict(seeing) == "collapsing"
    unknown = [replace(look, recall_image=math.nan) for look in blind]
    assert verdict(unknown) == "collapsing"
