import os
import subprocess
import sys
import threading
from contextlib import suppress

import pytest

from sde_core.files import claims
from sde_core.files.claims import (
    alone_if_free,
    alone_with,
    claimed_file,
    claimed_folder,
    leftovers,
    remove_leftovers,
)

HOLDER = """
import sys
from pathlib import Path
from sde_core.files import claims
claim = getattr(claims, sys.argv[1])
with claim(Path(sys.argv[2])):
    print("holds", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["claimed_folder", "claimed_file"])
def writer(request, tmp_path):
    """Return a process that is writing ``tmp_path / "set"``."""
    command = [sys.executable, "-c", HOLDER, request.param, str(tmp_path / "set")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def test_what_a_living_writer_writes_is_left_alone_and_what_a_killed_one_wrote_is_not(writer, tmp_path):
    (writing,) = tmp_path.iterdir()
    os.utime(writing, (0, 0))  # age is no proof
    assert leftovers(tmp_path) == remove_leftovers(tmp_path) == []
    with claimed_folder(tmp_path / "set"):
        assert writing.exists()
    writer.kill()
    writer.wait()
    os.utime(writing, (4e9, 4e9))  # nor is a clock that was set back
    assert leftovers(tmp_path) == [writing]
    with claimed_folder(tmp_path / "other"):
        assert writing.exists()
    with claimed_folder(tmp_path / "set"):
        assert not writing.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_block_waits_for_that_of_another_process_until_it_ends_or_dies(tmp_path):
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, "alone_with", str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "holds\n"
        assert claims._locked(lock, wait=False) is None
        entered = threading.Event()

        def enter():
            with alone_with(lock):
                entered.set()

        entering = threading.Thread(target=enter, daemon=True)
        entering.start()
        assert not entered.is_set()
        other.kill()
        assert entered.wait(120)
    assert lock.read_bytes() == b""


def test_names_are_no_patterns(tmp_path):
    (tmp_path / ".ab.writing-1").mkdir()
    with claimed_folder(tmp_path / "a*"), claimed_folder(tmp_path / "[a]b"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".ab.writing-1"]


def test_a_link_is_never_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / ".set.writing-link").symlink_to(tmp_path / "mine")
    assert remove_leftovers(tmp_path) == []
    assert (tmp_path / "mine").is_dir()


def test_without_locks_age_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "fcntl", None)
    for name, seconds in (("old", 0), ("future", 4e9), ("new", None)):
        (tmp_path / f".set.writing-{name}").mkdir()
        if seconds is not None:
            os.utime(tmp_path / f".set.writing-{name}", (seconds, seconds))
    remove_leftovers(tmp_path, "set")
    assert [path.name for path in tmp_path.iterdir()] == [".set.writing-new"]


def test_a_file_is_whole_whoever_writes_it(tmp_path):
    path = tmp_path / "a.bin"

    def write(letter: bytes) -> None:
        for _ in range(20):
            with claimed_file(path) as file:
                file.write(letter * 100_000)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with suppress(FileNotFoundError):
            content = path.read_bytes()
            assert (len(content), len(set(content))) == (100_000, 1)
    for thread in threads:
        thread.join()
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(TypeError), claimed_file(path) as file:
        file.write("text, not bytes")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_claim_is_not_waited_for_and_ends_with_its_process(tmp_path):
    lock = tmp_path / "job"
    with alone_if_free(lock) as is_mine:
        assert is_mine
        with alone_if_free(lock) as again:
            assert not again
    command = [sys.executable, "-c", HOLDER, "alone_if_free", str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "holds\n"
        with alone_if_free(lock) as is_mine:
            assert not is_mine
        process.kill()
        process.wait()
        with alone_if_free(lock) as is_mine:
            assert is_mine
