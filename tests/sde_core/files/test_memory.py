import os
import sys

import numpy as np
import pytest
import torch

from sde_core.errors import ConfigError
from sde_core.files import memory
from sde_core.files.memory import as_bytes, check_fits, free_bytes, kept


@pytest.mark.parametrize("text", ["", "0", "-1", "1.2.3G", "much", "5 X", "0.1"])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ConfigError, match=r"memory must be a size such as 2G or 800M"):
        as_bytes(text)


def test_units_count_by_1024_and_may_be_written_as_people_do():
    assert [as_bytes(t) for t in ("7", "2k", "3MiB", " 1 GB ", "0.5T")] == [
        7,
        2048,
        3 << 20,
        1 << 30,
        1 << 39,
    ]


def test_pages_of_files_are_free_and_all_else_of_the_container_is_not(tmp_path, monkeypatch):
    assert 0 < free_bytes() < 1 << 50
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    (tmp_path / "memory.max").write_text(f"{64 << 20}\n")
    (tmp_path / "memory.current").write_text(f"{34 << 20}\n")
    # shared memory counts as file, but is on the lists of what has no file
    stat = f"anon {20 << 20}\nfile {14 << 20}\nshmem {4 << 20}\ninactive_anon {24 << 20}\n"
    (tmp_path / "memory.stat").write_text(f"{stat}inactive_file {9 << 20}\nactive_file {1 << 20}\n")
    assert free_bytes() == 40 << 20
    (tmp_path / "memory.max").write_text("max\n")
    assert free_bytes() > 40 << 20


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
@pytest.mark.parametrize("allocate", [np.empty, torch.empty], ids=["numpy", "torch"])
def test_what_wants_more_than_the_budget_ends_in_one_sentence(allocate):
    import resource

    before = resource.getrlimit(resource.RLIMIT_DATA)
    more = (64 << 20) + memory._LIBRARIES + memory._OF_CORE * (os.cpu_count() or 1)
    with (
        pytest.raises(ConfigError, match=r"^memory must be more than 64 MiB: the sums wanted more; give"),
        kept(64 << 20, "the sums"),
    ):
        allocate(more // 2)  # of 4 bytes or more
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
    assert len(allocate(more // 2)) == more // 2


def test_other_errors_under_a_budget_stay_what_they_are():
    with pytest.raises(RuntimeError, match=r"^shapes differ$"), kept(64 << 20, "the sums"):
        raise RuntimeError("shapes differ")


def test_work_that_does_not_fit_is_refused_in_one_sentence():
    check_fits(10 << 20, 10 << 20, "x", "y")
    with pytest.raises(
        ConfigError, match=r"^memory must be at least 11 MiB: sums take that; got 10 MiB: give more, or wait$"
    ):
        check_fits(11 << 20, 10 << 20, "sums take that", "wait")
