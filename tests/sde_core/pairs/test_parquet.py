import os
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.pairs import decode_image, open_pairs, parquet
from tests.fixtures import picture_bytes

COLOURS = ["red", "green", "blue", "white", "black"]
IDS = [f"{i:04d}" for i in range(5)]
CAPTIONS = [[f"a {c} square", f"something {c}"] for c in COLOURS]
PICTURES = [picture_bytes(c) for c in COLOURS]


def _table(**changes):
    columns = {
        "id": IDS,
        "image": PICTURES,
        "captions": CAPTIONS,
        "split": ["train"] * 3 + ["test"] * 2,
        "number": range(5),
    }
    columns |= changes
    return pa.table({k: pa.array(v) for k, v in columns.items() if v is not None})


@pytest.fixture
def write(tmp_path):
    def write(table, name="pairs.parquet", **options):
        pq.write_table(table, tmp_path / name, **options)
        return tmp_path / name

    return write


def _reasons(pairs):
    return {s.item: s.reason for s in pairs.skipped}


STRUCTS = [{"bytes": p, "path": f"{i}.webp"} for i, p in enumerate(PICTURES)]


@pytest.mark.parametrize(
    "image",
    [
        PICTURES,
        pa.array(PICTURES, pa.large_binary()),
        pa.array(PICTURES, pa.binary_view()),
        STRUCTS,
        pa.array(PICTURES).dictionary_encode(),
    ],
    ids=["binary", "large_binary", "binary_view", "struct", "dictionary"],
)
def test_pairs_come_back_as_they_were_written(write, write_shard, good_members, image):
    pairs = open_pairs(write(_table(image=image), row_group_size=2))
    found = list(pairs)
    assert [p.id for p in found] == IDS
    assert found[1].captions == ("a green square", "something green")
    assert dict(found[3].metadata) == {"split": "test", "number": 3}
    assert decode_image(found[2].read_image()).getpixel((5, 5)) == pytest.approx((0, 0, 255), abs=8)
    assert (len(pairs), pairs.skipped) == (5, ())
    assert pairs.find("0004").captions == found[4].captions
    assert pairs.find("0003").read_image() == PICTURES[3]
    shards = open_pairs(write_shard(good_members))
    assert pairs.content_fingerprint() == shards.content_fingerprint()


@pytest.mark.parametrize(
    "captions",
    [
        pa.array(CAPTIONS, pa.large_list(pa.large_string())),
        pa.array(CAPTIONS, pa.list_(pa.string(), 2)),
        pa.array(CAPTIONS, pa.list_(pa.string_view())),
    ],
    ids=["large", "fixed", "view"],
)
def test_every_kind_of_list_holds_captions(write, captions):
    assert [list(p.captions) for p in open_pairs(write(_table(captions=captions)))] == CAPTIONS


def test_one_caption_a_row_under_any_usual_name_and_case(write):
    for name in ("caption", "TEXT", "title"):
        table = _table(captions=None, **{name: pa.array([c[0] for c in CAPTIONS]).dictionary_encode()})
        assert [p.captions for p in open_pairs(write(table))] == [(c[0],) for c in CAPTIONS]


def test_pictures_as_paths_beside_the_file_are_one_pair_a_path(write, tmp_path):
    (tmp_path / "sub").mkdir()
    for i, content in enumerate(PICTURES):
        (tmp_path / "sub" / f"{i}.webp").write_bytes(content)
    paths = [f"sub/{i}.webp" for i in (0, 1, 0, 2, 3, 4, 0)]
    table = pa.table({"filepath": paths, "title": ["a", "b", "c", "d", "e", "f", "a"]})
    pairs = open_pairs(write(table, row_group_size=2))
    found = list(pairs)
    assert [p.id for p in found] == [f"sub/{i}.webp" for i in range(5)]
    assert found[0].captions == ("a", "c")
    assert pairs.find("sub/0.webp").captions == ("a", "c")
    assert [p.read_image() for p in found] == PICTURES
    assert (len(pairs), pairs.skipped) == (5, ())
    with_ids = _table(image=[str(tmp_path / "sub" / f"{i}.webp") for i in range(5)])  # absolute, but inside
    assert [p.read_image() for p in open_pairs(write(with_ids))] == PICTURES


