"""`sde open`: a set, vectors of others and pairs come to disk once, and the dashboard opens on them."""

import json
import os
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli import open_path
from sde_core.cli.main import build_parser, main
from tests.printed_json import check


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SDE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _folder(*words):
    return open_path.set_folder(build_parser().parse_args(["open", *map(str, words)]))


def test_a_set_stays_where_it_is_and_vectors_of_others_are_kept_once(tmp_path, cache):
    image, text = np.random.default_rng(0).normal(size=(2, 20, 6)).astype(np.float32)
    saved = sde.EmbeddingSet.from_arrays(image, text).save(tmp_path / "set")
    assert _folder(saved) == saved.resolve()
    np.savez(tmp_path / "my vectors.npz", image=image, text=text)
    folder = _folder(tmp_path / "my vectors.npz")
    assert folder.parent == cache / "embeddings"
    assert folder.name.startswith("my-vectors-")
    assert np.array_equal(sde.EmbeddingSet.load(folder).image, image)
    assert _folder(tmp_path / "my vectors.npz") == folder


def test_pairs_are_encoded_once(write_shard, good_members, tiny_encoder_folder):
    shard = write_shard(good_members)
    folder = _folder(shard, "--model", tiny_encoder_folder)
    made = sde.EmbeddingSet.load(folder)
    assert made.provenance.pairs == str(shard)
    stamp = (folder / "manifest.json").stat().st_mtime_ns
    assert _folder(shard, "--model", tiny_encoder_folder) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == stamp
    assert not list(folder.parent.glob("*.blocks"))


def test_the_folder_where_one_stands_is_called_by_its_name(
    write_shard, good_members, tiny_encoder_folder, monkeypatch
):
    shard = write_shard(good_members)
    monkeypatch.chdir(shard.parent)
    folder = _folder(".", "--model", tiny_encoder_folder, "--input-format", "webdataset")
    assert shard.parent.name.replace("_", "-") in folder.name


def test_what_holds_neither_is_one_sentence(tmp_path, capsys):
    assert main(["open", str(tmp_path / "nothing")]) == 2
    assert "sde open: " in capsys.readouterr().err


def test_the_command_prints_the_address_and_ends_with_ctrl_c(tmp_path):
    image, text = np.random.default_rng(0).normal(size=(2, 20, 6)).astype(np.float32)
    saved = sde.EmbeddingSet.from_arrays(image, text).save(tmp_path / "set")
    command = [sys.executable, "-m", "sde_core", "open", str(saved), "--no-browser", "--json"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert running.stdout is not None
        lines = []
        while not lines or lines[-1].rstrip() != "}":
            lines.append(running.stdout.readline())
            assert lines[-1]
        told = json.loads("".join(lines))
        check("open", told)  # another process printed it
        with urllib.request.urlopen(told["url"], timeout=30) as answer:
            assert answer.status == 200
    finally:
        os.killpg(running.pid, signal.SIGINT)
    assert running.wait() == 0
