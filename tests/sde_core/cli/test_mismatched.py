"""`sde mismatched`: the pairs that fit least, and a list without them."""

import csv
import json

import pytest

import sde_core as sde
from sde_core.cli.main import main
from sde_core.embedding_formats.named import open_named


def test_the_first_pairs_are_told_and_left_out_of_the_list(tmp_path, capsys):
    file = tmp_path / "clean.csv"
    assert (
        main(["mismatched", "clipart/val", "--show", "3", "--drop", "5", "--output", str(file), "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    val = open_named("clipart/val")
    found = sde.mismatched_pairs(val.image, val.text, val.links)
    assert told["share"] == pytest.approx(found.share)
    text, image = found.links[found.order[0]]
    first = told["first"][0]
    assert (first["image_id"], first["caption"]) == (val.image_ids[image], val.captions[text])
    assert first["strong"] + first["weak"] + first["noise"] == pytest.approx(first["cosine"])
    with file.open(encoding="utf-8", newline="") as opened:
        left = list(csv.DictReader(opened))
    assert len(left) == told["pairs"] - 5
    assert {"image_id": first["image_id"], "caption": first["caption"]} not in left


def test_what_does_not_fit_ends_in_one_sentence(capsys):
    for more, sentence in (
        (["--drop", "5"], "must be given together"),
        (["--drop", "5", "--output", "clean.txt"], "got 'clean.txt'"),
        (["--groups", "colour"], "which has"),
        (["--show", "-1"], "at least 0"),
    ):
        assert main(["mismatched", "clipart/val", *more]) == 2
        assert sentence in capsys.readouterr().err
