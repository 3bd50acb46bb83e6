import pytest

from sde_core.errors import DataError
from sde_core.pairs.tree import safe_name


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "C:\\a", "..\\a", "a/b/.."])
def test_names_that_lead_out_are_refused(name):
    with pytest.raises(DataError, match="leads out of the set"):
        safe_name(name)


@pytest.mark.parametrize("name", ["", ".", "a\0b"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(DataError, match="is not the name of a file"):
        safe_name(name)
