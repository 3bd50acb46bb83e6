"""Wrong pairs by keyboard, in a real browser."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened

pytestmark = pytest.mark.browser


def _caption(page: Page) -> str:
    return page.locator(".sde-review p").inner_text()


def _press(page: Page, key: str, seen: str) -> None:
    page.keyboard.press(key)
    expect(page.get_by_text(re.compile(rf"^{seen}"))).to_be_visible()


def test_pairs_are_kept_dropped_and_taken_back_by_keys_and_the_rest_is_handed_out(
    url: str, opened: Opened
) -> None:
    with opened(f"{url}/data?data=clipart&part=split%3Dval&data_part=Wrong+pairs", 0) as page:
        first = _caption(page)
        _press(page, "d", "1 of .* seen, 1 dropped, 0 kept")
        expect(page.locator(".sde-review p")).not_to_have_text(first)
        second = _caption(page)
        _press(page, "k", "2 of .* seen, 1 dropped, 1 kept")
        _press(page, "n", "3 of .* seen, 1 dropped, 1 kept")
        _press(page, "u", "2 of .* seen, 1 dropped, 1 kept")
        _press(page, "u", "1 of .* seen, 1 dropped, 0 kept")
        expect(page.locator(".sde-review p")).to_have_text(second)
        with page.expect_download() as download:
            page.get_by_role("button", name="Dropped pairs").click()
        lines = Path(download.value.path()).read_text("utf-8").splitlines()
        assert [json.loads(line)["caption"] for line in lines] == [first]
