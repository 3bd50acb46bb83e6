import io
import json
import os
import subprocess
import sys

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.pairs import decode_image, open_pairs
from tests.fixtures import picture_bytes
from tests.sde_core.pairs import hub_server

COLOURS = ["red", "green", "blue", "white", "black"]
IDS = [f"{i:04d}" for i in range(5)]
CAPTIONS = [[f"a {c} square", f"something {c}"] for c in COLOURS]
PICTURES = [picture_bytes(c) for c in COLOURS]
FEATURES = {
    "id": datasets.Value("string"),
    "image": datasets.Image(),
    "captions": datasets.List(datasets.Value("string")),
    "split": datasets.Value("string"),
    "number": datasets.Value("int32"),
}


@pytest.fixture(scope="module", autouse=True)
def _quiet():
    datasets.disable_progress_bars()


def _dataset(**changes):
    columns = {
        "id": IDS,
        "image": [{"bytes": p, "path": None} for p in PICTURES],
        "captions": CAPTIONS,
        "split": ["train"] * 3 + ["test"] * 2,
        "number": list(range(5)),
    }
    return datasets.Dataset.from_dict(columns | changes, features=datasets.Features(FEATURES))


def _write_arrow(path, batches, schema):
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as stream:
        for batch in batches:
            stream.write_batch(batch)


def test_a_saved_data_set_comes_back_as_it_was_written(tmp_path, write_shard, good_members):
    _dataset().save_to_disk(tmp_path / "set", num_shards=2)
    pairs = open_pairs(tmp_path / "set")
    found = list(pairs)
    assert [p.id for p in found] == IDS
    assert found[1].captions == ("a green square", "something green")
    assert dict(found[3].metadata) == {"split": "test", "number": 3}
    assert [p.read_image() for p in found] == PICTURES  # bytes as they were, never decoded by the package
    assert decode_image(found[2].read_image()).getpixel((5, 5)) == pytest.approx((0, 0, 255), abs=8)
    assert (len(pairs), pairs.skipped) == (5, ())
    assert pairs.find("0004").captions == found[4].captions
    shards = open_pairs(write_shard(good_members))
    assert pairs.content_fingerprint() == shards.content_fingerprint()
    with pytest.raises(DataError, match="pair_id must be in"):
        pairs.find("5")


def test_a_saved_dict_opens_by_split(tmp_path):
    whole = _dataset()
    parts = {
        "train": whole.select(range(3)).flatten_indices(),
        "test": whole.select([3, 4]).flatten_indices(),
    }
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "two")
    datasets.DatasetDict(train=parts["train"]).save_to_disk(tmp_path / "one")
    assert [p.id for p in open_pairs(tmp_path / "two/test")] == IDS[3:]
    assert [p.id for p in open_pairs(tmp_path / "one")] == IDS[:3]
    with pytest.raises(DataError, match=r"has 2 splits: open one of them, .*/two/train or .*/two/test"):
        open_pairs(tmp_path / "two")


def test_a_selection_is_saved_as_it_is_seen(tmp_path):
    _dataset().select([4, 1]).save_to_disk(tmp_path / "set")
    assert [p.id for p in open_pairs(tmp_path / "set")] == ["0004", "0001"]


def test_broken_rows_are_skipped_and_pictures_elsewhere_are_not_read(tmp_path):
    outside = tmp_path / "outside.webp"
    outside.write_bytes(PICTURES[0])
    images = [{"bytes": p, "path": None} for p in PICTURES]
    images[1] = {"bytes": None, "path": str(outside)}
    images[2] = {"bytes": None, "path": "../outside.webp"}
    images[3] = {"bytes": b"no picture", "path": None}
    _dataset().save_to_disk(tmp_path / "set")
    struct = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    captions = [[" "], *CAPTIONS[1:]]
    table = pa.table({"id": [*IDS[:4], "0003"], "image": pa.array(images, struct), "captions": captions})
    _write_arrow(tmp_path / "set/data-00000-of-00001.arrow", table.to_batches(), table.schema)
    pairs = open_pairs(tmp_path / "set")
    found = {p.id: p for p in pairs}
    assert list(found) == ["0001", "0002", "0003"]
    reasons = {s.item: s.reason for s in pairs.skipped}
    assert reasons["0000"] == "no caption, or an empty one"
    assert reasons["0003 (data-00000-of-00001.arrow, row 4)"] == "its id was there before"
    for pair_id, why in (("0001", "lies outside"), ("0002", "leads out of the set")):
        with pytest.raises(DataError, match=why):
            found[pair_id].read_image()
    with pytest.raises(DataError, match="not a picture"):
        decode_image(found["0003"].read_image())


