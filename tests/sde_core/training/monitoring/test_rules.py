"""What grows slowly is measured against where it began; what a clamp holds is no alarm."""

import math
from dataclasses import replace

import pytest
import torch

from sde_core.training.monitoring.levels import REFERENCE
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.rules import COARSE_SCALE, MOST_NORM, MOST_SCALE
from sde_core.training.monitoring.verdicts import AlarmWalk, find_alarms, is_well

LOOK = measured_look(0, *torch.randn(2, 64, 8, generator=torch.Generator().manual_seed(0)))


def _scales(scales):
    return [replace(LOOK, step=step, logit_scale=scale) for step, scale in enumerate(scales, 1)]


def _grown(first, last, factor):
    n = math.ceil(math.log(last / first) / math.log(factor))
    return [first * factor**i for i in range(n)]


def test_a_scale_that_grows_slowly_is_named_where_rounding_passes_a_logit():
    looks = _scales(_grown(14.3, 500, 1.03))  # never twice its own median of 20 looks
    [alarm] = find_alarms(looks)
    crossed = next(look for look in looks if look.logit_scale > COARSE_SCALE)
    assert (alarm.kind, alarm.modality, alarm.step) == ("exploding", "", crossed.step)
    assert f"grew to {crossed.logit_scale:.0f}, from 19 up to step {REFERENCE}" in alarm.sentence
    assert not is_well(looks)


def test_neighbouring_cosines_of_bfloat16_are_a_logit_apart_there():
    """The derivation of the bound: the distance of neighbours below 1, times the scale."""
    below = torch.nextafter(torch.tensor(1.0, dtype=torch.bfloat16), torch.tensor(0.0, dtype=torch.bfloat16))
    assert COARSE_SCALE * float(1 - below) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_scale_that_grows_to_its_clamp_is_no_alarm(dtype):
    clamped = float(torch.tensor(math.log(MOST_SCALE), dtype=dtype).float().exp())
    scales = [min(clamped, scale) for scale in _grown(14.3, 200, 1.5)]  # within the looks of its reference
    assert find_alarms(_scales([14.3] * 10 + scales + [clamped] * 10)) == ()


@pytest.mark.parametrize("scale", [1.0, 100.0, 117.0, 333.0])
def test_a_scale_that_stays_is_no_alarm(scale):
    assert find_alarms(_scales([scale] * 25)) == ()


def test_a_learned_scale_without_a_clamp_that_ends_near_where_published_ones_do_is_no_alarm():
    assert find_alarms(_scales([*_grown(10, 117, 1.05), *[117.0] * 10])) == ()  # sigmoid losses begin at 10


def test_a_walk_that_goes_on_knows_the_scale_of_the_process_before():
    walk = AlarmWalk()
    for look in _scales(_grown(14.3, 250, 1.03)):
        walk.add(look)
    again = AlarmWalk(walk.levels)
    assert [str(each) for each in again.add(replace(LOOK, step=1000, logit_scale=257.0))] == [
        "step 1,000: the logit scale grew to 257, from 19 up to step 20: beyond 256 neighbouring "
        "cosines of bfloat16 differ by more than 1 in their logits"
    ]


def test_rows_that_grow_slowly_in_length_are_named():
    looks = [
        replace(LOOK, step=step, text=replace(LOOK.text, norm=norm))
        for step, norm in enumerate(_grown(10, 400, 1.03), 1)
    ]
    [alarm] = find_alarms(looks)
    crossed = next(look.step for look in looks if look.text.norm > MOST_NORM)
    assert (alarm.kind, alarm.modality, alarm.step) == ("exploding", "text", crossed)
