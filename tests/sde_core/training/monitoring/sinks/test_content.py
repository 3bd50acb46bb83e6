"""What every sink logs: finite numbers, and a waterfall whose colours say what grew."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.sinks import MLflowSink, TensorBoardSink, WandbSink
from sde_core.training.monitoring.sinks.content import MOST_COLUMNS, Waterfalls, scalars_of

LOOK = measured_look(3, *torch.randn(2, 64, 8, generator=torch.Generator().manual_seed(0)))


def test_numbers_are_finite_and_named_as_in_a_look():
    found = scalars_of(LOOK)
    assert found["sde/image/effective_rank"] == LOOK.image.effective_rank
    assert np.isfinite(list(found.values())).all()
    assert "sde/logit_scale" not in found  # the trainer gave none


def test_a_direction_that_grew_is_red_and_one_that_is_gone_violet():
    waterfalls = Waterfalls()
    values = np.array([4, 2, 1], np.float32)
    for now in (values, values * [8, 1, 1], values[:2]):
        look = replace(LOOK, image=replace(LOOK.image, values=now.astype(np.float32)), text=None)
        made = waterfalls.with_look(look)
    assert list(made) == ["sde/image/waterfall"]
    picture = made["sde/image/waterfall"]
    assert picture.dtype == np.uint8
    cells = picture[:: picture.shape[0] // 3, :: picture.shape[1] // 3][:3, :3].tolist()
    same, grew, gone = [240, 240, 240], [209, 73, 91], [106, 63, 160]
    assert [row[0] for row in cells] == [same] * 3
    assert [row[1] for row in cells] == [grew, same, same]
    assert [row[2] for row in cells] == [same, same, gone]


def test_a_long_training_keeps_its_first_look_and_a_bounded_picture():
    waterfalls = Waterfalls()
    widths = {waterfalls.with_look(LOOK)["sde/text/waterfall"].shape[1] for _ in range(3 * MOST_COLUMNS)}
    assert max(widths) < 2 * MOST_COLUMNS


@pytest.mark.parametrize(
    ("sink", "package"),
    [(TensorBoardSink, "tensorboard"), (WandbSink, "wandb"), (MLflowSink, "mlflow-skinny")],
)
def test_a_sink_whose_package_is_missing_says_what_to_install(sink, package, tmp_path, monkeypatch):
    for name in ("torch.utils.tensorboard", "wandb", "mlflow"):
        monkeypatch.setitem(__import__("sys").modules, name, None)  # as where it is not installed
    with pytest.raises(sde.ConfigError, match=f"needs the package {package}: pip install {package}"):
        sink(*([tmp_path] if sink is TensorBoardSink else []))