def test_rows_of_one_picture_are_one_pair_and_numbered_columns_are_captions(write, tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.webp").write_bytes(PICTURES[i])
    table = pa.table(
        {
            "key": ["a", "b", "a", "a"],
            "filepath": ["0.webp", "1.webp", "0.webp", "1.webp"],
            "caption_2": ["two", "y", "two", "z"],
            "Caption 1": ["one", "x", "more", "z"],
        }
    )
    pairs = open_pairs(write(table, row_group_size=1))
    assert [(p.id, p.captions) for p in pairs] == [("a", ("one", "two", "more")), ("b", ("x", "y"))]
    assert _reasons(pairs) == {"a (pairs.parquet, row 3)": "its id was there before, with another picture"}
    coco = pa.table(
        {"image_id": [7, 7, 8], "image": PICTURES[:3], "sentence": ["a", "b", "c"], "id": [1, 2, 3]}
    )
    pairs = open_pairs(write(coco))
    assert [(p.id, p.captions) for p in pairs] == [("7", ("a", "b")), ("8", ("c",))]
    assert (pairs.find("7").captions, len(pairs), pairs.skipped) == (("a", "b"), 2, ())


def test_paths_that_lead_out_and_addresses_are_skipped_with_their_reason(write, tmp_path):
    inside = tmp_path / "set"
    inside.mkdir()
    (tmp_path / "secret.webp").write_bytes(PICTURES[0])
    (inside / "link.webp").symlink_to(tmp_path / "secret.webp")
    (inside / "ok.webp").write_bytes(PICTURES[0])
    (inside / "fifo").mkdir()
    paths = {
        "ok": "ok.webp",
        "up": "../secret.webp",
        "absolute": str(tmp_path / "secret.webp"),
        "link": "link.webp",
        "gone": "gone.webp",
        "folder": "fifo",
        "address": "https://example.org/a.jpg",
        "empty": " ",
        "null": None,
    }
    table = pa.table({"id": list(paths), "path": list(paths.values()), "caption": ["c"] * len(paths)})
    pairs = open_pairs(write(table, "set/pairs.parquet"))
    assert [p.id for p in pairs] == ["ok"]
    reasons = _reasons(pairs)
    assert set(reasons) == set(paths) - {"ok"}
    assert "leads out of the set" in reasons["up"]
    assert "lies outside" in reasons["absolute"]
    assert "is a link out of" in reasons["link"]
    assert "there is no file gone.webp" in reasons["gone"]
    assert "not a regular file" in reasons["folder"]
    assert "nothing is downloaded" in reasons["address"]
    assert reasons["empty"] == reasons["null"] == "no picture: its path is empty"


def test_rows_without_ids_are_numbered_and_found_again(write):
    one = open_pairs(write(_table(id=None), row_group_size=2))
    assert [p.id for p in one] == ["0", "1", "2", "3", "4"]
    assert one.find("3").read_image() == PICTURES[3]
    for wrong in ("5", "-1", "x", "", "²", "9" * 30):
        with pytest.raises(DataError, match="pair_id must be in"):
            one.find(wrong)
    write(_table(id=None), "b.parquet")
    two = open_pairs(write(_table(id=None), "a.parquet").parent / "?.parquet")
    ids = [p.id for p in two]
    assert ids[4:6] == ["a.parquet#4", "b.parquet#0"]
    assert two.find("b.parquet#2").captions == tuple(CAPTIONS[2])
    with pytest.raises(DataError, match="pair_id must be in"):
        two.find("2")


def test_whole_numbers_are_ids_as_text(write):
    pairs = open_pairs(write(_table(id=[7, 8, 9, 10, 2**40])))
    assert [p.id for p in pairs] == ["7", "8", "9", "10", str(2**40)]
    assert pairs.find("10").captions == tuple(CAPTIONS[3])


def test_broken_rows_are_skipped_with_their_reason_and_the_rest_survives(write):
    latin = pa.Array.from_buffers(  # text that is not UTF-8, as careless writers make it
        pa.string(), 6, pa.array([b"ok", b"", b"x" * 200_000, b"caf\xe9", b"twice", b"no id"]).buffers()
    )
    table = pa.table(
        {
            "id": ["ok", "empty", "long", "latin", "ok", None],
            "image": [PICTURES[0]] * 6,
            "caption": latin,
            "number": [1, None, 3, 4, 5, 6],
        }
    )
    pairs = open_pairs(write(table))
    assert [p.id for p in pairs] == ["ok"]
    reasons = _reasons(pairs)
    assert reasons["empty"] == "no caption, or an empty one"
    assert "at most 100,000" in reasons["long"]
    assert "must be UTF-8" in reasons["latin"]
    assert reasons["ok (pairs.parquet, row 4)"] == "its id was there before"
    assert reasons["pairs.parquet, row 5"] == "its id is empty"
    assert (len(pairs), pairs.n_items) == (1, 5)


def test_of_rows_with_one_id_the_first_usable_one_counts(write):
    table = pa.table({"id": ["a", "a", "a"], "image": PICTURES[:3], "caption": ["", "yes", "no"]})
    pairs = open_pairs(write(table, row_group_size=1))
    assert [p.captions for p in pairs] == [("yes",)]
    assert pairs.find("a").read_image() == PICTURES[1]
    assert [s.reason for s in pairs.skipped] == ["no caption, or an empty one", "its id was there before"]
    with pytest.raises(DataError, match="no caption"):
        open_pairs(write(table.slice(0, 1))).find("a")


def test_pictures_that_are_none_say_so_when_they_are_read(write):
    pairs = open_pairs(write(_table(image=[PICTURES[0], None, b"", b"no picture", PICTURES[4]])))
    found = list(pairs)  # a null is seen before anything is read
    assert [s.reason for s in pairs.skipped] == ["no picture: its cell is empty"]
    with pytest.raises(DataError, match="no picture: its cell is empty"):
        found[1].read_image()
    with pytest.raises(DataError, match="not a picture"):
        decode_image(found[2].read_image())
    assert found[3].read_image() == PICTURES[4]


def test_a_struct_without_bytes_leads_to_the_file_beside(write, tmp_path):
    (tmp_path / "a.webp").write_bytes(PICTURES[0])
    cells = [{"bytes": None, "path": p} for p in ("a.webp", "../a.webp", None, "b.webp", "")]
    found = list(
        open_pairs(
            write(_table(image=pa.array(cells, pa.struct({"bytes": pa.binary(), "path": pa.string()}))))
        )
    )
    assert found[0].read_image() == PICTURES[0]
    for pair, why in zip(found[1:], ["leads out", "no file", "cell is empty"], strict=True):
        with pytest.raises(DataError, match=why):
            pair.read_image()


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (pa.table({"label": ["a"]}), r"must have a picture column: .*, or a caption column.*; it has label"),
        (pa.table({"image": [1], "caption": ["a"]}), r"must have a picture column: .* image \(int64\)"),
        (
            pa.table({"image": [b"a"], "caption": [3]}),
            "column caption must hold text or lists of text; it holds int64",
        ),
        (pa.table({"a": [b"a"], "b": [b"b"], "caption": ["x"]}), "must have a picture column"),
        (
            pa.table([pa.array([b"a"]), pa.array(["x"]), pa.array(["y"])], ["image", "text", "text"]),
            "'text' comes twice",
        ),
        (pa.table({"qry_text": ["a"], "tgt_text": [["b"]]}), "evaluate_mmeb"),
        (pa.table({}), "it has no column"),
    ],
)
def test_columns_that_are_missing_or_of_another_type_are_named(write, table, says):
    with pytest.raises(DataError, match=says) as caught:
        open_pairs(write(table))
    assert "pairs.parquet" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_of_one_modality_opens_and_says_what_was_not_found(write):
    """What img2dataset writes without captions: rows that failed have a status, and no picture."""
    table = pa.table(
        {
            "key": ["0", "1", "2"], "image_bytes": [PICTURES[0], None, PICTURES[2]], "alt": ["a", "b", "c"],
            "status": ["success", "failed_to_download", "success"], "error_message": [None, "HTTP 404", None],
        }
    )  # fmt: skip
    pairs = open_pairs(write(table))
    assert [(p.id, p.captions, p.metadata["alt"]) for p in pairs] == [("0", (), "a"), ("2", (), "c")]
    assert pairs.modalities == ("image",)
    assert "No column of captions was recognised among 'key', 'image_bytes', 'alt'" in pairs.remarks[0]
    assert pairs.skipped[0].reason == "img2dataset: failed_to_download: HTTP 404 (None)"
    texts = open_pairs(write(pa.table({"caption": ["a", "", "b"], "lang": ["en", "en", "de"]})))
    assert [(p.id, p.captions) for p in texts] == [("0", ("a",)), ("2", ("b",))]
    assert texts.modalities == ("text",)
    with pytest.raises(DataError, match="holds captions only"):
        texts.find("2").read_image()