def test_a_cut_off_file_gives_what_is_whole_and_names_itself(tmp_path):
    pictures = [os.urandom(3000) for _ in range(5)]
    table = pa.table({"id": IDS, "image": pictures, "caption": ["x"] * 5})
    _dataset().save_to_disk(tmp_path / "set")
    path = tmp_path / "set/data-00000-of-00001.arrow"
    _write_arrow(path, table.to_batches(max_chunksize=1), table.schema)
    path.write_bytes(path.read_bytes()[:-7000])
    pairs = open_pairs(tmp_path / "set")
    assert [p.id for p in pairs] == IDS[:2]
    (reason,) = pairs.skipped
    assert (reason.item, "damaged after 2 rows" in reason.reason) == (path.name, True)


def test_lies_of_an_arrow_file_about_itself_are_found_before_they_are_followed(tmp_path):
    _dataset().save_to_disk(tmp_path / "set")
    path = tmp_path / "set/data-00000-of-00001.arrow"
    good = pa.table({"id": ["a", "b"], "image": PICTURES[:2], "caption": ["x", "y"]})
    offsets = b"".join(n.to_bytes(4, "little") for n in (0, 2**30, 9))  # far beyond the data, and back
    far = pa.Array.from_buffers(pa.binary(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(b"x" * 9)])
    lie = pa.RecordBatch.from_arrays([pa.array(["c", "d"]), far, pa.array(["x", "y"])], schema=good.schema)
    latin = pa.Array.from_buffers(pa.string(), 2, pa.array([b"caf\xe9", b"ok"]).buffers())
    words = pa.RecordBatch.from_arrays(
        [pa.array(["e", "f"]), good["image"].chunk(0), latin], schema=good.schema
    )
    _write_arrow(path, [*good.to_batches(), lie, words], good.schema)
    pairs = open_pairs(tmp_path / "set")
    found = {p.id: p for p in pairs}
    assert list(found) == ["a", "b", "c", "d", "f"]
    with pytest.raises(DataError, match="must be a whole Arrow file"):
        found["d"].read_image()
    assert found["f"].read_image() == PICTURES[1]
    assert "must be UTF-8" in {s.item: s.reason for s in pairs.skipped}["e"]


def _compressed(path, table):
    with (
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_stream(file, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream,
    ):
        stream.write_table(table)


@pytest.mark.parametrize("values", ["plain", "dictionary"])
def test_compressed_batches_that_unpack_to_a_hundredfold_are_refused_before_they_are(tmp_path, values):
    _dataset().save_to_disk(tmp_path / "set")
    path = tmp_path / "set/data-00000-of-00001.arrow"
    words = pa.array(["x" * (1 << 20)] * 100) if values == "plain" else pa.array(["x" * (100 << 20)])
    if values == "dictionary":
        words = pa.DictionaryArray.from_arrays(pa.array([0] * 100), words)
    _compressed(path, pa.table({"image": [b"p"] * 100, "captions": words}))
    assert path.stat().st_size < 100_000
    before = pa.total_allocated_bytes()
    del words
    with pytest.raises(DataError, match="refused as a bomb"):
        open_pairs(tmp_path / "set")
    assert pa.total_allocated_bytes() <= before


def test_compressed_batches_of_usual_captions_are_read(tmp_path):
    _dataset().save_to_disk(tmp_path / "set")
    path = tmp_path / "set/data-00000-of-00001.arrow"
    _compressed(path, pa.table({"image": PICTURES, "captions": [one for one, _ in CAPTIONS]}))
    assert [pair.captions for pair in open_pairs(tmp_path / "set")] == [(one,) for one, _ in CAPTIONS]


def test_more_rows_than_bytes_can_tell_apart_are_refused(tmp_path):
    _dataset().save_to_disk(tmp_path / "set")
    path = tmp_path / "set/data-00000-of-00001.arrow"
    n = 3_000_000
    _compressed(path, pa.table({"image": pa.nulls(n, pa.string()), "captions": pa.nulls(n, pa.string())}))
    with pytest.raises(
        DataError, match=r"has 3,000,000 rows in .* bytes, and may have .*: refused as a bomb"
    ):
        open_pairs(tmp_path / "set")


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("state.json", "{", "state.json cannot be read"),
        ("state.json", "[]", "state.json must hold a JSON object"),
        ("state.json", "{}", "must name its Arrow files"),
        ("state.json", '{"_data_files": [{"filename": "../../x.arrow"}]}', "leads out of the set"),
        ("state.json", '{"_data_files": [{"filename": "gone.arrow"}]}', "there is no file gone.arrow"),
        ("state.json", '{"_data_files": [3]}', "is not the name of a file"),
        (
            "state.json",
            '{"_data_files": [{"filename": "a"}], "_indices_files": [3]}',
            "flatten_indices",
        ),
        ("data-00000-of-00001.arrow", "", "must be a whole Arrow file"),
        ("data-00000-of-00001.arrow", "not an arrow file at all", "must be a whole Arrow file"),
    ],
)
def test_a_folder_that_is_no_whole_data_set_is_refused(tmp_path, file, content, says):
    _dataset().save_to_disk(tmp_path / "set")
    (tmp_path / "set" / file).write_text(content)
    with pytest.raises(DataError, match=says) as caught:
        open_pairs(tmp_path / "set")
    assert "\n" not in str(caught.value)


