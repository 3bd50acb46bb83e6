"""A real dashboard and a real Chromium."""

import os
from collections.abc import Iterator

import pytest

from app.screenshots import dashboard


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("cache")
    with dashboard({**os.environ, "SDE_CACHE": str(cache)}) as address:
        yield address
