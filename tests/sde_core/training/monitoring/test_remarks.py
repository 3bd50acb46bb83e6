"""Oddities of a look are sentences; what a healthy training has gives none."""

import math
from dataclasses import replace

import pytest
import torch

from sde_core.training.monitoring.remarks import remarks_on, scale_remark
from tests.sde_core.training.monitoring.looks import a_look


def test_nothing_is_odd_about_two_looks_of_a_training():
    assert remarks_on(a_look(1), None) == ()
    assert remarks_on(a_look(2), a_look(1)) == ()
    assert remarks_on(replace(a_look(2), image=None), a_look(1)) == ()


def test_a_clock_that_was_set_back_is_said():
    before = replace(a_look(1), time=1e9 + 3600)
    assert remarks_on(replace(a_look(2), time=1e9), before) == ("the clock went back by 3,600 s",)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("scale", [10.0, 1 / 0.07, 100.0])
def test_every_logarithm_under_the_clamp_is_told_and_no_scale_of_a_published_loss(scale, dtype):
    log = torch.tensor(math.log(scale), dtype=dtype)
    assert "hand logit_scale.exp()" in scale_remark(float(log))
    assert scale_remark(float(log.float().exp())) is None


@pytest.mark.parametrize("scale", [math.nan, math.inf])
def test_a_scale_that_is_unknown_or_infinite_is_no_logarithm(scale):
    assert scale_remark(scale) is None
    assert "1 / temperature" in scale_remark(0.07)
