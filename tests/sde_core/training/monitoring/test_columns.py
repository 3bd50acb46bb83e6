"""A look is a row of an Arrow table, and comes back from it."""

from dataclasses import fields, replace

import numpy as np
import pytest

from sde_core.training.monitoring.look import Look, ModalityLook
from sde_core.training.monitoring.record import read_looks
from sde_core.training.monitoring.writer import LooksWriter
from tests.sde_core.training.monitoring.looks import a_look


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
    looks = [a_look(1), replace(a_look(2), image=None, text=None, alarms=("step 2: so",))]
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
    writer.add(a_look(3))
    writer.close()
    with pa.ipc.open_stream(writer.path) as stream:
        table = stream.read_all()
    assert table["step"].to_pylist() == [3]
    assert table["image"][0]["effective_rank"].as_py() == pytest.approx(a_look(3).image.effective_rank)
