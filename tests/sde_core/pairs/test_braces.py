import pytest

from sde_core.errors import DataError
from sde_core.pairs import braces
from sde_core.pairs.braces import expand_braces


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.tar", ["a.tar"]),
        ("{000..003}", ["000", "001", "002", "003"]),
        ("{8..11}", ["8", "9", "10", "11"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{00..10..5}", ["00", "05", "10"]),
        ("{a,b}{1..2}", ["a1", "a2", "b1", "b2"]),
        ("x{a,{1..2}}", ["xa", "x1", "xa", "x2"]),
        ("{a}{}{x", ["{a}{}{x"]),
    ],
)
def test_braces_stand_for_names(pattern, names):
    assert expand_braces(pattern) == names


def test_far_too_many_names_are_refused_at_once(monkeypatch):
    monkeypatch.setattr(braces, "MAX_NAMES", 1_000)
    with pytest.raises(DataError, match="at most 1,000 shards"):
        expand_braces("{0..999999999999}")


@pytest.mark.parametrize(
    "pattern",
    [
        "{a,b}" * 400,
        "{a,b}" * 30,
        "{1..1}" * 2_000,
        "{a," * 60 + "b" + "}" * 60,
        "{a," * 3_000 + "b" + "}" * 3_000,
    ],
    ids=["many", "long", "deep", "nested", "deeply nested"],
)
def test_patterns_that_multiply_are_refused_before_a_name_is_made(pattern, monkeypatch):
    monkeypatch.setattr(braces, "_expanded", lambda pattern: pytest.fail("made names"))
    with pytest.raises(DataError, match="at most 100,000 shards") as told:
        expand_braces(pattern)
    assert len(str(told.value)) < 400


def test_numbers_of_thousands_of_digits_are_no_range():
    for pattern in (f"{{1..{'9' * 5_000}}}", f"{{{'0' * 5_000}1..9}}"):
        assert expand_braces(pattern) == [pattern]
