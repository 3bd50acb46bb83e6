import os
import threading

import pyarrow as pa
import pytest

from sde_core.errors import DataError
from sde_core.pairs import decode_image, open_pairs, parquet
from tests.sde_core.pairs.tables import CAPTIONS, IDS, PICTURES, STRUCTS, reasons_of, table_of


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
def test_pairs_come_back_as_they_were_written(write_parquet, write_shard, good_members, image):
    pairs = open_pairs(write_parquet(table_of(image=image), row_group_size=2))
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
def test_every_kind_of_list_holds_captions(write_parquet, captions):
    assert [list(p.captions) for p in open_pairs(write_parquet(table_of(captions=captions)))] == CAPTIONS


def test_one_caption_a_row_under_any_usual_name_and_case(write_parquet):
    for name in ("caption", "TEXT", "title"):
        table = table_of(captions=None, **{name: pa.array([c[0] for c in CAPTIONS]).dictionary_encode()})
        assert [p.captions for p in open_pairs(write_parquet(table))] == [(c[0],) for c in CAPTIONS]


def test_captions_as_bytes_are_text_and_no_pictures(write_parquet, tmp_path):
    """As Spark and older writers leave text: the lone column of bytes was taken for the pictures."""
    (tmp_path / "a.webp").write_bytes(PICTURES[0])
    (tmp_path / "b.webp").write_bytes(PICTURES[1])
    for kind in (pa.binary(), pa.large_binary()):
        words = pa.array(["caf\u00e9".encode(), b"caf\xe9"], kind)
        pairs = open_pairs(write_parquet(pa.table({"image": ["a.webp", "b.webp"], "caption": words})))
        assert [(p.id, p.captions, p.read_image()) for p in pairs] == [
            ("a.webp", ("caf\u00e9",), PICTURES[0])
        ]
        assert "must be UTF-8" in pairs.skipped[0].reason
    words = pa.array([c[0].encode() for c in CAPTIONS])
    assert [p.captions for p in open_pairs(write_parquet(table_of(captions=None, caption=words)))] == [
        (c[0],) for c in CAPTIONS
    ]


def test_pictures_as_paths_beside_the_file_are_one_pair_a_path(write_parquet, tmp_path):
    (tmp_path / "sub").mkdir()
    for i, content in enumerate(PICTURES):
        (tmp_path / "sub" / f"{i}.webp").write_bytes(content)
    paths = [f"sub/{i}.webp" for i in (0, 1, 0, 2, 3, 4, 0)]
    table = pa.table({"filepath": paths, "title": ["a", "b", "c", "d", "e", "f", "a"]})
    pairs = open_pairs(write_parquet(table, row_group_size=2))
    found = list(pairs)
    assert [p.id for p in found] == [f"sub/{i}.webp" for i in range(5)]
    assert found[0].captions == ("a", "c")
    assert pairs.find("sub/0.webp").captions == ("a", "c")
    assert [p.read_image() for p in found] == PICTURES
    assert (len(pairs), pairs.skipped) == (5, ())
    with_ids = table_of(image=[str(tmp_path / "sub" / f"{i}.webp") for i in range(5)])  # absolute, but inside
    assert [p.read_image() for p in open_pairs(write_parquet(with_ids))] == PICTURES


def test_rows_of_one_picture_are_one_pair_and_numbered_columns_are_captions(write_parquet, tmp_path):
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
    pairs = open_pairs(write_parquet(table, row_group_size=1))
    assert [(p.id, p.captions) for p in pairs] == [("a", ("one", "two", "more")), ("b", ("x", "y"))]
    assert reasons_of(pairs) == {"a (pairs.parquet, row 3)": "its id was there before, with another picture"}
    coco = pa.table(
        {"image_id": [7, 7, 8], "image": PICTURES[:3], "sentence": ["a", "b", "c"], "id": [1, 2, 3]}
    )
    pairs = open_pairs(write_parquet(coco))
    assert [(p.id, p.captions) for p in pairs] == [("7", ("a", "b")), ("8", ("c",))]
    assert (pairs.find("7").captions, len(pairs), pairs.skipped) == (("a", "b"), 2, ())


