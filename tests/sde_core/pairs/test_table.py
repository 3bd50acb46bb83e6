import json

import pytest

from sde_core.errors import DataError
from sde_core.pairs import open_pairs
from tests.fixtures import picture_bytes


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    for colour in ("red", "green", "blue"):
        (root / "images" / f"{colour}.webp").write_bytes(picture_bytes(colour))
    (root / "images" / "empty.webp").write_bytes(b"")
    (tmp_path / "secret.webp").write_bytes(picture_bytes())
    return root


def _open(folder, content, name="captions.csv", **options):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_pairs(path, **options)


def _reasons(pairs):
    return {s.item: s.reason for s in pairs.skipped}


def test_the_table_of_open_clip_opens_as_it_is(folder):
    pairs = _open(folder, "filepath\ttitle\nimages/red.webp\ta red one\nimages/blue.webp\t a blue, one \n")
    assert [(p.id, p.captions) for p in pairs] == [
        ("images/red.webp", ("a red one",)),
        ("images/blue.webp", ("a blue, one",)),
    ]
    assert pairs.find("images/blue.webp").read_image() == picture_bytes("blue")
    assert (len(pairs), pairs.skipped) == (2, ())
    assert [p.id for p in open_pairs(folder)] == [p.id for p in pairs]


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_usual_separator_mark_and_line_end(folder, separator, start, end):
    rows = [("Image Name", "Caption"), ("images/red.webp", "é")]
    text = end.join(separator.join(row) for row in rows)
    assert [p.captions for p in _open(folder, start + text.encode())] == [("é",)]


def test_rows_of_one_picture_are_its_captions(folder):
    pairs = _open(
        folder,
        "image,caption_2,caption_1,n\nimages/red.webp,b,a,1\nimages/blue.webp,x,,2\nimages/red.webp,d,c,3\n",
    )
    assert [(p.id, p.captions, dict(p.metadata)) for p in pairs] == [
        ("images/red.webp", ("a", "b", "c", "d"), {"n": 1}),
        ("images/blue.webp", ("x",), {"n": 2}),
    ]
    assert len(pairs) == 2


def test_the_columns_of_numbers_are_numbers(folder):
    pairs = _open(
        folder,
        "id,file,text,whole,real,code,gap\n"
        "a,images/red.webp,x,1,1,007,\nb,images/blue.webp,x,-2,0.5,1,3\nc,images/green.webp,x,3,1e-3,2,4\n",
    )
    assert [dict(p.metadata) for p in pairs] == [
        {"whole": 1, "real": 1.0, "code": "007"},
        {"whole": -2, "real": 0.5, "code": "1", "gap": 3},
        {"whole": 3, "real": 0.001, "code": "2", "gap": 4},
    ]


def test_json_lines_hold_lists_and_metadata(folder):
    rows = [
        {"file_name": "images/red.webp", "captions": ["a", "b"], "id": 7, "n": 1.5, "tags": [1], "ok": True},
        {"file_name": "images/blue.webp", "captions": "c", "id": 8, "caption_2": "not the same word"},
    ]
    content = "\n".join(json.dumps(row) for row in rows) + "\n\n"
    pairs = _open(folder, content, "metadata.jsonl")
    assert [(p.id, p.captions) for p in pairs] == [("7", ("a", "b")), ("8", ("c",))]
    assert dict(pairs.find("7").metadata) == {"n": 1.5, "ok": True}


def test_quoted_cells_may_hold_lines_and_separators(folder):
    pairs = _open(folder, 'filepath,title\nimages/red.webp,"one, ""two""\nthree"\nimages/blue.webp,x\n')
    assert [p.captions for p in pairs] == [('one, "two"\nthree',), ("x",)]
    assert pairs.find("images/blue.webp").captions == ("x",)


def test_pictures_may_lie_in_one_folder_below(folder):
    pairs = _open(folder, "image,caption\nred.webp,x\nblue.webp,y\n")
    assert [p.read_image() for p in pairs] == [picture_bytes("red"), picture_bytes("blue")]


def test_an_absolute_name_is_read_inside_the_folder_only(folder):
    inside, outside = folder / "images" / "red.webp", folder.parent / "secret.webp"
    pairs = _open(folder, f"filepath,title\n{inside},x\n{outside},y\n")
    assert [p.id for p in pairs] == ["images/red.webp"]
    assert "lies outside" in _reasons(pairs)["captions.csv, line 3"]


