"""Lists of pairs that other programs read."""

import csv
import io
import json

import numpy as np
import pytest

from sde_core import ConfigError, DataError, EmbeddingSet
from sde_core.sets.pair_list import pair_list, write_pair_list

MADE = EmbeddingSet.from_arrays(
    np.eye(3), np.eye(3), image_ids=("a", "b", "ü"), captions=('a "quoted", one', "two\nlines", "=1+1")
)


def test_captions_come_back_as_they_are_from_both_kinds(tmp_path):
    wanted = [{"image_id": i, "caption": c} for i, c in zip(MADE.image_ids, MADE.captions, strict=True)][1:]
    assert list(csv.DictReader(io.StringIO(pair_list(MADE, MADE.links[1:])))) == wanted
    write_pair_list(MADE, MADE.links[1:], tmp_path / "clean.JSONL")
    assert [json.loads(x) for x in (tmp_path / "clean.JSONL").read_text("utf-8").splitlines()] == wanted


def test_a_list_that_cannot_be_written_says_so(tmp_path):
    with pytest.raises(ConfigError, match=r"\.csv or \.jsonl; got '\.txt'"):
        write_pair_list(MADE, MADE.links, tmp_path / "clean.txt")
    with pytest.raises(DataError, match="cannot be written"):
        write_pair_list(MADE, MADE.links, tmp_path / "nowhere" / "clean.csv")
