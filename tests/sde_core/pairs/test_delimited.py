"""Quotes in tables: letters in TSV, unless a CSV writer quoted; rows that an open quote swallows are found."""

import csv
import io

import pytest

from sde_core.pairs import open_pairs
from sde_core.pairs.tab_separated import tab_cells
from tests.fixtures import picture_bytes

ODD = (
    '5" disk',
    '"quoted" start',
    'ends with "this"',
    '"all of it"',
    "plain, with comma",
    "it's",
    '""',
    '"open',
)


def _table(folder, name: str, text: str, n: int = 8):
    for i in range(n):
        (folder / f"{i}.png").write_bytes(picture_bytes("red", (4, 4)))
    (folder / name).write_text(text, encoding="utf-8")
    return open_pairs(folder / name)


def test_in_tsv_a_quote_is_a_letter(tmp_path):
    lines = "".join(f"{i}.png\t{caption}\n" for i, caption in enumerate(ODD))
    pairs = _table(tmp_path, "t.tsv", "filepath\ttitle\n" + lines)
    assert [pair.captions[0] for pair in pairs] == list(ODD)
    assert pairs.skipped == ()
    assert [pairs.find(f"{i}.png").captions[0] for i in range(len(ODD))] == list(ODD)


@pytest.mark.parametrize("style", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_tsv_of_a_csv_writer_is_read_as_it_was_written(tmp_path, style):
    captions = [*ODD[:3], "two\nlines", "a\ttab", "plain"]
    out = io.StringIO(newline="")
    rows = csv.writer(out, delimiter="\t", quoting=style, lineterminator="\n")
    rows.writerow(["filepath", "number", "title"])
    rows.writerows([f"{i}.png", i, caption] for i, caption in enumerate(captions))
    pairs = _table(tmp_path, "t.tsv", out.getvalue())
    assert [pair.captions[0] for pair in pairs] == captions
    assert [pair.metadata["number"] for pair in pairs] == list(range(6))


def test_two_cells_with_one_quote_each_swallow_no_row(tmp_path):
    pairs = _table(tmp_path, "t.tsv", 'filepath\ttitle\n0.png\t"open\n1.png\tdog\n2.png\tclose"\n')
    assert [pair.captions[0] for pair in pairs] == ['"open', "dog", 'close"']


@pytest.mark.parametrize("separator", [",", ";", "|"])
def test_rows_that_a_quote_swallows_are_found_and_read(tmp_path, separator):
    lines = ['0.png,"open', "1.png,dog", '2.png,close"', "3.png,last"]
    text = "\n".join(["filepath,title", *lines, ""]).replace(",", separator)
    pairs = _table(tmp_path, "t.csv", text)
    assert [pair.id for pair in pairs] == ["1.png", "2.png", "3.png"]
    (skipped,) = pairs.skipped
    assert skipped.item == "t.csv, line 2"
    assert "swallows the rows after it, such as that of 1.png" in skipped.reason


def test_a_caption_with_line_breaks_and_separators_is_a_caption(tmp_path):
    caption = 'first, with "quotes"\nsecond, and\nthird.png is named, too'
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["filepath", "title"], ["0.png", caption], ["1.png", "dog"]])
    pairs = _table(tmp_path, "t.csv", out.getvalue())
    assert pairs.find("0.png").captions == (caption,)
    assert len(pairs) == 2


@pytest.mark.parametrize(("name", "line"), [("t.csv", "{i}.png,a dog {i}"), ("t.tsv", "a dog {i}\t{i}.png")])
def test_a_table_without_names_of_columns(tmp_path, name, line):
    pairs = _table(tmp_path, name, "".join(line.format(i=i) + "\n" for i in range(3)))
    assert [(p.id, p.captions) for p in pairs] == [(f"{i}.png", (f"a dog {i}",)) for i in range(3)]


def test_what_no_writer_would_have_written_stays():
    assert tab_cells('a\t"b""c"') == ["a", 'b"c']
    assert tab_cells('a\t"b"c"') == ["a", '"b"c"']
    assert tab_cells('"only"') == ['"only"']
    assert tab_cells('"a"\t"b"') == ["a", "b"]


@pytest.mark.parametrize("head", ["sep=;\n", "\n\n", "\ufeffsep=;\r\n", "\n  \nsep=;\n"])
def test_what_stands_above_the_names_is_passed_over(tmp_path, head):
    pairs = _table(tmp_path, "t.csv", f"{head}filepath;title\n0.png;a, b\n\n1.png;c\n")
    assert [pair.captions for pair in pairs] == [("a, b",), ("c",)]
    assert [pairs.find(f"{i}.png").id for i in range(2)] == ["0.png", "1.png"]


def test_captions_in_several_languages_are_captions_of_one_picture(tmp_path):
    text = "filepath,caption_en,views,caption_de,caption_pt-BR,caption_id\n0.png,a dog,7,ein Hund,um c\u00e3o,k1\n"
    (pair,) = _table(tmp_path, "t.csv", text)
    assert pair.captions == ("a dog", "ein Hund", "um c\u00e3o")
    assert set(pair.metadata) == {"views", "caption_id"}


def test_a_name_of_another_machine_names_the_remedy(tmp_path):
    pairs = _table(tmp_path, "t.csv", "filepath,title\nC:\\sets\\0.png,a\n/mnt/sets/1.png,b\n")
    assert list(pairs) == []
    assert all("image_root" in skipped.reason for skipped in pairs.skipped)
    assert len(pairs.skipped) == 2
