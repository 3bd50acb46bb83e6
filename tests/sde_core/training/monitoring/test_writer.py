"""Looks are written whole or not at all: after a kill, on a full disk, beside a second writer."""

import random
import resource
from contextlib import contextmanager

import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.record import LooksReader, read_looks
from sde_core.training.monitoring.writer import LooksWriter
from tests.forking import library
from tests.sde_core.training.monitoring.looks import a_look


def test_two_writers_have_a_part_each(tmp_path):
    first, second = LooksWriter(tmp_path), LooksWriter(tmp_path)
    assert (first.n_others, second.n_others) == (0, 1)
    first.add(a_look(1))
    second.add(a_look(2))
    first.add(a_look(3))
    assert [look.step for look in read_looks(tmp_path)] == [1, 2, 3]
    reader = LooksReader(tmp_path)
    assert reader.n_writers() == 2
    first.close()
    assert reader.n_writers() == 1
    second.close()
    assert reader.n_writers() == 0


@contextmanager
def _no_file_longer_than(n_bytes):
    """Have the system refuse what goes on beyond, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("room", ["for nothing", "for half a look"])
def test_a_full_disk_is_said_once_and_the_training_goes_on(room, tmp_path):
    rows = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    with sde.SpectralMonitor(tmp_path, every=1, rows=8, in_background=False) as monitor:
        monitor(1, image=rows, text=rows)
        [part] = tmp_path.iterdir()
        with (
            pytest.warns(UserWarning, match="could not be kept.*the training goes on") as said,
            _no_file_longer_than(10 if room == "for nothing" else part.stat().st_size - 100),
        ):
            [monitor(step, image=rows, text=rows) for step in (2, 3, 4)]
        assert len(said) == 1
        assert [look.step for look in read_looks(tmp_path)] == [1]
        monitor(5, image=rows, text=rows)
    assert [look.step for look in read_looks(tmp_path)] == [1, 5]
    assert len(list(tmp_path.iterdir())) == 2  # what could not be written left nothing behind


_KILLED = """
import os, signal, sys, torch
from pathlib import Path
import sde_core as sde
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.writer import LooksWriter
torch.set_num_threads(1)

def train(folder, said):
    monitor, step = sde.SpectralMonitor(folder, every=1, rows=40, in_background=False), 0
    while True:
        step += 1
        rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(step))
        monitor(step, image=rows, text=rows)
        os.write(said, f"{step} ".encode())

rows = torch.randn(40, 6)
warm = LooksWriter(Path(sys.argv[1]) / "warm")  # what is imported late is there before the first fork
warm.add(measured_look(1, rows, rows))
for number, moment in enumerate(sys.argv[2:]):
    looks, turns = map(int, moment.split("+"))
    heard, said = os.pipe()
    child = os.fork()
    if not child:
        train(Path(sys.argv[1]) / str(number), said)
    os.close(said)
    words = b""
    while words.count(b" ") < looks:
        words += os.read(heard, 1000)
    for _ in range(turns):
        os.sched_yield()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(heard, 1000):
        words += more
    os.close(heard)
    print(words.split()[-1].decode(), flush=True)
"""


def test_trainings_killed_at_ten_moments_lose_nothing_before_the_last_look(tmp_path):
    """Each is killed at some point of its way to the next look: while that one is measured, or written."""
    draw = random.Random(0)
    moments = [f"{draw.randint(1, 9)}+{draw.randint(0, 400)}" for _ in range(10)]
    (tmp_path / "killed.py").write_text(_KILLED)
    ended = library().run(tmp_path / "killed.py", [tmp_path, *moments])
    said = ended["out"].split()
    assert len(said) == 10, ended["err"]
    for number, last in enumerate(map(int, said)):
        looks = LooksReader(tmp_path / str(number)).new_looks()
        assert [look.step for look in looks] == list(range(1, len(looks) + 1))
        assert len(looks) >= last  # of what the training had heard to be done
        # The next process goes on beside it.
        writer = LooksWriter(tmp_path / str(number))
        writer.add(a_look(1000))
        writer.close()
        assert [look.step for look in read_looks(tmp_path / str(number))] == [*range(1, len(looks) + 1), 1000]
    assert max(map(int, said)) > 3


def test_a_place_that_cannot_be_written_is_refused_before_the_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(sde.DataError, match="must be a folder that can be written"):
        sde.SpectralMonitor(tmp_path / "file")
    with pytest.raises(sde.DataError, match="must be a folder that can be written"):
        sde.SpectralMonitor(tmp_path / "file" / "run")
