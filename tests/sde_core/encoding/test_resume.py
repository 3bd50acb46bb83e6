"""An encoding that is cancelled or killed goes on where it was, and the bytes are those of one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sde_core as sde
from sde_core.encoding import blocks
from sde_core.errors import DataError
from tests.fixtures import picture_bytes
from tests.waiting import until

N = 40


@pytest.fixture(scope="module")
def encoder(tiny_encoder_folder):
    return sde.load_encoder(tiny_encoder_folder, device="cpu")


@pytest.fixture
def shard(write_shard):
    rng = np.random.default_rng(0)
    members = []
    for i in range(N):
        colour = "#" + "".join(f"{c:02x}" for c in rng.integers(0, 256, 3))
        content = b"broken" if i % 11 == 5 else picture_bytes(colour)
        members += [
            (f"{i:04d}.webp", content),
            (f"{i:04d}.txt", f"colour {colour}\na square {i % 7}".encode()),
        ]
    return write_shard(members)


@pytest.fixture(autouse=True)
def blocks_at_every_batch(monkeypatch):
    monkeypatch.setattr(blocks, "_SECONDS", 0.0)


class Stopped(Exception):
    pass


def stop_after(steps):
    left = iter(range(steps))

    def report(_):
        if next(left, None) is None:
            raise Stopped

    return report


@pytest.mark.parametrize("steps", [0, 1, 7, 10, 11, 14])
def test_stopped_and_resumed_is_the_same_set(encoder, shard, tmp_path, steps):
    whole = sde.encode_pairs(encoder, sde.open_pairs(shard), batch_size=4)
    folder = tmp_path / "blocks"
    with pytest.raises(Stopped):
        sde.encode_pairs(
            encoder, sde.open_pairs(shard), batch_size=4, resume=folder, progress=stop_after(steps)
        )
    seen = []
    resumed = sde.encode_pairs(encoder, sde.open_pairs(shard), resume=folder, progress=seen.append)
    assert resumed.fingerprint == whole.fingerprint
    assert resumed.skipped == whole.skipped
    assert resumed.image.tobytes() == whole.image.tobytes()
    if steps == 7:  # what had been done was not done again
        assert [(p.done, p.rate) for p in seen[:8]] == [(4 * (i + 1), 0.0) for i in range(8)]
    resumed.save(tmp_path / "set")
    assert not folder.exists()


def test_nothing_is_encoded_twice(encoder, shard, tmp_path):
    counted = []

    class Counting(type(encoder)):
        def encode_images(self, pictures):
            counted.append(len(pictures))
            return super().encode_images(pictures)

    counting = Counting(**{f: getattr(encoder, f) for f in encoder.__dataclass_fields__})
    with pytest.raises(Stopped):
        sde.encode_pairs(
            counting, sde.open_pairs(shard), batch_size=4, resume=tmp_path / "b", progress=stop_after(5)
        )
    before = sum(counted)
    sde.encode_pairs(counting, sde.open_pairs(shard), resume=tmp_path / "b")
    n_good = N - 4
    assert before <= 24
    # The batch during which it was stopped had been written: nothing at all is done again.
    assert sum(counted) == n_good


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"batch_size": 8}, "batch size 4 instead of 8"),
        ({"precision": "bf16"}, "precision fp32 instead of bf16"),
    ],
)
def test_blocks_of_another_encoding_are_refused(encoder, shard, tmp_path, change, match):
    folder = tmp_path / "blocks"
    with pytest.raises(Stopped):
        sde.encode_pairs(encoder, sde.open_pairs(shard), batch_size=4, resume=folder, progress=stop_after(2))
    other = replace(encoder, **{k: v for k, v in change.items() if k != "batch_size"})
    with pytest.raises(
        DataError, match=rf"holds blocks of another encoding, with {match}: give another folder"
    ):
        sde.encode_pairs(
            other, sde.open_pairs(shard), batch_size=change.get("batch_size", "auto"), resume=folder
        )


def test_pairs_that_changed_are_noticed(encoder, shard, write_shard, tmp_path):
    folder = tmp_path / "blocks"
    with pytest.raises(Stopped):
        sde.encode_pairs(encoder, sde.open_pairs(shard), batch_size=4, resume=folder, progress=stop_after(2))
    plan = json.loads((folder / "plan.json").read_text())
    other = write_shard([("9.webp", picture_bytes()), ("9.txt", b"x")], name="shard-000000.tar")
    with pytest.raises(DataError, match="with pairs fingerprint"):
        sde.encode_pairs(encoder, sde.open_pairs(other), resume=folder)
    plan["pairs_fingerprint"] = sde.open_pairs(other).fingerprint
    (folder / "plan.json").write_text(json.dumps(plan))
    with pytest.raises(DataError, match="the pairs changed since"):
        sde.encode_pairs(encoder, sde.open_pairs(other), resume=folder)


def test_a_folder_of_something_else_and_damaged_blocks(encoder, shard, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "a.tex").write_text("x")
    with pytest.raises(DataError, match=r"new folder or that of an encoding; .*thesis holds something else"):
        sde.encode_pairs(encoder, sde.open_pairs(shard), resume=tmp_path / "thesis")
    folder = tmp_path / "blocks"
    with pytest.raises(Stopped):
        sde.encode_pairs(encoder, sde.open_pairs(shard), batch_size=4, resume=folder, progress=stop_after(2))
    block = next(folder.glob("images-*"))
    block.write_bytes(block.read_bytes()[:50])
    with pytest.raises(DataError, match="images-0"):
        sde.encode_pairs(encoder, sde.open_pairs(shard), resume=folder)
    (folder / "plan.json").write_text("[]")
    with pytest.raises(DataError, match="is damaged; remove"):
        sde.encode_pairs(encoder, sde.open_pairs(shard), resume=folder)


_NURSERY = """
import os, sys
import sde_core as sde
from sde_core.encoding import blocks
blocks._SECONDS = 0.0
encoder_folder, shard = sys.argv[1:]
encoder = sde.load_encoder(encoder_folder, device="cpu")  # once, before the forks
for line in sys.stdin:
    out, child = line.strip(), os.fork()
    if child == 0:
        print(os.getpid(), flush=True)
        made = sde.encode_pairs(encoder, sde.open_pairs(shard), batch_size=2, resume=out + ".blocks")
        made.save(out)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(status, flush=True)
