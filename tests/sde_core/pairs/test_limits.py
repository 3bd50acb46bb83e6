"""How large what a user brings may be, and what is left of the disk."""

import gzip
import io
import tarfile

import pytest

from sde_core import open_pairs
from sde_core.errors import DataError
from sde_core.pairs import limits
from sde_core.pairs.plain_table import plain_text


def test_what_is_unpacked_passes_whole_where_there_is_room(monkeypatch):
    monkeypatch.setattr(limits, "LOOK_BYTES", 4)
    monkeypatch.setattr(limits, "SPARE_BYTES", 0)
    assert list(limits.in_room([b"abc", b"de", b""], "a")) == [b"abc", b"de", b""]


@pytest.fixture
def full(monkeypatch):
    monkeypatch.setattr(limits, "LOOK_BYTES", 1 << 16)
    monkeypatch.setattr(limits, "SPARE_BYTES", 1 << 60)  # more than any disk has free


SAID = "cannot be unpacked, .* MiB free: make room there, or set TMPDIR"


def test_a_compressed_shard_does_not_fill_the_disk(tmp_path, full):
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        for name, size in (("a.webp", 9), ("a.txt", 1 << 18)):
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(size)))
    with pytest.raises(DataError, match=f"a.tar.gz {SAID}"):
        list(open_pairs(tmp_path / "a.tar.gz"))


def test_a_compressed_table_does_not_fill_the_disk(full):
    packed = io.BytesIO(gzip.compress(b"x" * (2 << 20)))
    with pytest.raises(DataError, match=f"a.csv.gz {SAID}"):
        plain_text(packed, "a.csv.gz")
