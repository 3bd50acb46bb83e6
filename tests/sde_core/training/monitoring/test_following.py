"""Runs are read on while they are written; runs and their files come, go and are replaced."""

import shutil

import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.following import RunsFollower
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.writer import LooksWriter


def _look(step):
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(step))
    return measured_look(step, rows, rows.flip(1))


def _steps(follower):
    return {run.name: [look.step for look in run.looks] for run in follower.runs()}


def test_runs_are_followed_through_restarts_of_either_side(tmp_path):
    writer, follower = LooksWriter(tmp_path / "a"), RunsFollower(tmp_path)
    writer.add(_look(10))
    [first] = follower.runs()
    assert (first.name, first.is_live, first.verdict) == ("a", True, "too early to say")
    assert follower.runs()[0] is first  # nothing new: nothing is computed again
    writer.add(_look(20))
    writer.close()
    assert _steps(follower) == {"a": [10, 20]}
    assert not follower.runs()[0].is_live
    # The trainer starts again, before its last look; another run begins beside it.
    again, other = LooksWriter(tmp_path / "a"), LooksWriter(tmp_path / "b")
    again.add(_look(15))
    again.add(_look(20))
    other.add(_look(1))
    assert _steps(follower) == _steps(RunsFollower(tmp_path)) == {"a": [10, 15, 20], "b": [1]}
    other.close()
    shutil.rmtree(tmp_path / "b")
    assert _steps(follower) == {"a": [10, 15, 20]}


def test_a_run_whose_files_were_replaced_is_read_afresh(tmp_path):
    follower = RunsFollower(tmp_path)
    for steps in ((10, 20, 30), (1, 2)):
        shutil.rmtree(tmp_path, ignore_errors=True)
        writer = LooksWriter(tmp_path)
        for step in steps:
            writer.add(_look(step))
        writer.close()
        assert list(_steps(follower).values()) == [list(steps)]


def test_a_place_without_runs_is_a_sentence(tmp_path):
    with pytest.raises(sde.DataError, match="must hold a run that SpectralMonitor writes"):
        RunsFollower(tmp_path / "gone").runs()
