"""A monitor that hears a loss or a model, without a line in the loop."""

import numpy as np
import pytest
import torch
from open_clip.loss import ClipLoss, SigLipLoss
from torch import nn

import sde_core as sde
from sde_core.training.monitoring.changes import direction_changes
from sde_core.training.monitoring.measurement import measured_look


def _features(step):
    generator = torch.Generator().manual_seed(step)
    rows = (torch.randn(16, 6, generator=generator) for _ in range(2))
    return [nn.functional.normalize(each, dim=1) for each in rows]


@pytest.mark.parametrize(
    "loss", [ClipLoss(), sde.SDELoss(), SigLipLoss()], ids=lambda loss: type(loss).__name__
)
@pytest.mark.parametrize("by_name", [True, False])
def test_a_loss_is_heard_under_gradients_only(loss, by_name, tmp_path):
    bias = {"logit_bias": torch.tensor(-10.0)} if isinstance(loss, SigLipLoss) else {}
    scale = torch.tensor(14.0)
    with sde.SpectralMonitor(tmp_path, every=2, rows=16) as monitor, monitor.attach(loss):
        for call in range(1, 5):
            image, text = _features(call)
            if by_name:  # as open_clip's loop does
                loss(image_features=image, text_features=text, logit_scale=scale, **bias)
            else:
                loss(image, text, scale, **bias)
            with torch.no_grad():  # an evaluation
                loss(*_features(100 + call), scale, **bias)
            monitor.wait()
        loss(*_features(5), scale, **bias)
    looks = sde.read_looks(tmp_path)
    assert [look.step for look in looks] == [2, 4]
    assert looks[1].logit_scale == 14.0
    np.testing.assert_allclose(looks[1].image.values, measured_look(4, *_features(4)).image.values, rtol=1e-5)


def test_calls_make_steps_and_a_removed_hook_is_silent(tmp_path):
    loss = ClipLoss()
    with sde.SpectralMonitor(tmp_path, every=1, rows=16) as monitor:
        handle = monitor.attach(loss, calls_per_step=3)
        for call in range(7):
            loss(*_features(call), torch.tensor(1.0))
            monitor.wait()
        handle.remove()
        loss(*_features(9), torch.tensor(1.0))
    assert [look.step for look in sde.read_looks(tmp_path)] == [1, 2, 3]


def test_a_model_is_heard_by_the_names_of_what_it_returns(tmp_path):
    class Model(nn.Module):
        def forward(self, pixels, ids):
            image, text = _features(0)
            return {"image_features": image, "text_features": text, "logit_scale": torch.tensor(3.0)}

    model = Model()
    with sde.SpectralMonitor(tmp_path, every=1, rows=16) as monitor, monitor.attach(model):
        model(torch.zeros(16, 3, 8, 8), torch.zeros(16, 5, dtype=torch.int64))
    (look,) = sde.read_looks(tmp_path)
    assert (look.n_rows, look.logit_scale) == (16, 3.0)


def test_a_module_without_features_is_said_once(tmp_path):
    module = nn.Linear(3, 3)
    with sde.SpectralMonitor(tmp_path, every=1) as monitor, monitor.attach(module):
        with pytest.warns(
            UserWarning, match="Linear neither takes nor returns image and text features"
        ) as said:
            [module(torch.zeros(2, 3)) for _ in range(2)]
        assert len(said) == 1


def _side(directions):
    look = measured_look(
        1, *(torch.randn(64, 8, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    )
    from dataclasses import replace

    return replace(look.image, directions=directions.astype(np.float32))


def test_directions_are_born_turned_and_faded_by_what_lies_where():
    axes = np.eye(8)
    before = _side(axes[:, :4])
    turn = axes[:, :4].copy()
    turn[:, [0, 1]] = (axes[:, [0]] + axes[:, [1]] * [1, -1]) / np.sqrt(2) * [1, 1]
    turn[:, 2:4] = axes[:, [3, 6]]
    changes = direction_changes(before, _side(turn))
    # 1 and 2 are mixed of the old 1 and 2, 3 is the old 4, 4 is new; the old 3 is gone.
    assert (changes.born, changes.turned, changes.faded) == ((3,), (0, 1), (2,))
    assert str(changes) == "born 4; turned 1, 2; faded 3"
    assert str(direction_changes(before, before)) == "the same directions"
    assert direction_changes(before, _side(np.eye(6)[:, :2])).born == (0, 1)
