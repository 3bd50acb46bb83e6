import pytest

from sde_core.errors import ConfigError
from sde_core.files import memory
from sde_core.files.memory import as_bytes, check_fits, default_budget


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


def test_the_default_is_what_is_free(tmp_path, monkeypatch):
    assert 0 < default_budget() < 1 << 50
    monkeypatch.setattr(memory, "_GROUP", tmp_path)
    (tmp_path / "memory.max").write_text(f"{64 << 20}\n")
    (tmp_path / "memory.stat").write_text(f"file 5\nanon {24 << 20}\nkernel 3\n")
    assert default_budget() == 40 << 20
    (tmp_path / "memory.max").write_text("max\n")
    assert default_budget() > 40 << 20


def test_work_that_does_not_fit_is_refused_in_one_sentence():
    check_fits(10 << 20, 10 << 20, "x", "y")
    with pytest.raises(
        ConfigError, match=r"^memory must be at least 11 MiB: sums take that; got 10 MiB: give more, or wait$"
    ):
        check_fits(11 << 20, 10 << 20, "sums take that", "wait")
