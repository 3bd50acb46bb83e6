from pathlib import Path

import pytest

from sde_core import DataError
from sde_core.files import bundled


def test_the_variable_wins_over_the_checkout_and_the_checkout_over_what_is_installed(tmp_path, monkeypatch):
    monkeypatch.delenv("SDE_DATA", raising=False)
    assert bundled.data_folder() == Path(bundled.__file__).parents[2] / "data"
    monkeypatch.setenv("SDE_DATA", str(tmp_path))
    assert bundled.data_folder() == tmp_path


def test_without_a_checkout_the_installed_data_are_found(tmp_path, monkeypatch):
    monkeypatch.delenv("SDE_DATA", raising=False)
    # A name of this test's own: where the project is installed, an editable install included, the real one is found.
    monkeypatch.setattr(bundled, "INSTALLED", "sde_explorer_data_of_a_test")
    monkeypatch.setattr(bundled, "__file__", str(tmp_path / "site" / "sde_core" / "files" / "bundled.py"))
    with pytest.raises(DataError, match="SDE_DATA"):
        bundled.data_folder()
    (tmp_path / "site" / bundled.INSTALLED / "pairs").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert bundled.data_folder() == tmp_path / "site" / bundled.INSTALLED