def test_a_folder_skips_the_files_that_cannot_be_used(write, tmp_path):
    write(_table(), "b.parquet", row_group_size=2)
    (tmp_path / "a.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:-40])  # cut off
    (tmp_path / "c.parquet").write_bytes(b"")
    write(pa.table({"x": [1]}), "d.parquet")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pq.write_table(_table(), elsewhere / "e.parquet")
    (tmp_path / "set").mkdir()
    (tmp_path / "e.parquet").symlink_to(elsewhere / "e.parquet")
    for name in "abcd":
        (tmp_path / f"{name}.parquet").rename(tmp_path / "set" / f"{name}.parquet")
    (tmp_path / "e.parquet").rename(tmp_path / "set" / "e.parquet")
    pairs = open_pairs(tmp_path / "set")
    assert [p.id for p in pairs] == IDS
    reasons = _reasons(pairs)
    assert set(reasons) == {"a.parquet", "c.parquet", "d.parquet", "e.parquet"}
    assert "must be a whole parquet file" in reasons["a.parquet"]
    assert "must have a picture column" in reasons["d.parquet"]
    assert "is a link out of" in reasons["e.parquet"]
    for name in ("a.parquet", "c.parquet"):
        with pytest.raises(DataError, match=r"must be a whole parquet file|is empty"):
            open_pairs(tmp_path / "set" / name)


def test_a_damaged_row_group_is_skipped_and_the_others_survive(write):
    path = write(_table(), row_group_size=2, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(1).column(2)
    assert column.path_in_schema.startswith("captions")
    content[column.data_page_offset : column.data_page_offset + column.total_compressed_size] = (
        b"\xff" * column.total_compressed_size
    )
    path.write_bytes(content)
    pairs = open_pairs(path)
    assert [p.id for p in pairs] == ["0000", "0001", "0004"]
    (reason,) = pairs.skipped
    assert reason.item == "pairs.parquet, rows 2 to 3"
    with pytest.raises(DataError, match="must be a whole parquet file"):
        pairs.find("0002")


def test_no_row_at_all_is_an_empty_set(write):
    pairs = open_pairs(write(_table().slice(0, 0)))
    assert (list(pairs), len(pairs), pairs.skipped) == ([], 0, ())


def test_opening_and_finding_read_no_picture(write, monkeypatch):
    path = write(_table(), row_group_size=1)
    columns = set()
    real = parquet._ParquetPart.batches

    def batches(self, file, group, names, rows):
        columns.update(names)
        return real(self, file, group, names, rows)

    monkeypatch.setattr(parquet._ParquetPart, "batches", batches)
    pairs = open_pairs(path)
    assert columns == set()
    pair = pairs.find("0003")
    assert len(list(pairs)) == len(pairs) == 5
    assert "image" not in columns
    assert pair.read_image() == PICTURES[3]
    assert "image" in columns


def test_pictures_are_read_forward_back_and_by_threads(write):
    pictures = [os.urandom(30) for _ in range(300)]
    table = pa.table({"image": pictures, "caption": [str(i) for i in range(300)]})
    pairs = open_pairs(write(table, row_group_size=70))
    found = list(pairs)
    order = [*range(300), *reversed(range(300)), 5, 299, 71, 6, 140, 0]
    assert [found[i].read_image() for i in order] == [pictures[i] for i in order]
    wrong: list[int] = []

    def read(start):
        wrong.extend(i for i in range(start, 300, 7) if pairs.find(str(i)).read_image() != pictures[i])

    threads = [threading.Thread(target=read, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_fingerprint_follows_the_content_not_the_place(write, tmp_path):
    first = open_pairs(write(_table(), "pairs.parquet"))
    again = open_pairs(write(_table(), "pairs.parquet"))
    assert first.fingerprint == again.fingerprint
    assert open_pairs(write(_table(number=[0, 1, 2, 3, 5]))).fingerprint != first.fingerprint


def test_a_pattern_without_files_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"there is no .*x-\*\.parquet"):
        open_pairs(tmp_path / "x-*.parquet")
    with pytest.raises(DataError, match="must name parquet files"):
        open_pairs(tmp_path, "parquet")


@pytest.mark.parametrize("column", ["captions", "image"])
def test_one_large_value_for_every_row_is_no_way_to_fill_the_memory(write, column):
    large = "x" * (1 << 20)
    values = [large] * 2_000 if column == "captions" else [large.encode()] * 2_000
    other = {"captions": ["a"] * 2_000} if column == "image" else {"image": [PICTURES[0]] * 2_000}
    table = pa.table({column: pa.array(values), **other})
    path = write(table, use_dictionary=True, compression="zstd", dictionary_pagesize_limit=4 << 20)
    assert path.stat().st_size < 100_000
    pairs = open_pairs(path)
    if column == "captions":  # a group that cannot be read is skipped
        assert list(pairs) == []
        assert any("refused as a bomb" in skipped.reason for skipped in pairs.skipped)
    else:
        with pytest.raises(DataError, match="refused as a bomb"):
            [pair.read_image() for pair in pairs]


def test_the_same_caption_for_every_row_is_read(write):
    n = 20_000
    path = write(
        pa.table({"image": [PICTURES[0]] * n, "captions": ["a photo of a dog"] * n}), compression="zstd"
    )
    assert sum(1 for _ in open_pairs(path)) == n
