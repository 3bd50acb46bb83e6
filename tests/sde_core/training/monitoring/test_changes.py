"""Directions that are born, turn and fade, in subspaces whose angles are known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from sde_core.training.monitoring.changes import direction_changes, direction_events, shares_inside
from sde_core.training.monitoring.measurement import measured_look

LOOK = measured_look(1, *torch.randn(2, 64, 24, generator=torch.Generator().manual_seed(0)))
EYE = np.eye(24, dtype=np.float32)


def _side(columns):
    return replace(LOOK.image, directions=np.asarray(columns, np.float32).T)


def test_born_turned_and_faded_by_their_angles():
    before = _side([EYE[0], EYE[1], EYE[2]])
    turned = (EYE[0] + EYE[1]) / np.sqrt(2)
    after = _side([turned, (EYE[0] - EYE[1]) / np.sqrt(2), EYE[9]])
    found = direction_changes(before, after)
    assert (found.born, found.turned, found.faded) == ((2,), (0, 1), (2,))
    assert str(found) == "born 3; turned 1, 2; faded 3"
    np.testing.assert_allclose(shares_inside(before, after), [1, 1, 0], atol=1e-6)


@pytest.mark.parametrize("degrees", [0, 30, 45, 60, 90])
def test_the_share_inside_is_the_squared_cosine(degrees):
    angle = np.radians(degrees)
    after = _side([np.cos(angle) * EYE[0] + np.sin(angle) * EYE[5]])
    np.testing.assert_allclose(shares_inside(_side([EYE[0]]), after), [np.cos(angle) ** 2], atol=1e-6)
    assert np.isnan(shares_inside(replace(LOOK.image, directions=EYE[:8, :1]), after)).all()


def test_events_name_step_and_modality_and_pass_over_what_stays():
    born = replace(LOOK, step=3, image=_side([EYE[1]]))
    looks = [replace(LOOK, image=_side([EYE[0]])), replace(LOOK, step=2, image=_side([-EYE[0]])), born]
    assert [str(event) for event in direction_events(looks)] == ["step 3, image: born 1; faded 1"]
    assert direction_events([LOOK, replace(born, image=None)]) == ()
