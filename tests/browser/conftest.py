"""A real dashboard and a real Chromium, one of each for all tests; every test has a context of its own."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from app.screenshots import dashboard, launch


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("cache")
    with dashboard({**os.environ, "SDE_CACHE": str(cache)}) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = launch(playwright, os.environ.get("SDE_CHROMIUM"))
        yield browser
        browser.close()
