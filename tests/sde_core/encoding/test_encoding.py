import importlib
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import sde_core as sde
from sde_core.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def encoder(tiny_encoder_folder):
    return sde.load_encoder(tiny_encoder_folder, device="cpu")


def test_vectors_belong_to_their_pairs(encoder, write_shard, good_members):
    pairs = sde.open_pairs(write_shard(good_members))
    made = sde.encode_pairs(encoder, pairs, batch_size=2)
    assert made.image_ids == ("0000", "0001", "0002", "0003", "0004")
    assert made.captions_of(3) == ("a white square", "something white")
    alone = encoder.encode_images(encoder.preprocess(_picture(pairs, "0003"))[None])
    # The batch may change the order of float32 sums, nothing else.
    np.testing.assert_allclose(made.image[3], alone[0].numpy(), atol=2e-6)
    np.testing.assert_allclose(
        made.text[made.primary_text[3]], encoder.encode_texts(["a white square"])[0], atol=2e-6
    )
    assert made.metadata["number"].tolist() == [0, 1, 2, 3, 4]
    assert made.provenance.weights_sha256 == encoder.weights_sha256
    assert made.provenance.pairs_fingerprint == pairs.fingerprint


def test_the_batch_size_changes_nothing(encoder, write_shard, good_members):
    path = write_shard(good_members)
    one, many = (
        sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=b, workers=w) for b, w in ((1, 0), (64, 0))
    )
    np.testing.assert_allclose(one.image, many.image, atol=2e-6)
    np.testing.assert_allclose(one.text, many.text, atol=2e-6)
    assert one.links.tolist() == many.links.tolist()


def test_a_caption_that_pictures_share_is_encoded_once(encoder, write_shard, good_members):
    shared = [(n, b"the same\nsecond\n" if n.endswith("txt") else c) for n, c in good_members]
    made = sde.encode_pairs(encoder, sde.open_pairs(write_shard(shared)))
    assert made.captions == ("the same", "second")
    assert made.links[:, 0].tolist() == [0, 1] * 5


def test_broken_pictures_are_skipped_counted_and_listed(encoder, write_shard, good_members):
    broken = [(n, b"not a picture" if n == "0001.webp" else c) for n, c in good_members]
    broken += [("0009.webp", good_members[0][1]), ("0009.txt", b"")]
    made = sde.encode_pairs(encoder, sde.open_pairs(write_shard(broken)), batch_size=2)
    assert made.image_ids == ("0000", "0002", "0003", "0004")
    reasons = {s.item: re.split("[;:]", s.reason)[0] for s in made.skipped}
    assert reasons == {
        "0009": "no caption, or an empty one",
        "0001": "the picture's format is not known, or the file is not a picture",
    }


def test_a_set_without_one_usable_pair_is_refused(encoder, write_shard, good_members):
    bad = [(n, b"x" if n.endswith("webp") else c) for n, c in good_members]
    with pytest.raises(DataError, match=r"at least one usable pair; 5 were skipped; the first: 0000"):
        sde.encode_pairs(encoder, sde.open_pairs(write_shard(bad)))


def test_progress_counts_both_stages_and_can_cancel(encoder, write_shard, good_members):
    seen = []
    path = write_shard(good_members)
    sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=2, progress=seen.append)
    assert [(p.stage, p.done, p.total) for p in seen if p.stage == "images"] == [
        ("images", 2, 5),
        ("images", 4, 5),
        ("images", 5, 5),
    ]
    assert (seen[-1].stage, seen[-1].done, seen[-1].total, seen[-1].seconds_left) == ("captions", 10, 10, 0.0)

    class CancelledError(Exception):
        pass

    def cancel(_):
        raise CancelledError

    with pytest.raises(CancelledError):
        sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=2, progress=cancel)


@pytest.mark.parametrize(("option", "value"), [("batch_size", 0), ("workers", -1)])
def test_counts_that_there_cannot_be_are_refused(encoder, write_shard, good_members, option, value):
    with pytest.raises(ConfigError, match=f"{option} must be at least {value + 1}; got {value}"):
        sde.encode_pairs(encoder, sde.open_pairs(write_shard(good_members)), **{option: value})


