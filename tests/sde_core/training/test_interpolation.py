"""Weights between the start and the end of a training."""

from dataclasses import replace

import numpy as np
import open_clip
import pytest
import torch

import sde_core as sde
from sde_core import ConfigError, FinetuneConfig
from sde_core.training import Metrics

CONFIG = FinetuneConfig(steps=8, batch_size=16, learning_rate=1e-2, evaluate_every=4, device="cpu")


def test_the_ends_of_a_sweep_are_start_and_end(toy_set, tmp_path):
    config = replace(CONFIG, batch_size=32, learning_rate=5e-2)
    events = list(sde.finetune(toy_set, config, output=tmp_path))
    looks = [e.score for e in events if isinstance(e, Metrics)]
    test = toy_set.select(toy_set.metadata["split"] == "test")
    sweep = list(
        sde.interpolation_sweep(
            events[-1].checkpoint, toy_set, alphas=(0.0, 0.5, 1.0), others={"test": test, "all": toy_set}
        )
    )
    assert [step.alpha for step in sweep] == [0.0, 0.5, 1.0]
    assert sweep[0].score == pytest.approx(looks[0])
    assert sweep[2].score == pytest.approx(looks[-1])
    assert dict(sweep[0].others["test"]) == pytest.approx(
        sde.retrieval_metrics(test.image, test.text, test.links)
    )
    end = events[-1].result
    assert dict(sweep[2].others["all"]) == pytest.approx(
        sde.retrieval_metrics(end.image, end.text, end.links)
    )


def test_an_interpolated_adapter_is_the_map_in_between(toy_set, tmp_path):
    events = list(sde.finetune(toy_set, replace(CONFIG, batch_size=32), output=tmp_path))
    change = (
        sde.training.checkpoint.read_checkpoint(events[-1].checkpoint).model["image_change"].double().numpy()
    )
    done = sde.interpolate(events[-1].checkpoint, toy_set, 0.25, output=tmp_path / "mix")
    expected = toy_set.image @ (np.eye(12) + 0.25 * change).T
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(done.result.image, expected, atol=1e-6)
    assert done.result.name == "toy after infonce 0.25 of the way"
    again = sde.interpolate(done.checkpoint, toy_set, 1.0)
    np.testing.assert_allclose(again.result.image, done.result.image, atol=1e-6)
    with pytest.raises(ConfigError, match=r"alpha must lie in \[0, 1\]; got 1.5"):
        sde.interpolate(events[-1].checkpoint, toy_set, 1.5)


@pytest.mark.parametrize("rank", [0, 2])
def test_an_interpolated_encoder_is_open_clips_weights_in_between(tiny_encoder, shape_shard, tmp_path, rank):
    config = replace(CONFIG, train="full", steps=3, lora_rank=rank)
    pairs = sde.open_pairs(shape_shard)
    *_, done = sde.finetune(pairs, config, encoder=tiny_encoder, output=tmp_path)
    mix = sde.interpolate(done.checkpoint, pairs, 0.3, encoder=tiny_encoder, output=tmp_path / "mix")
    end = open_clip.create_model(f"local-dir:{done.encoder_folder}").state_dict()
    found = open_clip.create_model(f"local-dir:{mix.encoder_folder}").state_dict()
    for name, start in tiny_encoder.model.state_dict().items():
        # A low-rank change times 0.3 is added with the rounding of one more product.
        torch.testing.assert_close(found[name], torch.lerp(start, end[name], 0.3), rtol=1e-5, atol=1e-7)
