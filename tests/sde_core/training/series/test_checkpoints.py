"""Which checkpoints a training left, in its order."""

import pytest

import sde_core as sde
from sde_core.training.series import find_checkpoints


def _touch(folder, *names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def test_an_open_clip_run_is_read_by_its_epochs_and_the_copy_left_out(tmp_path):
    _touch(
        tmp_path / "checkpoints", "epoch_10.pt", "epoch_2.pt", "epoch_1.pt", "epoch_latest.pt", "notes.txt"
    )
    for place in (tmp_path, tmp_path / "checkpoints", tmp_path / "checkpoints" / "epoch_*.pt"):
        assert [each.step for each in find_checkpoints(place)] == [1, 2, 10]
    assert [each.name for each in find_checkpoints(tmp_path)] == ["epoch_1", "epoch_2", "epoch_10"]


def test_folders_of_another_trainer_are_checkpoints_too(tmp_path):
    for step in (1000, 500):
        (tmp_path / f"checkpoint-{step}").mkdir()
    found = [(each.step, each.name) for each in find_checkpoints(tmp_path)]
    assert found == [(500, "checkpoint-500"), (1000, "checkpoint-1000")]


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ((), "at least two checkpoints with a number in their names; 0 are there"),
        (("epoch_1.pt",), "1 are there"),
        (("epoch_1.pt", "model_1.pt"), "must have different numbers"),
    ],
)
def test_what_is_no_series_is_a_sentence(names, sentence, tmp_path):
    _touch(tmp_path / "run", *names)
    with pytest.raises(sde.DataError, match=sentence):
        find_checkpoints(tmp_path / "run")
