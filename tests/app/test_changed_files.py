import os

import pytest

from sde_core import DataError
from sde_core.files import mapped
from sde_explorer import sets
from sde_explorer.readings.cached.sets import dataset
from tests.app.conftest import spiked


def test_a_large_set_that_was_cut_off_is_closed_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "READ_WHOLE_BYTES", 0)
    folder = spiked().save(tmp_path / "set")
    entry = sets.entry_of(folder, str(folder))
    assert dataset(entry).embeddings.n_images == 300
    os.truncate(folder / "image.npy", 4096)
    for part in ((), ("split=test",)):
        with pytest.raises(DataError):
            dataset(entry, part)
