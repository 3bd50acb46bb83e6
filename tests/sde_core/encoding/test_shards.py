"""Shards encoded one by one are the set that one process makes; interrupted or broken, they go on."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.encoding import parts
from sde_core.encoding.parts import EncoderName, Encoding
from sde_core.encoding.shards import encode_shards
from sde_core.errors import ConfigError, DataError
from sde_core.pairs.shards import pair_shards
from tests.fixtures import picture_bytes


class Stopped(Exception):
    pass


@pytest.fixture
def folder(tmp_path, write_shard):
    """Three shards and one that is none; a caption that they share, and an id that comes twice."""
    (tmp_path / "tars").mkdir()
    for number in range(3):
        members = []
        for i, colour in enumerate(["red", "green", "blue"]):
            key = "twice" if number and i == 2 else f"{number}{i}"
            members += [
                (f"{key}.webp", picture_bytes(colour, (30 + number, 30))),
                (f"{key}.txt", f"a {colour} square\nof shard {number}".encode()),
                (f"{key}.json", b'{"split": "test"}'),
            ]
        write_shard(members, f"tars/{number}.tar")
    (tmp_path / "tars" / "3.tar").write_bytes(b"no archive" * 100)
    return tmp_path / "tars"


@pytest.fixture
def encoding(tiny_encoder_folder, tmp_path):
    name = EncoderName(name=str(tiny_encoder_folder), device="cpu")
    return Encoding(encoder=name, folder=str(tmp_path / "parts"), workers=0)


def test_shards_are_joined_to_the_set_that_one_process_encodes(folder, encoding, tmp_path):
    told = []
    found = encode_shards(pair_shards(folder), encoding, progress=lambda *done: told.append(done))
    assert told == [(n, 4) for n in range(1, 5)]
    whole = sde.encode_pairs(encoding.encoder.load(), sde.open_pairs(folder), workers=0)
    assert list(found.image_ids) == list(whole.image_ids)
    assert list(found.captions) == list(whole.captions)
    assert found.provenance == whole.provenance
    np.testing.assert_array_equal(found.links, whole.links)
    np.testing.assert_array_equal(found.metadata["split"], whole.metadata["split"])
    for side in ("image", "text"):  # other batches round other last digits
        np.testing.assert_allclose(getattr(found, side), getattr(whole, side), rtol=0, atol=1e-6)
    assert sorted(item.item for item in found.skipped) == sorted(item.item for item in whole.skipped)
    assert [item.item for item in found.skipped] == ["3.tar", "twice (2.tar)"]


def test_what_is_written_is_not_encoded_again_and_a_mended_shard_is(folder, encoding, tmp_path, monkeypatch):
    def stop(done, _):
        if done == 2:
            raise Stopped

    encoded, encode = [], parts.encode_pairs
    monkeypatch.setattr(
        parts,
        "encode_pairs",
        lambda *given, **named: (encoded.append(named["name"]), encode(*given, **named))[1],
    )
    with pytest.raises(Stopped):
        encode_shards(pair_shards(folder), encoding, progress=stop)
    first = encode_shards(pair_shards(folder), encoding)
    assert encoded == ["0.tar", "1.tar", "2.tar", "3.tar"]
    first.save(tmp_path / "set")
    assert (tmp_path / "parts").is_dir()  # a shard was skipped
    shutil.copyfile(folder / "0.tar", folder / "3.tar")
    again = encode_shards(pair_shards(folder), encoding)
    assert encoded[4:] == ["3.tar"]
    assert (again.n_images, again.skipped[-1].item) == (first.n_images, "02 (3.tar)")
    again.save(tmp_path / "set")
    assert not (tmp_path / "parts").exists()


def test_a_part_that_cannot_be_written_or_is_not_seen_is_one_sentence(folder, encoding, tmp_path):
    def lose(done, _):
        if done == 3:
            shutil.rmtree(tmp_path / "parts")

    with pytest.raises(DataError, match=r"part of 0.tar must lie in .* give an output on a disk that all"):
        encode_shards(pair_shards(folder), encoding, progress=lose)
    (tmp_path / "file").write_bytes(b"")
    elsewhere = replace(encoding, folder=str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"part of 0.tar cannot be written to .*make room and give the same"):
        encode_shards(pair_shards(folder), elsewhere)


def test_a_shard_that_ends_its_worker_again_and_again_is_skipped(folder, encoding):
    """As one that the system kills for its memory: nothing of the process is left to say so."""
    shards = pair_shards(folder)
    marks = encoding.part(0, shards[0]).with_suffix(".tries")
    marks.parent.mkdir()
    marks.write_bytes(b"x" * parts.TRIES)  # as five of them leave
    found = encode_shards(shards, encoding)
    assert [item.item for item in found.skipped][:2] == ["0.tar", "3.tar"]
    assert found.skipped[0].reason.startswith("it ended its worker 5 times; look at")
    assert list(Path(encoding.folder).glob("*.tries")) == [marks]
    marks.unlink()
    assert encode_shards(shards, encoding).n_images == 8


def test_what_an_engine_cannot_do_is_one_sentence(folder, encoding, tmp_path):
    for number in range(3):
        (folder / f"{number}.tar").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"must hold at least one shard that can be used; 0.tar: "):
        encode_shards(pair_shards(folder), encoding)
    with pytest.raises(ConfigError, match=r'engine must be "process" or "ray"; got .spark.'):
        encode_shards(pair_shards(folder), encoding, engine="spark")
    other = Encoding(
        encoder=EncoderName(name=encoding.encoder.name, device="cpu", weights_sha256="0" * 64), folder="no"
    )
    with pytest.raises(DataError, match="must have the same weights on every worker, 000000000000; one has"):
        encode_shards(pair_shards(folder), other)


def test_the_command_encodes_by_an_engine(folder, tiny_encoder_folder, tmp_path, capsys):
    (folder / "3.tar").unlink()
    words = ["encode", str(folder), "--model", str(tiny_encoder_folder), "--output", str(tmp_path / "set")]
    assert main([*words, "--engine", "process", "--device", "cpu", "--json"]) == 0
    found = sde.EmbeddingSet.load(tmp_path / "set")
    assert (found.n_images, found.n_texts) == (8, 6)
    assert not (tmp_path / "set.parts").exists()
    capsys.readouterr()
    assert main([*words, "--address", "auto"]) == 2
    assert "--address is of an engine: add --engine" in capsys.readouterr().err