def test_broken_rows_are_skipped_and_the_rest_survives(folder):
    (folder / "images" / "link.webp").symlink_to(folder.parent / "secret.webp")
    rows = [
        "filepath,title",
        "images/red.webp,good",  # 2
        "images/none.webp,x",
        "../secret.webp,x",  # 4
        "images/link.webp,x",
        "images/green.webp,",  # 6
        "images/empty.webp,x",
        f"images/green.webp,{'x' * 1_000_000}",  # 8
        ",x",
        "images/blue.webp,a cat, on a mat",  # 10
        "https://a.b/c.jpg,x",
        "images/caf\xe9.webp,x",  # 12, Latin-1
        "images,x",
        "images/blue.webp,also good",  # 14
    ]
    pairs = _open(folder, "\n".join(rows).encode("latin-1"))
    assert [p.captions for p in pairs] == [("good",), ("also good",)]
    reasons = {int(item.rpartition(" ")[2]): reason for item, reason in _reasons(pairs).items()}
    expected = {
        3: "no file images/none.webp",
        4: "leads out of the set",
        5: "a link out of",
        6: "no caption",
        7: "the picture is empty",
        8: "field larger than field limit|1,000,000 characters",
        9: "no picture is named in its column 'filepath'",
        10: "3 cells where the first line names 2",
        11: "address on the net",
        12: "line 12 is not UTF-8: .* save the table as UTF-8",
        13: "not a regular file",
    }
    assert sorted(reasons) == sorted(expected)
    for line, reason in expected.items():
        with pytest.raises(DataError, match=reason):
            raise DataError(reasons[line])


def test_an_id_with_two_pictures_keeps_the_first(folder):
    pairs = _open(folder, "id,filepath,title\na,images/red.webp,x\na,images/blue.webp,y\n\n")
    assert [(p.id, p.captions) for p in pairs] == [("a", ("x",))]
    assert _reasons(pairs) == {"captions.csv, line 3": "its id 'a' was there before, with another picture"}


def test_a_quote_that_stays_open_costs_one_row(folder):
    pairs = _open(folder, 'filepath,title\nimages/red.webp,"open\nimages/green.webp,x\nimages/blue.webp,y\n')
    assert [p.captions for p in pairs] == [("x",), ("y",)]
    assert _reasons(pairs) == {"captions.csv, line 2": 'line 2 opens a quote (") that is never closed'}


def test_broken_json_rows_are_skipped(folder):
    lines = [
        '{"image": "images/red.webp", "caption": "good"}',
        '{"image": "images/green.webp", "caption": ',
        "[1]",
        '{"image": {"bytes": "x"}, "caption": "x"}',
        '{"image": "images/green.webp", "caption": null}',
        '{"image": "images/green.webp", "caption": "\\ud800"}',
        "[" * 100_000,
        "{}",
    ]
    pairs = _open(folder, "\n".join(lines), "a.jsonl")
    assert [p.captions for p in pairs] == [("good",)]
    assert [int(s.item.rpartition(" ")[2]) for s in pairs.skipped] == [2, 3, 4, 7, 8, 5, 6]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "must have a first line that names the columns; it is empty"),
        ("a.jsonl", b"", "must have a JSON object a line; it is empty"),
        ("a.jsonl", b"x\n", "JSON object a line; line 1 is not JSON"),
        ("a.csv", b"name,words\n", r"a.csv must have a column for the picture .* got 'name', 'words'"),
        ("a.csv", b"filepath,caf\xe9,title\n", "line 1 is not UTF-8"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_sentence(folder, name, content, message):
    with pytest.raises(DataError, match=message):
        _open(folder, content, name)


def test_a_header_alone_is_an_empty_set(folder):
    pairs = _open(folder, "filepath,title\n")
    assert (len(pairs), list(pairs)) == (0, [])
    with pytest.raises(DataError, match="must be in"):
        pairs.find("x")


def test_two_tables_in_a_folder_ask_for_one(folder):
    for name in ("train.csv", "val.csv"):
        (folder / name).write_text("filepath,title\nimages/red.webp,x\n")
    (folder / "notes.csv").write_text("a,b\n")
    with pytest.raises(DataError, match=r"several tables \(train.csv, val.csv\)"):
        open_pairs(folder)
    assert len(open_pairs(folder / "val.csv")) == 1


def test_any_file_can_be_named_a_table(folder):
    assert len(_open(folder, "image,caption\nred.webp,x\n", "captions.txt", format="table")) == 1
    with pytest.raises(DataError, match="there is no such file"):
        open_pairs(folder / "none.csv", "table")


def test_the_fingerprint_follows_table_and_pictures(folder):
    content = "filepath,title\nimages/red.webp,x\nimages/none.webp,x\n"
    first = _open(folder, content).fingerprint
    assert _open(folder, content).fingerprint == first
    assert _open(folder, content.replace(",x", ",y")).fingerprint != first
    (folder / "images" / "red.webp").write_bytes(picture_bytes("red", (50, 50)))
    assert _open(folder, content).fingerprint != first
