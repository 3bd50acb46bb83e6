"""What stands in place of the file that was meant is called by its name, with what to do, by every reader."""

import json

import numpy as np
import pytest

import sde_core as sde
from sde_core.pairs import decode_image
from tests.fixtures import TINY_CONFIG

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 123456\n"
PAGE = b"<!DOCTYPE html>\n<html><body>404</body></html>"


@pytest.mark.parametrize(("content", "what"), [(POINTER, "git lfs pull"), (b"", "empty"), (PAGE, "web page")])
@pytest.mark.parametrize("name", ["a.tar", "a.parquet", "a.zip"])
def test_in_place_of_pairs(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(sde.DataError, match=what):
        list(sde.open_pairs(tmp_path / name))


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.tar.zst", b"\x28\xb5\x2f\xfd\4", "unzstd it"),
        ("a.tar.xz", b"\xfd7zXZ\0\0", "unxz it"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "7z archive: unpack it"),
        ("a.rar", b"Rar!\x1a\x07\x01\0", "RAR archive: unpack it"),
        ("a.h5", b"\x89HDF\r\n\x1a\n", "HDF5"),
    ],
)
def test_archives_that_no_reader_takes(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(sde.DataError, match=rf"none was found \({name} is .*{what}"):
        sde.open_pairs(tmp_path / name)


@pytest.mark.parametrize(("content", "what"), [(POINTER, "git lfs pull"), (b"", "empty"), (PAGE, "web page")])
@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.parquet", "a.safetensors", "a.faiss", "text.npy"])
def test_in_place_of_vectors(tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    np.save(tmp_path / "image.npy", np.eye(3))
    with pytest.raises(sde.DataError, match=what):
        sde.open_embeddings(tmp_path if name == "text.npy" else tmp_path / name)


@pytest.mark.parametrize("name", ["open_clip_model.safetensors", "open_clip_pytorch_model.bin"])
def test_in_place_of_weights(tmp_path, name):
    (tmp_path / "open_clip_config.json").write_text(json.dumps(TINY_CONFIG))
    (tmp_path / name).write_bytes(POINTER)
    with pytest.raises(sde.EncoderError, match="git lfs pull"):
        sde.load_encoder(tmp_path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "convert it to JPEG or PNG"),
        (b"\0" * 128 + b"DICM", "DICOM"),
        (b"\0" * 200, "interrupted copy"),
        (b'\xef\xbb\xbf<?xml version="1.0"?><svg>', "render that to PNG"),
        (b"\xff\x0a\xfa\x1f", "JPEG XL"),
        (b"%PDF-1.4", "save its pages"),
        (b"II*\0\x10\0\0\0CR\x02\0", "convert it to one of those that are read"),
    ],
)
def test_in_place_of_a_picture(content, what):
    with pytest.raises(sde.DataError, match=what):
        decode_image(content)


def test_the_length_of_a_safetensors_header_is_no_sign(tmp_path):
    from safetensors.numpy import save_file

    save_file({"image": np.eye(3, dtype=np.float32)}, tmp_path / "a.safetensors", metadata={"a": "x" * 2_600})
    content = (tmp_path / "a.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    padded = (
        (0xA00 | 0xFF).to_bytes(8, "little") + content[8 : 8 + length].ljust(0xAFF) + content[8 + length :]
    )
    (tmp_path / "a.safetensors").write_bytes(padded)
    assert padded.startswith(b"\xff\x0a")
    assert sde.open_embeddings(tmp_path / "a.safetensors").n_images == 3


def test_python_objects_are_refused_with_what_to_write_instead(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[0.0], [0.0, 1.0]], dtype=object), allow_pickle=True)
    with pytest.raises(sde.DataError, match=r"a\.npy holds Python objects.*astype\(str\)"):
        sde.open_embeddings(tmp_path / "a.npy")
