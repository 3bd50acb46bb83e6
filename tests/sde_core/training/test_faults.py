"""What goes wrong in a training costs nothing that was on disk, and says so in one sentence."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core import ConfigError, DataError, FinetuneConfig, LossConfig
from sde_core.training import CheckpointSaved, Failed, Step
from sde_core.training.checkpoint import read_checkpoint
from tests.forking import library
from tests.sde_core.training.hardship import KILLED, ON_A_SMALL_DISK

CONFIG = FinetuneConfig(steps=6, batch_size=32, learning_rate=2e-2, evaluate_every=2, device="cpu")


@pytest.fixture(scope="module")
def hardship(toy_set, tmp_path_factory):
    """What happened to the trainings of hardship.py, and what comes of an undisturbed one on a disk with room."""
    folder = tmp_path_factory.mktemp("hardship")
    toy = toy_set.save(folder / "set")
    *_, whole = sde.finetune(sde.EmbeddingSet.load(toy), ON_A_SMALL_DISK, output=folder / "whole")
    # The first checkpoint has no optimiser state yet, so it fits; the second is three times as large.
    limit = whole.checkpoint.stat().st_size * 2 // 3
    said = library().run(Path(__file__).with_name("hardship.py"), [toy, folder, str(limit)])
    assert said["code"] == 0, said["err"]
    return folder, whole, json.loads(said["out"])


def test_a_training_killed_again_and_again_ends_bitwise_as_if_it_had_not_been(hardship):
    folder, _, found = hardship
    assert found["kills"] >= 4
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        *_, whole = sde.finetune(sde.EmbeddingSet.load(folder / "set"), KILLED)
    finally:
        torch.set_num_threads(before)
    result = np.load(folder / "result.npz")
    assert np.array_equal(result["image"], whole.result.image)
    assert np.array_equal(result["text"], whole.result.text)
    assert sorted(p.name for p in (folder / "killed").iterdir()) == ["best.safetensors", "last.safetensors"]


def test_an_interrupt_finishes_the_step_and_writes_a_checkpoint(hardship):
    folder, _, found = hardship
    end = found["interrupted"]
    assert end["code"] == 130
    assert "stopping after this step" in end["said"]
    assert "sde finetune: interrupted; go on with --resume" in end["said"]
    assert read_checkpoint(folder / "interrupted/last.safetensors").step == end["last"] > 0


@pytest.mark.parametrize("when", ["stop", "continue"])
def test_a_full_disk_keeps_the_old_checkpoint_and_stops_or_goes_on_as_told(hardship, when):
    root, whole, found = hardship
    folder, events = root / "disk" / when, [e for e in found["disk"] if e["when"] == when]
    assert [e["step"] for e in events if e["event"] == "CheckpointSaved"] == [0]
    assert read_checkpoint(folder / "last.safetensors").step == 0
    assert not list(folder.glob(".*"))
    if when == "stop":
        last = events[-1]
        assert (last["event"], last["step"]) == ("Failed", 2)
        assert last["checkpoint"] == str(folder / "last.safetensors")
        assert "the checkpoint of step 2 could not be written to" in last["reason"]
        assert "File too large; make room and resume" in last["reason"]
    else:
        failed = [e for e in events if e["event"] == "CheckpointFailed"]
        assert [e["step"] for e in failed] == [2, 4, 6]
        assert "the training goes on without it" in failed[0]["reason"]
        assert (events[-1]["event"], events[-1]["checkpoint"]) == ("Done", None)
    # With room again, the old checkpoint leads to the same end.
    toy = sde.EmbeddingSet.load(root / "set")
    *_, rest = sde.finetune(toy, output=folder, resume=folder / "last.safetensors")
    np.testing.assert_allclose(rest.result.image, whole.result.image, atol=1e-6)


@pytest.mark.parametrize(
    ("every", "steps", "what"),
    [(2, 2, "the vectors became infinite or NaN"), (50, 2, "the loss became nan")],
)
def test_numbers_that_are_not_finite_stop_it_with_the_last_good_checkpoint(
    toy_set, tmp_path, every, steps, what
):
    for accumulate in (1, 2):
        loss = LossConfig(name="sde")
        config = replace(CONFIG, learning_rate=1e30, warmup=0.0, accumulate=accumulate, loss=loss)
        events = list(sde.finetune(toy_set, replace(config, evaluate_every=every), output=tmp_path))
        failed = events[-1]
        assert isinstance(failed, Failed)
        assert failed.step == steps
        assert failed.reason.startswith(f"{what} after {steps} steps, so the training stopped")
        assert failed.reason.endswith("lower learning_rate (now 1e+30) and start again")
        assert failed.checkpoint == tmp_path / "last.safetensors"
        found = read_checkpoint(failed.checkpoint)
        assert found.step == 0
        assert all(bool(np.isfinite(x.numpy()).all()) for x in found.model.values())


@pytest.fixture(scope="module")
def checkpoint(toy_set, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    list(sde.finetune(toy_set, replace(CONFIG, loss=LossConfig(name="sde")), output=folder))
    return folder / "last.safetensors"


@pytest.mark.parametrize(
    "damage", ["cut off", "one byte", "nothing in it", "another kind", "missing", "header"]
)
def test_a_damaged_checkpoint_is_refused_with_a_sentence(toy_set, checkpoint, tmp_path, damage):
    path = tmp_path / "last.safetensors"
    content = bytearray(checkpoint.read_bytes())
    words = "must be a file written by sde finetune"
    if damage == "cut off":
        content = content[: len(content) // 2]
    elif damage == "one byte":
        content[-10] ^= 1
        words = "is damaged: its content is not what was written; resume from best.safetensors beside it"
    elif damage == "header":
        content = content.replace(b"best_step", b"best_stap")
        words = "is damaged: its content is not what was written"
    elif damage == "nothing in it":
        content = bytearray()
    path.write_bytes(content)
    if damage == "another kind":
        sde.SpectralTransform.fit(sde.compute_spectrum(toy_set.image), [1.0] * 12).save(path)
    if damage == "missing":
        path.unlink()
    with pytest.raises(DataError, match=words):
        sde.finetune(toy_set, resume=path)


def test_resuming_with_other_settings_names_the_difference(toy_set, checkpoint):
    config = read_checkpoint(checkpoint).config
    for change, words in (
        ({"learning_rate": 0.1}, "learning_rate is 0.02 there and 0.1 here"),
        ({"data_seed": 3}, "data_seed is 0 there and 3 here"),
        (
            {"loss": replace(config.loss, sde=sde.SDELossConfig(subspace_rank=4))},
            "loss.sde.subspace_rank is 16",
        ),
        ({"loss": LossConfig(name="infonce")}, "loss.name is 'sde' there and 'infonce' here"),
    ):
        with pytest.raises(ConfigError, match=f"resume must have the settings of the checkpoint; {words}"):
            sde.finetune(toy_set, replace(config, **change), resume=checkpoint)
    with pytest.raises(DataError, match="resume must have the pairs of the checkpoint; these have another"):
        sde.finetune(toy_set.select(np.arange(190)), resume=checkpoint)
    narrow = replace(toy_set, image=toy_set.image[:, :8], text=toy_set.text[:, :8])
    with pytest.raises(
        ConfigError, match=r"resume must train what the checkpoint trains: .* width 12; got .* 8"
    ):
        sde.finetune(narrow, resume=checkpoint)
    # What changes no number may change.
    rest = list(
        sde.finetune(toy_set, replace(config, when_disk_full="continue", workers=5), resume=checkpoint)
    )
    assert not [e for e in rest if isinstance(e, Step)]


def test_what_a_killed_writer_left_is_cleared_away(toy_set, tmp_path):
    (tmp_path / ".last.safetensors.writing-abc").write_bytes(b"half")
    list(sde.finetune(toy_set, CONFIG, output=tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["best.safetensors", "last.safetensors"]


def test_a_folder_that_cannot_be_written_is_said_at_the_first_checkpoint(toy_set, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    events = list(sde.finetune(toy_set, CONFIG, output=tmp_path / "file"))
    assert isinstance(events[-1], Failed)
    assert "the checkpoint of step 0 could not be written" in events[-1].reason
    assert not [e for e in events if isinstance(e, CheckpointSaved)]
