"""Rows and files of a parquet folder that cannot be used: skipped with their reason, or refused."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sde_core.errors import DataError
from sde_core.pairs import decode_image, open_pairs
from tests.sde_core.pairs.tables import IDS, PICTURES, reasons_of, table_of


def test_paths_that_lead_out_and_addresses_are_skipped_with_their_reason(write_parquet, tmp_path):
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
    pairs = open_pairs(write_parquet(table, "set/pairs.parquet"))
    assert [p.id for p in pairs] == ["ok"]
    reasons = reasons_of(pairs)
    assert set(reasons) == set(paths) - {"ok"}
    assert "leads out of the set" in reasons["up"]
    assert "lies outside" in reasons["absolute"]
    assert "is a link out of" in reasons["link"]
    assert "there is no file gone.webp" in reasons["gone"]
    assert "not a regular file" in reasons["folder"]
    assert "nothing is downloaded" in reasons["address"]
    assert reasons["empty"] == reasons["null"] == "no picture: its path is empty"


def test_broken_rows_are_skipped_with_their_reason_and_the_rest_survives(write_parquet):
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
    pairs = open_pairs(write_parquet(table))
    assert [p.id for p in pairs] == ["ok"]
    reasons = reasons_of(pairs)
    assert reasons["empty"] == "no caption, or an empty one"
    assert "at most 100,000" in reasons["long"]
    assert "must be UTF-8" in reasons["latin"]
    assert reasons["ok (pairs.parquet, row 4)"] == "its id was there before"
    assert reasons["pairs.parquet, row 5"] == "its id is empty"
    assert (len(pairs), pairs.n_items) == (1, 5)


def test_of_rows_with_one_id_the_first_usable_one_counts(write_parquet):
    table = pa.table({"id": ["a", "a", "a"], "image": PICTURES[:3], "caption": ["", "yes", "no"]})
    pairs = open_pairs(write_parquet(table, row_group_size=1))
    assert [p.captions for p in pairs] == [("yes",)]
    assert pairs.find("a").read_image() == PICTURES[1]
    assert [s.reason for s in pairs.skipped] == ["no caption, or an empty one", "its id was there before"]
    with pytest.raises(DataError, match="no caption"):
        open_pairs(write_parquet(table.slice(0, 1))).find("a")


def test_pictures_that_are_none_say_so_when_they_are_read(write_parquet):
    pairs = open_pairs(write_parquet(table_of(image=[PICTURES[0], None, b"", b"no picture", PICTURES[4]])))
    found = list(pairs)  # a null is seen before anything is read
    assert [s.reason for s in pairs.skipped] == ["no picture: its cell is empty"]
    with pytest.raises(DataError, match="no picture: its cell is empty"):
        found[1].read_image()
    with pytest.raises(DataError, match="not a picture"):
        decode_image(found[2].read_image())
    assert found[3].read_image() == PICTURES[4]


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
def test_columns_that_are_missing_or_of_another_type_are_named(write_parquet, table, says):
    with pytest.raises(DataError, match=says) as caught:
        open_pairs(write_parquet(table))
    assert "pairs.parquet" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_skips_the_files_that_cannot_be_used(write_parquet, tmp_path):
    write_parquet(table_of(), "b.parquet", row_group_size=2)
    (tmp_path / "a.parquet").write_bytes((tmp_path / "b.parquet").read_bytes()[:-40])  # cut off
    (tmp_path / "c.parquet").write_bytes(b"")
    write_parquet(pa.table({"x": [1]}), "d.parquet")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    pq.write_table(table_of(), elsewhere / "e.parquet")
    (tmp_path / "set").mkdir()
    (tmp_path / "e.parquet").symlink_to(elsewhere / "e.parquet")
    for name in "abcd":
        (tmp_path / f"{name}.parquet").rename(tmp_path / "set" / f"{name}.parquet")
    (tmp_path / "e.parquet").rename(tmp_path / "set" / "e.parquet")
    pairs = open_pairs(tmp_path / "set")
    assert [p.id for p in pairs] == IDS
    reasons = reasons_of(pairs)
    assert set(reasons) == {"a.parquet", "c.parquet", "d.parquet", "e.parquet"}
    assert "must be a whole parquet file" in reasons["a.parquet"]
    assert "must have a picture column" in reasons["d.parquet"]
    assert "is a link out of" in reasons["e.parquet"]
    for name in ("a.parquet", "c.parquet"):
        with pytest.raises(DataError, match=r"must be a whole parquet file|is empty"):
            open_pairs(tmp_path / "set" / name)


def test_a_damaged_row_group_is_skipped_and_the_others_survive(write_parquet):
    path = write_parquet(table_of(), row_group_size=2, compression="none", use_dictionary=False)
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
    with pytest.raises(DataError, match=r"must be a whole parquet file|is empty"):
        pairs.find("0002")


def test_no_row_at_all_is_an_empty_set(write_parquet):
    pairs = open_pairs(write_parquet(table_of().slice(0, 0)))
    assert (list(pairs), len(pairs), pairs.skipped) == ([], 0, ())


def test_a_pattern_without_files_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"there is no .*x-\*\.parquet"):
        open_pairs(tmp_path / "x-*.parquet")
    with pytest.raises(DataError, match="must name parquet files"):
        open_pairs(tmp_path, "parquet")


@pytest.mark.parametrize("column", ["captions", "image"])
def test_one_large_value_for_every_row_is_no_way_to_fill_the_memory(write_parquet, column):
    large = "x" * (1 << 20)
    values = [large] * 2_000 if column == "captions" else [large.encode()] * 2_000
    other = {"captions": ["a"] * 2_000} if column == "image" else {"image": [PICTURES[0]] * 2_000}
    table = pa.table({column: pa.array(values), **other})
    path = write_parquet(table, use_dictionary=True, compression="zstd", dictionary_pagesize_limit=4 << 20)
    assert path.stat().st_size < 100_000
    pairs = open_pairs(path)
    if column == "captions":  # a group that cannot be read is skipped
        assert list(pairs) == []
        assert any("refused as a bomb" in skipped.reason for skipped in pairs.skipped)
    else:
        with pytest.raises(DataError, match="refused as a bomb"):
            [pair.read_image() for pair in pairs]


def test_the_same_caption_for_every_row_is_read(write_parquet):
    n = 20_000
    path = write_parquet(
        pa.table({"image": [PICTURES[0]] * n, "captions": ["a photo of a dog"] * n}), compression="zstd"
    )
    assert sum(1 for _ in open_pairs(path)) == n


def test_more_rows_than_bytes_can_tell_apart_are_refused(write_parquet):
    n = 3_000_000
    equal = {"image": "a.jpg", "captions": "a photo of a dog"}
    columns = {
        name: pa.DictionaryArray.from_arrays(pa.array([0]).take(pa.array([0] * n)), [value])
        for name, value in equal.items()
    }
    path = write_parquet(pa.table(columns), compression="zstd")
    assert path.stat().st_size < 50_000
    with pytest.raises(
        DataError, match=r"has 3,000,000 rows in .* bytes, and may have .*: refused as a bomb"
    ):
        open_pairs(path)
