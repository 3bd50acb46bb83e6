import csv
import io
import math

from sde_explorer.ui.csv_text import csv_text


def test_nothing_that_a_spreadsheet_would_run_stands_bare():
    bad = [
        "=cmd|'/C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(1+1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1",
        "-1_0",
        "-inf+1",
    ]
    rows = [{"=HYPERLINK(1)": text, "plain": 1} for text in bad]
    header, *lines = csv.reader(io.StringIO(csv_text(rows), newline=""))
    assert header == ["'=HYPERLINK(1)", "plain"]
    assert [line[0] for line in lines] == [f"'{text}" for text in bad]


def test_numbers_and_plain_texts_stay_as_they_are():
    good = ["a = b", "x-1", "-2.5", "+3e4", "", "1", "é", "a\nb"]
    rows = [
        {"text": text, "number": -1.5, "whole": -2, "none": None, "nan": math.nan, "inf": math.inf}
        for text in good
    ]
    lines = list(csv.DictReader(io.StringIO(csv_text(rows), newline="")))
    assert [line["text"] for line in lines] == good
    assert {(line["number"], line["whole"], line["none"], line["nan"], line["inf"]) for line in lines} == {
        ("-1.5", "-2", "", "", "")
    }
    assert csv_text([]) == ""
