"""Shards by webdataset's own writer open as webdataset's own reader has them."""

import io

from PIL import Image

import sde_core as sde
from tests.writers.conftest import needed


def test_shards_open_as_their_own_reader_has_them(tmp_path, pictures):
    webdataset = needed("webdataset")
    with webdataset.ShardWriter(str(tmp_path / "train-%04d.tar"), maxcount=4, verbose=0) as sink:
        for i, content in enumerate(pictures):
            mask = io.BytesIO()
            Image.new("L", (8, 8)).save(mask, "PNG")
            sample = {
                "jpg": content,
                "seg.png": mask.getvalue(),
                "txt": f"caption {i}",
                "json": {"number": i},
            }
            sink.write({"__key__": f"part/{i:04d}", **sample})
    shards = "train-{0000..0001}.tar"
    theirs = {
        sample["__key__"]: (sample["jpg"], sample["txt"].decode())
        for sample in webdataset.WebDataset(str(tmp_path / shards), shardshuffle=False)
    }
    pairs = sde.open_pairs(tmp_path / shards)
    ours = {pair.id: (pair.read_image(), pair.captions[0]) for pair in pairs}
    assert ours == theirs
    assert len(ours) == len(pictures)
    assert pairs.skipped == ()
    assert "seg.png" in pairs.remarks[0]
