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
