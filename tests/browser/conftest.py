"""A real dashboard and a real Chromium, one of each for all tests; what opens an address has a context of its own."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sde_explorer.screenshots import dashboard, launch, new_page, settle

Opened = Callable[..., AbstractContextManager[Page]]


@pytest.fixture(scope="session")
def server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server writes its log."""
    return tmp_path_factory.mktemp("log") / "server.log"


@pytest.fixture(scope="session")
def url(tmp_path_factory: pytest.TempPathFactory, server_log: Path) -> Iterator[str]:
    cache = tmp_path_factory.mktemp("cache")
    with dashboard({**os.environ, "SDE_CACHE": str(cache)}, log=server_log) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=120_000)
    with sync_playwright() as playwright:
        browser = launch(playwright, os.environ.get("SDE_CHROMIUM"))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def opened(chromium: Browser) -> Opened:
    """Return what opens an address; the test fails if anything went wrong in the page.

    Wrong is an error in the console, a page error, an answer above 399, or a request to another host. Motion is
    reduced unless it is asked for: drawn by software, it takes half of the time. The walks of test_clean.py, the
    shifts of test_every_view.py and what plays by itself have it.
    """

    @contextmanager
    def open_address(
        address: str, charts: int, *, dark: bool = False, width: int = 1440, height: int = 1000,
        moving: bool = False, first: str = "",
    ) -> Iterator[Page]:  # fmt: skip
        problems: list[str] = []
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="no-preference" if moving else "reduce",
        )
        page = new_page(context)
        page.add_init_script(first)  # before the page's own scripts
        page.set_default_timeout(120_000)
        page.on("response", lambda r: problems.append(r.url) if r.status >= 400 else None)
        page.on("console", lambda m: problems.append(m.text) if _is_error(m.type, m.text) else None)
        page.on("pageerror", lambda e: problems.append(str(e)))
        page.on("request", lambda r: problems.append(r.url) if _leaves(r.url) else None)
        try:
            page.goto(address)
            settle(page, charts)
            yield page
            assert problems == []
        finally:
            context.close()

    return open_address


def _is_error(kind: str, text: str) -> bool:
    return kind == "error" and not text.startswith(
        "Failed to load resource"
    )  # the response names the address


def _leaves(address: str) -> bool:
    return re.match(r"(https?|wss?)://(?!127\.0\.0\.1[:/])", address) is not None
