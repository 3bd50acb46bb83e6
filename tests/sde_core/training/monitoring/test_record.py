"""Looks are read while they are written: half a look waits, damage is an end, the later look counts."""

import random
from dataclasses import replace

import pytest

import sde_core as sde
from sde_core.training.monitoring.record import LooksReader, read_looks, runs_below
from sde_core.training.monitoring.writer import LooksWriter
from tests.sde_core.training.monitoring.looks import a_look


def test_a_reader_goes_on_where_it_was_and_half_a_look_waits(tmp_path):
    writer, reader = LooksWriter(tmp_path), LooksReader(tmp_path)
    writer.add(a_look(1))
    assert [look.step for look in reader.new_looks()] == [1]
    assert reader.new_looks() == []
    whole = writer.path.read_bytes()
    writer.add(a_look(2))
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
        writer.add(a_look(step))
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


def test_a_resumed_run_counts_the_later_look_whatever_the_clock_said(tmp_path):
    first = LooksWriter(tmp_path)
    for step in (1, 2, 3):
        first.add(replace(a_look(step), time=2e9))
    second = LooksWriter(tmp_path)
    second.add(replace(a_look(3), time=1e9, n_rows=39))
    assert [(look.step, look.n_rows) for look in read_looks(tmp_path)] == [(1, 40), (2, 40), (3, 39)]


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