def test_rows_without_ids_are_numbered_and_found_again(write_parquet):
    one = open_pairs(write_parquet(table_of(id=None), row_group_size=2))
    assert [p.id for p in one] == ["0", "1", "2", "3", "4"]
    assert one.find("3").read_image() == PICTURES[3]
    for wrong in ("5", "-1", "x", "", "²", "9" * 30):
        with pytest.raises(DataError, match="pair_id must be in"):
            one.find(wrong)
    write_parquet(table_of(id=None), "b.parquet")
    two = open_pairs(write_parquet(table_of(id=None), "a.parquet").parent / "?.parquet")
    ids = [p.id for p in two]
    assert ids[4:6] == ["a.parquet#4", "b.parquet#0"]
    assert two.find("b.parquet#2").captions == tuple(CAPTIONS[2])
    with pytest.raises(DataError, match="pair_id must be in"):
        two.find("2")


def test_whole_numbers_are_ids_as_text(write_parquet):
    pairs = open_pairs(write_parquet(table_of(id=[7, 8, 9, 10, 2**40])))
    assert [p.id for p in pairs] == ["7", "8", "9", "10", str(2**40)]
    assert pairs.find("10").captions == tuple(CAPTIONS[3])


def test_a_struct_without_bytes_leads_to_the_file_beside(write_parquet, tmp_path):
    (tmp_path / "a.webp").write_bytes(PICTURES[0])
    cells = [{"bytes": None, "path": p} for p in ("a.webp", "../a.webp", None, "b.webp", "")]
    found = list(
        open_pairs(
            write_parquet(
                table_of(image=pa.array(cells, pa.struct({"bytes": pa.binary(), "path": pa.string()})))
            )
        )
    )
    assert found[0].read_image() == PICTURES[0]
    for pair, why in zip(found[1:], ["leads out", "no file", "cell is empty"], strict=True):
        with pytest.raises(DataError, match=why):
            pair.read_image()


def test_a_table_of_one_modality_opens_and_says_what_was_not_found(write_parquet):
    """What img2dataset writes without captions: rows that failed have a status, and no picture."""
    table = pa.table(
        {
            "key": ["0", "1", "2"], "image_bytes": [PICTURES[0], None, PICTURES[2]], "alt": ["a", "b", "c"],
            "status": ["success", "failed_to_download", "success"], "error_message": [None, "HTTP 404", None],
        }
    )  # fmt: skip
    pairs = open_pairs(write_parquet(table))
    assert [(p.id, p.captions, p.metadata["alt"]) for p in pairs] == [("0", (), "a"), ("2", (), "c")]
    assert pairs.modalities == ("image",)
    assert "No column of captions was recognised among 'key', 'image_bytes', 'alt'" in pairs.remarks[0]
    assert pairs.skipped[0].reason == "img2dataset: failed_to_download: HTTP 404 (None)"
    texts = open_pairs(write_parquet(pa.table({"caption": ["a", "", "b"], "lang": ["en", "en", "de"]})))
    assert [(p.id, p.captions) for p in texts] == [("0", ("a",)), ("2", ("b",))]
    assert texts.modalities == ("text",)
    with pytest.raises(DataError, match="holds captions only"):
        texts.find("2").read_image()


def test_opening_and_finding_read_no_picture(write_parquet, monkeypatch):
    path = write_parquet(table_of(), row_group_size=1)
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


def test_pictures_are_read_forward_back_and_by_threads(write_parquet):
    pictures = [os.urandom(30) for _ in range(300)]
    table = pa.table({"image": pictures, "caption": [str(i) for i in range(300)]})
    pairs = open_pairs(write_parquet(table, row_group_size=70))
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


def test_the_fingerprint_follows_the_content_not_the_place(write_parquet, tmp_path):
    first = open_pairs(write_parquet(table_of(), "pairs.parquet"))
    again = open_pairs(write_parquet(table_of(), "pairs.parquet"))
    assert first.fingerprint == again.fingerprint
    assert open_pairs(write_parquet(table_of(number=[0, 1, 2, 3, 5]))).fingerprint != first.fingerprint
