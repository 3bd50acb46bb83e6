"""Spectra, ranks and vectors by Ray: the same with one worker, with two, and with one of two killed in the middle."""

import io
import json
import os
import signal
import socket
import tarfile
import threading
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.cli.main import main
from sde_core.embedding_formats.cluster.ranks import counting_by
from sde_core.embedding_formats.cluster.spectra import spectra_of_shards
from sde_core.embedding_formats.shards import shards_of
from sde_core.encoding.parts import EncoderName, Encoding
from sde_core.encoding.shards import encode_shards
from sde_core.errors import ConfigError
from sde_core.pairs.shards import pair_shards
from sde_core.sets.evaluation import evaluate_retrieval
from tests.clients.programs import program, row
from tests.fixtures import picture_bytes
from tests.waiting import until

ray = program("ray")
N_SHARDS, ROWS, WIDTH = 16, 30_000, 96


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set")
    r = np.random.default_rng(0)
    for name in ("img_emb", "text_emb"):
        (folder / name).mkdir()
        for number in range(4):
            part = r.standard_normal((N_SHARDS * ROWS // 4, WIDTH), dtype=np.float32)
            np.save(folder / name / f"{name}_{number}.npy", part.astype(np.float16))
    return shards_of(str(folder), rows=ROWS)


@contextmanager
def cluster_of(n_workers):
    ray.init(num_cpus=n_workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def alone(shards):
    """What one worker finds."""
    with cluster_of(1):
        return bits(spectra_of_shards(shards, cross=True, engine="ray"))


@pytest.fixture(scope="module")
def two_workers(alone):
    """A cluster of two, after the one of one."""
    with cluster_of(2):
        yield


def bits(sums):
    pairs = sums.pairs
    spectra = (pairs.image.spectrum(), pairs.text.spectrum(), pairs.joint_spectrum(), pairs.cross_spectrum())
    return [spectrum.singular_values.numpy() for spectrum in spectra]


def doing(task):
    """Return the processes that do a task now; Ray calls them by it."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if task in (place / "cmdline").read_bytes() and place.stat().st_uid == os.getuid():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def test_a_cluster_out_of_reach_is_one_sentence(shards):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConfigError, match=f"no Ray cluster answers at {nobody}: start it"):
        spectra_of_shards(shards, engine="ray", address=nobody)
    with pytest.raises(ConfigError, match="address must be HOST:PORT"):
        spectra_of_shards(shards, engine="ray", address="somewhere")
    with pytest.raises(ConfigError, match="no Ray cluster answers at auto"):
        spectra_of_shards(shards, engine="ray", address="auto")


def kill_one(task):
    """Kill a process that does a task now, and return whether there was one."""
    found = doing(task)
    if found:
        os.kill(found[0], signal.SIGKILL)
        until(lambda: is_gone(found[0]))
    return bool(found)


def is_gone(process):
    try:
        return "Z" in Path(f"/proc/{process}/stat").read_text().split()[2]
    except OSError:
        return True


@contextmanager
def one_killed(task):
    """Kill the first process that is found at a task while the block runs."""
    killed = []
    killer = threading.Thread(
        target=lambda: until(lambda: killed.append(kill_one(task)) or killed[-1], seconds=600, every=0.005),
        daemon=True,
    )
    killer.start()
    yield
    killer.join()
    assert killed[-1]


def test_one_of_two_workers_is_killed_in_the_middle(shards, alone, two_workers, record_property):
    assert len(shards) == N_SHARDS
    done = []
    with one_killed(b"shard_sums"):
        sums = spectra_of_shards(shards, cross=True, engine="ray", progress=lambda n, _: done.append(n))
    assert (done, sums.n_shards, sums.skipped) == ([8, 16], N_SHARDS, ())
    for mine, theirs in zip(bits(sums), alone, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    here = bits(spectra_of_shards(shards, cross=True))
    apart = max(np.abs(a / b - 1).max() for a, b in zip(alone, here, strict=True))
    record_property(*row("ray", "singular values of its workers beside one process, relative", apart))
    assert apart < 1e-12  # to the bit where the process has one thread, as a worker has


def test_ranks_are_those_of_one_process_with_one_of_two_workers_killed(shards, two_workers):
    r = np.random.default_rng(1)
    image = r.standard_normal((20_000, 64), dtype=np.float32)
    text = image + 2 * r.standard_normal(image.shape, dtype=np.float32)
    pairs = sde.EmbeddingSet.from_arrays(image, text)
    done = []
    with (
        one_killed(b"count_pair"),
        counting_by("ray", strip_rows=4_096, progress=lambda n, total: done.append((n, total))) as count,
    ):
        found = evaluate_retrieval(pairs, count=count)
    assert done == [(n, 5) for n in range(1, 6)]
    assert found == evaluate_retrieval(pairs)


def test_shards_of_pairs_are_encoded_by_actors_with_one_of_two_killed(
    tiny_encoder_folder, two_workers, tmp_path
):
    (tmp_path / "tars").mkdir()
    for number in range(40):
        with tarfile.open(tmp_path / "tars" / f"{number:02d}.tar", "w") as archive:
            for i in range(30):
                picture = picture_bytes(f"#{number:02x}{i:02x}80", (200 + i, 200))
                for suffix, content in (("webp", picture), ("txt", f"square {i} of {number}".encode())):
                    member = tarfile.TarInfo(f"{number:02d}-{i:02d}.{suffix}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
    (tmp_path / "tars" / "40.tar").write_bytes(b"no archive")
    shards = pair_shards(tmp_path / "tars")
    name = EncoderName(name=str(tiny_encoder_folder), device="cpu")
    done = []

    def killing(n, total):
        done.append((n, total))
        if n == 1:
            assert kill_one(b"ray::MapWorker")
            assert len(written(tmp_path / "ray")) < 40

    found = encode_shards(
        shards,
        Encoding(encoder=name, folder=str(tmp_path / "ray"), workers=0),
        engine="ray",
        progress=killing,
    )
    assert done == [(n, 41) for n in range(1, 42)]
    assert [item.item for item in found.skipped] == ["40.tar"]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as a worker has
    try:
        here = encode_shards(shards, Encoding(encoder=name, folder=str(tmp_path / "here"), workers=0))
    finally:
        torch.set_num_threads(threads)
    assert (found.n_images, found.n_texts) == (1200, 1200)
    assert found.fingerprint == here.fingerprint


def written(folder):
    """Return the parts that are whole."""
    return list(folder.glob("[0-9]*/manifest.json"))


def test_the_command_resumes_and_counts_what_it_cannot_read(shards, two_workers, tmp_path, capsys):
    folder = Path(shards[0].path).parents[1]
    (folder / "img_emb" / "img_emb_2.npy").rename(tmp_path / "away.npy")
    (folder / "img_emb" / "img_emb_2.npy").write_bytes(b"no array")
    words = ["spectrum", str(folder), "--engine", "ray", "--resume", str(tmp_path / "kept"), "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n_shards"], len(found["skipped"])) == (3, 1)
    (tmp_path / "away.npy").replace(folder / "img_emb" / "img_emb_2.npy")
    assert main(words) == 0
    whole = json.loads(capsys.readouterr().out)
    assert main(["spectrum", str(folder), "--json"]) == 0
    here = json.loads(capsys.readouterr().out)
    for mine, theirs in zip(whole["spectra"], here["spectra"], strict=True):
        assert mine["n_samples"] == theirs["n_samples"] == N_SHARDS * ROWS
        assert mine["singular_values"] == pytest.approx(theirs["singular_values"], rel=1e-6)
        assert mine["n_strong"] == theirs["n_strong"]
