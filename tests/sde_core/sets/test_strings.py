import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sde_core import EmbeddingSet
from sde_core.sets.absence import are_row_numbers
from sde_core.sets.columns import ArrowColumns, columns_at
from sde_core.sets.fingerprint import fingerprint_of
from sde_core.sets.strings import ArrowStrings, are_empty, codes_of, places_in, row_numbers, rows_of

WORDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=4), max_size=30)


def _arrow(words: list[str]) -> ArrowStrings:
    return ArrowStrings(pa.array(words, pa.string()))


@given(WORDS, st.integers(-40, 40), st.integers(-40, 40), st.sampled_from([None, 1, 2, -1]))
def test_strings_of_arrow_read_as_a_tuple_does(words, start, stop, step):
    kept, plain = _arrow(words), tuple(words)
    assert tuple(kept) == plain
    assert len(kept) == len(plain)
    assert kept == plain
    assert plain == kept
    assert kept == _arrow(words)
    assert hash(kept) == hash(plain)
    assert tuple(kept[start:stop:step]) == plain[start:stop:step]
    for word in (*plain, "absent", "\ud800"):
        assert (word in kept) == (word in plain)
        assert kept.count(word) == plain.count(word)
    for row, word in enumerate(plain):
        assert kept[row] == kept[row - len(plain)] == word
        assert kept.index(word) == plain.index(word)
    with pytest.raises(IndexError):
        kept[len(plain)]
    with pytest.raises(ValueError, match="absent"):
        kept.index("absent")
    assert kept != (*plain, "x")
    assert kept != "".join(plain) + "x"
    assert kept != 7
    assert pickle.loads(pickle.dumps(kept)) == kept


@given(WORDS, WORDS)
def test_questions_about_strings_have_one_answer_for_both_kinds(words, others):
    kept, known = _arrow(words), _arrow(others)
    assert codes_of(kept).tolist() == codes_of(words).tolist()
    assert are_empty(kept).tolist() == [not word for word in words]
    assert places_in(kept, known).tolist() == places_in(words, others).tolist()
    rows = list(range(len(words)))[::-2]
    assert rows_of(kept, rows) == rows_of(words, rows)
    same = [fingerprint_of((), (each,), {}) for each in (kept, words)]
    assert same[0] == same[1]


@pytest.mark.parametrize(
    "ids", [["0", "1", "3"], ["0000", "0001"], ["cat"], ["1", "0"], ["-1", "0"], ["7" * 19], [" 1"], []]
)
def test_row_numbers_are_known_in_both_kinds(ids):
    assert are_row_numbers(_arrow(ids)) == are_row_numbers(ids)


def test_row_numbers_as_ids():
    assert row_numbers(np.array([3, 12])) == ("3", "12")


def test_columns_stay_in_arrow_and_become_the_arrays_they_were():
    plain = {"a": np.array([3, 1, 2]), "b": np.array([0.5, np.nan, 2]), "c": np.array([True, False, True]),
             "d": np.array(["x", "", "wörter"])}  # fmt: skip
    kept = ArrowColumns({name: pa.chunked_array([column[:1], column[1:]]) for name, column in plain.items()})
    assert set(kept) == set(plain)
    assert len(kept) == 4
    assert "a" in kept
    assert "z" not in kept
    for name, column in plain.items():
        np.testing.assert_array_equal(kept[name], column)
        assert kept[name].dtype == column.dtype
    rows = np.array([2, 0])
    for name, column in columns_at(plain, rows).items():
        np.testing.assert_array_equal(columns_at(kept, rows)[name], column)
    assert fingerprint_of((), (), kept) == fingerprint_of((), (), plain)


def test_a_saved_set_keeps_its_strings_in_arrow(tmp_path):
    made = EmbeddingSet.from_arrays(np.eye(3), np.eye(3), image_ids=["a", "b", "c"], captions=["x", "", "ü"])
    again = EmbeddingSet.load(made.save(tmp_path / "set"))
    assert isinstance(again.captions, ArrowStrings)
    assert isinstance(again.image_ids, ArrowStrings)
    assert again.captions == made.captions
    assert again.image_ids == made.image_ids
    part = again.select([2, 0])
    assert isinstance(part.captions, ArrowStrings)
    assert part.captions == ("x", "ü")
    assert part.image_ids == ("c", "a")
    assert EmbeddingSet.load(part.save(tmp_path / "part"), verify=True).image_ids == ("c", "a")