@pytest.fixture
def one_thread():
    """The encoder computes with one thread, whose number moves last bits and follows the number of workers."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_processes_that_decode_give_the_same_set_as_threads(encoder, write_shard, good_members):
    broken = [(n, b"not a picture" if n == "0002.webp" else c) for n, c in good_members]
    path = write_shard(broken)
    threads, processes = (
        sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=2, workers=w) for w in (0, 2)
    )
    assert processes.fingerprint == threads.fingerprint
    assert processes.skipped == threads.skipped
    assert [s.item for s in processes.skipped] == ["0002"]


_LIGHT = """
import os, time
import numpy as np, torch

class Light:
    \"\"\"Needs no torchvision, so that its process begins soon; ends or stops its process at two colours.\"\"\"

    def __call__(self, picture):
        pixels = np.asarray(picture.resize((32, 32)), np.float32)
        red, green, blue = pixels.mean(axis=(0, 1))
        if blue > 200 and red < 50:
            os.kill(os.getpid(), 9)
        if green > 100 and red < 50:
            time.sleep(600)
        return torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)
"""


@pytest.fixture
def light_encoder(encoder, tmp_path, monkeypatch):
    """The encoder with a preprocessing that kills its process at blue, and hangs it at green."""
    (tmp_path / "light_preprocessing.py").write_text(_LIGHT)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "light_preprocessing", raising=False)
    return replace(encoder, preprocess=importlib.import_module("light_preprocessing").Light())


def test_a_picture_that_kills_or_hangs_its_process_is_skipped_alone(
    light_encoder, write_shard, good_members, monkeypatch
):
    from sde_core.encoding import decode_process

    monkeypatch.setattr(decode_process, "TIMEOUT_S", 4.0)
    before = _children()
    made = sde.encode_pairs(light_encoder, sde.open_pairs(write_shard(good_members)), batch_size=5, workers=1)
    assert made.image_ids == ("0000", "0003", "0004")
    reason = "the process that decoded it was ended by signal 9: the picture is damaged, or memory is short"
    assert [(s.item, s.reason) for s in made.skipped] == [("0001", reason), ("0002", reason)]
    assert _children() <= before


def test_cancelling_ends_the_processes(light_encoder, write_shard, good_members):
    def cancel(_):
        raise InterruptedError

    pairs = sde.open_pairs(write_shard([m for m in good_members if m[0][:4] in ("0000", "0003", "0004")]))
    before = _children()
    with pytest.raises(InterruptedError):
        sde.encode_pairs(light_encoder, pairs, batch_size=1, workers=2, progress=cancel)
    assert _children() <= before


def _children():
    """Processes that this one has started; other tests may have some that live on."""
    tasks = Path(f"/proc/{os.getpid()}/task")
    listed = [task / "children" for task in tasks.iterdir()] if tasks.exists() else []
    return {child for path in listed if path.exists() for child in path.read_text().split()}


def test_a_preprocessing_that_no_process_can_take_is_refused(encoder, write_shard, good_members):
    local = replace(encoder, preprocess=lambda picture: encoder.preprocess(picture))
    pairs = sde.open_pairs(write_shard(good_members))
    with pytest.raises(ConfigError, match="workers must be 0 here: a process for decoding does not start"):
        sde.encode_pairs(local, pairs, workers=1)
    assert sde.encode_pairs(local, pairs, workers=0).n_images == 5


def test_vectors_beyond_the_bound_lie_in_a_file_and_are_the_same(
    encoder, write_shard, good_members, monkeypatch
):
    from sde_core.files import row_buffer

    path = write_shard(good_members)
    small = sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=2)
    monkeypatch.setattr(row_buffer, "IN_MEMORY_BYTES", 100)
    large = sde.encode_pairs(encoder, sde.open_pairs(path), batch_size=2)
    assert isinstance(large.image, np.memmap)
    assert large.fingerprint == small.fingerprint


def _picture(pairs, pair_id):
    from sde_core.pairs import decode_image

    return decode_image(pairs.find(pair_id).read_image())
