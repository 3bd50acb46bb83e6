import subprocess
import sys

import numpy as np
import pytest

from sde_core.files import in_order
from sde_core.files.in_order import let_go, rows_in_order


@pytest.mark.parametrize("mode", ["c", "r", "r+", None])
@pytest.mark.parametrize("n_rows", [1, 7, 64, 1000])
def test_rows_come_once_and_in_order(tmp_path, monkeypatch, mode, n_rows):
    monkeypatch.setattr(in_order, "STRETCH_BYTES", 8192)
    x = np.random.default_rng(0).normal(size=(100, 48)).astype(np.float16)
    np.save(tmp_path / "x.npy", x)
    rows = np.load(tmp_path / "x.npy", mmap_mode=mode)
    for _ in range(2):
        found = list(rows_in_order(rows, n_rows))
        assert [start for start, _ in found] == list(range(0, 100, n_rows))
        np.testing.assert_array_equal(np.concatenate([block for _, block in found]), x)


def test_no_rows_are_no_blocks():
    assert list(rows_in_order(np.empty((0, 3)), 4)) == []


def test_what_was_written_into_a_private_mapping_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(in_order, "STRETCH_BYTES", 8192)
    np.save(tmp_path / "x.npy", np.zeros((4096, 64), np.float32))
    rows = np.load(tmp_path / "x.npy", mmap_mode="c")
    rows[2000] = 7
    for _ in rows_in_order(rows, 100):
        pass
    let_go(rows)
    assert (rows[2000] == 7).all()
    assert rows.sum() == 7 * 64


@pytest.mark.skipif(sys.platform != "linux", reason="says what Linux counts")
def test_a_pass_over_a_mapped_matrix_holds_a_stretch_of_it(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((1 << 19, 128), np.float32))  # 256 MiB
    code = (
        "import sys, resource, numpy as np; from sde_core.files.in_order import rows_in_order\n"
        "peak = lambda: int(next(l for l in open('/proc/self/status') if 'VmHWM' in l).split()[1])\n"
        "x = np.load(sys.argv[1], mmap_mode='c'); before = peak()\n"
        "print(sum(float(r.sum()) for _, r in rows_in_order(x, 4096)), (peak() - before) // 1024)"
    )
    run = [sys.executable, "-c", code, str(tmp_path / "x.npy")]
    total, grown = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
    assert float(total) == (1 << 26)
    assert int(grown) < 128