def test_columns_and_splits_that_are_missing_are_named(tmp_path):
    _dataset().select_columns("split").save_to_disk(tmp_path / "set")
    with pytest.raises(DataError, match="must have a picture column"):
        open_pairs(tmp_path / "set")
    (tmp_path / "dict").mkdir()
    for content, says in (
        ('{"splits": []}', "has 0 splits"),
        ('{"splits": [1]}', "must list its splits"),
        ("{}", "must list"),
    ):
        (tmp_path / "dict/dataset_dict.json").write_text(content)
        with pytest.raises(DataError, match=says):
            open_pairs(tmp_path / "dict")
    with pytest.raises(DataError, match="folder written by save_to_disk"):
        open_pairs(tmp_path / "dict/dataset_dict.json", "huggingface")


@pytest.mark.parametrize(
    "uri", ["hf://", "hf://name", "hf://a/b/c/d", "hf://../x", "hf://a/b:c:d", "hf://a/b/train[:10%]"]
)
def test_what_is_no_hub_name_says_how_one_looks(uri):
    with pytest.raises(DataError, match=r"must be hf://organisation/name"):
        open_pairs(uri)


def test_a_missing_package_is_one_sentence_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(DataError, match=r"needs the package datasets.*pip install -e \.\[datasets\]"):
        open_pairs("hf://org/name")


_SCRIPT = """
import json, os, socket, sys, time, urllib.request
from sde_core.pairs import open_pairs

def attempt(uri):
    try:
        pairs = open_pairs(uri)
        return [[p.id, list(p.captions), p.read_image().hex()] for p in pairs]
    except ValueError as error:
        return str(error)

uris = ["hf://org/name/test", "hf://org/name", "hf://org/name:other", "hf://org/name/val", "hf://org/none"]
online = [attempt(uri) for uri in uris]
urllib.request.urlopen(os.environ["HF_ENDPOINT"] + "/stop").close()
# The hub is gone once it refuses: a client that still found it would try again for minutes.
while socket.socket().connect_ex(("127.0.0.1", int(os.environ["HF_ENDPOINT"].rsplit(":", 1)[1]))) == 0:
    time.sleep(0.01)
offline = [attempt("hf://org/name/test"), attempt("hf://org/elsewhere")]
print(json.dumps([online, offline]))
"""


def test_a_data_set_of_the_hub_is_downloaded_once_and_found_again_without_a_network(tmp_path):
    struct = pa.struct({"bytes": pa.binary(), "path": pa.string()})
    files = {"README.md": b"---\nlicense: mit\n---\n"}
    for split, rows in (("train", slice(0, 3)), ("test", slice(3, 5))):
        images = pa.array([{"bytes": p, "path": "a.webp"} for p in PICTURES[rows]], struct)
        out = io.BytesIO()
        pq.write_table(pa.table({"id": IDS[rows], "image": images, "caption": CAPTIONS[rows]}), out)
        files[f"data/{split}-00000-of-00001.parquet"] = out.getvalue()
    server = hub_server.start(files)
    proxies = {"http_proxy", "https_proxy", "all_proxy"}
    environment = {k: v for k, v in os.environ.items() if k.lower() not in proxies} | {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(tmp_path / "hub"),
        "HF_HUB_DISABLE_XET": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    (test, several, other, val, none), (again, elsewhere) = json.loads(done.stdout.splitlines()[-1])
    assert test == [[IDS[i], CAPTIONS[i], PICTURES[i].hex()] for i in (3, 4)]
    assert "has 2 splits: open one of them, hf://org/name/train or hf://org/name/test" in several
    assert "hf://org/name:other cannot be opened: BuilderConfig 'other' not found" in other
    assert 'Unknown split "val"' in val
    assert "the hub has no data set of the name hf://org/none" in none
    assert again == test
    assert "is not on this machine and the hub cannot be reached" in elsewhere
