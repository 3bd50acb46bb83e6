"""Looks on disk: whole after a kill, a full disk and a second writer, readable while they are written."""

import os
import random
import signal
import subprocess
import sys
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.training.monitoring.look import Look, ModalityLook
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.record import LooksReader, LooksWriter, read_looks, runs_below


def _look(step):
    rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(step))
    return measured_look(
        step, rows, rows.flip(1), logit_scale=10.0, scalars={"loss": step / 7}, remarks=("odd",)
    )


def _same(first, second):
    for f in fields(Look):
        a, b = getattr(first, f.name), getattr(second, f.name)
        if isinstance(a, ModalityLook):
            for g in fields(ModalityLook):
                # Directions are kept in half precision.
                np.testing.assert_allclose(getattr(a, g.name), getattr(b, g.name), atol=5e-4, err_msg=g.name)
        elif isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b)
        else:
            assert a == b or (a != a and b != b), f.name


def test_a_look_comes_back(tmp_path):
    writer = LooksWriter(tmp_path)
    looks = [_look(1), replace(_look(2), image=None, text=None, alarms=("step 2: so",))]
    for look in looks:
        writer.add(look)
    for kept, look in zip(read_looks(tmp_path), looks, strict=True):  # before the end is written
        _same(kept, look)
    writer.close()
    for kept, look in zip(read_looks(writer.path), looks, strict=True):
        _same(kept, look)


def test_other_arrow_readers_read_it(tmp_path):
    import pyarrow as pa

    writer = LooksWriter(tmp_path)
    writer.add(_look(3))
    writer.close()
    with pa.ipc.open_stream(writer.path) as stream:
        table = stream.read_all()
    assert table["step"].to_pylist() == [3]
    assert table["image"][0]["effective_rank"].as_py() == pytest.approx(_look(3).image.effective_rank)


def test_a_reader_goes_on_where_it_was_and_half_a_look_waits(tmp_path):
    writer, reader = LooksWriter(tmp_path), LooksReader(tmp_path)
    writer.add(_look(1))
    assert [look.step for look in reader.new_looks()] == [1]
    assert reader.new_looks() == []
    whole = writer.path.read_bytes()
    writer.add(_look(2))
    both = writer.path.read_bytes()
    # Every prefix of the second look: nothing of it, and the first still there.
    for cut in random.Random(0).sample(range(len(whole), len(both)), 40):
        part = tmp_path / "cut" / "looks-0000.arrow"
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(both[:cut])
        assert [look.step for look in read_looks(part.parent)] == [1]
    assert [look.step for look in reader.new_looks()] == [2]


def test_damage_is_an_end_and_never_a_crash(tmp_path):
    writer = LooksWriter(tmp_path / "run")
    for step in (1, 2):
        writer.add(_look(step))
    writer.close()
    content = writer.path.read_bytes()
    draw = random.Random(0)
    for number in range(200):
        broken = bytearray(content)
        for _ in range(draw.randint(1, 8)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        folder = tmp_path / f"broken-{number}"
        folder.mkdir()
        (folder / "looks-0000.arrow").write_bytes(broken)
        assert len(LooksReader(folder).new_looks()) <= 2


def test_two_writers_have_a_part_each(tmp_path):
    first, second = LooksWriter(tmp_path), LooksWriter(tmp_path)
    assert (first.n_others, second.n_others) == (0, 1)
    first.add(_look(1))
    second.add(_look(2))
    first.add(_look(3))
    assert [look.step for look in read_looks(tmp_path)] == [1, 2, 3]
    reader = LooksReader(tmp_path)
    assert reader.n_writers() == 2
    first.close()
    assert reader.n_writers() == 1
    second.close()
    assert reader.n_writers() == 0


def test_a_resumed_run_counts_the_later_look_whatever_the_clock_said(tmp_path):
    first = LooksWriter(tmp_path)
    for step in (1, 2, 3):
        first.add(replace(_look(step), time=2e9))
    second = LooksWriter(tmp_path)
    second.add(replace(_look(3), time=1e9, n_rows=39))
    assert [(look.step, look.n_rows) for look in read_looks(tmp_path)] == [(1, 40), (2, 40), (3, 39)]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no device that is always full")
def test_a_full_disk_is_said_once_and_the_training_goes_on(tmp_path):
    monitor = sde.SpectralMonitor(tmp_path, every=1, rows=8)
    rows = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    monitor(1, image=rows, text=rows)
    monitor.wait()
    full = os.open("/dev/full", os.O_WRONLY)

    def look_at(step):
        # The part's own descriptor goes to a device that is always full.
        os.dup2(full, monitor._writer._file.fileno())
        monitor(step, image=rows, text=rows)
        monitor.wait()
        monitor._writer._open()

    with pytest.warns(UserWarning, match="could not be kept.*No space left.*the training goes on") as said:
        [look_at(step) for step in (2, 3)]
    assert len(said) == 1
    monitor(4, image=rows, text=rows)
    monitor.close()
    assert [look.step for look in read_looks(tmp_path)] == [1, 4]


_WRITE = """
import os, sys, torch
from pathlib import Path
from sde_core.training.monitoring.measurement import measured_look
from sde_core.training.monitoring.record import LooksWriter
torch.set_num_threads(1)
for line in sys.stdin:  # a fork for each folder: what is imported is imported once
    child = os.fork()
    if child:
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)
        continue
    writer, step = LooksWriter(Path(line.strip())), 0
    while True:
        step += 1
        rows = torch.randn(40, 6, generator=torch.Generator().manual_seed(step))
        writer.add(measured_look(step, rows, rows))
        print(step, flush=True)
"""


@pytest.fixture(scope="module")
def nursery():
    """A process that starts a writer for each folder that it is told."""
    command = [sys.executable, "-c", _WRITE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.stdin.close()


@pytest.mark.parametrize("at", [1, 3, 7, 20, 51])
def test_a_kill_loses_nothing_before_the_last_look(at, tmp_path, nursery):
    nursery.stdin.write(f"{tmp_path}\n")
    nursery.stdin.flush()
    writer, said = int(nursery.stdout.readline()), 0
    while said < at:
        said = int(nursery.stdout.readline())
    os.kill(writer, signal.SIGKILL)
    assert "ended\n" in nursery.stdout  # whatever it had still to say
    looks = read_looks(tmp_path)
    assert [look.step for look in looks] == list(range(1, len(looks) + 1))
    assert len(looks) >= at
    # The next process goes on beside it.
    writer = LooksWriter(tmp_path)
    writer.add(_look(1000))
    assert [look.step for look in read_looks(tmp_path)][-2:] == [len(looks), 1000]


def test_runs_are_found_at_a_place_and_below_it(tmp_path):
    with pytest.raises(sde.DataError, match="must hold a run that SpectralMonitor writes"):
        runs_below(tmp_path)
    for name in ("b", "a"):
        LooksWriter(tmp_path / name).close()
    assert [run.name for run in runs_below(tmp_path)] == ["a", "b"]
    assert runs_below(tmp_path / "a" / "looks-0000.arrow") == (tmp_path / "a",)
    with pytest.raises(sde.DataError, match="holds no look yet"):
        read_looks(tmp_path / "a")
    with pytest.raises(sde.DataError, match="must be the folder of a run"):
        read_looks(tmp_path / "nowhere")


def test_a_place_that_cannot_be_written_is_refused_before_the_training(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(sde.DataError, match="must be a folder that can be written"):
        sde.SpectralMonitor(tmp_path / "file")
    with pytest.raises(sde.DataError, match="must be a folder that can be written"):
        sde.SpectralMonitor(tmp_path / "file" / "run")