"""


def test_killed_at_ten_moments_and_resumed_the_bytes_are_the_same(shard, tmp_path, tiny_encoder_folder):
    """A real process is ended by SIGKILL ten times; what is on disk at the end is that of an undisturbed run."""
    (tmp_path / "nursery.py").write_text(_NURSERY)
    moments = random.Random(3)
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "nursery.py"), str(tiny_encoder_folder), str(shard)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "OMP_NUM_THREADS": "1"},
    ) as nursery:

        def encode(out: Path, kill_at: int | None = None) -> int:
            """Start the encoding, kill it once so many blocks are there, and return how it ended."""
            nursery.stdin.write(f"{out}\n")
            nursery.stdin.flush()
            child = int(nursery.stdout.readline())
            if kill_at is not None:
                _wait_for_blocks(out, kill_at)
                time.sleep(moments.uniform(0, 0.02))
                os.kill(child, signal.SIGKILL)
            return int(nursery.stdout.readline())

        assert encode(tmp_path / "whole") == 0
        ends = [encode(tmp_path / "killed", moments.randrange(4) + 2 * attempt) for attempt in range(10)]
        assert ends == [signal.SIGKILL] * 10
        assert encode(tmp_path / "killed") == 0
    for name in ("image.npy", "text.npy", "links.npy", "images.parquet", "texts.parquet", "manifest.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert sde.EmbeddingSet.load(tmp_path / "killed", verify=True).n_images == N - 4
    assert sorted(p.name for p in tmp_path.iterdir() if "killed" in p.name) == ["killed"]


def _wait_for_blocks(out: Path, count: int) -> None:
    """Wait until so many blocks are there, so that the moments of the kills lie all over the work."""
    folder = Path(f"{out}.blocks")
    until(lambda: len(list(folder.glob("*-*.safetensors"))) >= count, every=0.001)
