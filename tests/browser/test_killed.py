"""A real server under SIGKILL, and a full one: what the page says when the server is there again."""

import signal
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import sde_core as sde
from benchmarks.client import server
from sde_explorer.screenshots import new_page, rest
from tests.browser.test_data import _look

pytestmark = pytest.mark.browser


@contextmanager
def _visited(chromium: Browser):
    context = chromium.new_context(viewport={"width": 1440, "height": 1000})
    page = new_page(context)
    page.set_default_timeout(120_000)
    yield page
    context.close()


def _until(page: Page, is_there: Callable[[], bool]) -> None:
    """Wait for a state on the disk."""
    for _ in range(2400):
        if is_there():
            return
        page.evaluate("() => new Promise(done => setTimeout(done, 50))")
    raise AssertionError("it did not begin")


def _killed(process) -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait(120) == -signal.SIGKILL


@pytest.fixture
def again(tmp_path) -> Callable:
    """Return what starts a server that keeps its things in the same place each time."""

    def start(*options: str):
        return server(*options, folder=tmp_path, environment={"SDE_CACHE": str(tmp_path / "cache")})

    return start


def _hidden(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "cache").rglob(".*.writing-*"))


def test_an_encoding_goes_on_after_the_server_was_killed(chromium, again, tmp_path):
    with _visited(chromium) as page, again() as (url, process, _):
        page.goto(f"{url}/data")
        expect(page.get_by_text("Open your own pairs or vectors")).to_be_visible()
        _look(page, "clipart/val")
        page.get_by_role("button", name="Encode", exact=True).click()
        _until(page, lambda: any((tmp_path / "cache" / "unfinished").glob("*.json")))
        _killed(process)
    with _visited(chromium) as page, again() as (url, _process, _):
        page.goto(f"{url}/data")
        said = "The encoding of clipart/val by bundled was interrupted; what is done is kept."
        expect(page.get_by_text(said)).to_be_visible()
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("encoded, saved and opened")).to_be_visible()
        expect(page.get_by_text("was interrupted")).to_have_count(0)
        rest(page)
    assert _hidden(tmp_path) == []
    assert not list((tmp_path / "cache").rglob("*.blocks"))
    assert not list((tmp_path / "cache" / "unfinished").glob("*.json"))
    (folder,) = (path.parent for path in (tmp_path / "cache").rglob("manifest.json"))
    assert sde.EmbeddingSet.load(folder).n_images > 100


def test_a_training_is_resumed_after_the_server_was_killed(chromium, again, tmp_path):
    with _visited(chromium) as page, again() as (url, process, _):
        page.goto(f"{url}/training?data=clipart")
        page.get_by_role("button", name="Start training").click()
        trainings = tmp_path / "cache" / "trainings"
        _until(page, lambda: any(path.stat().st_size > 2000 for path in trainings.glob("*/events.jsonl")))
        _killed(process)
    (name,) = (path.name for path in trainings.iterdir())
    with _visited(chromium) as page, again() as (url, _process, _):
        page.goto(f"{url}/training?data=clipart&training={name}")
        expect(page.get_by_text("This training has not ended")).to_be_visible()
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("progressbar").first).to_be_visible()
        expect(page.get_by_text("This training has not ended")).to_have_count(0)
        _until(
            page, lambda: _hidden(tmp_path) == []
        )  # what was resumed may write right now, what was killed is gone


def test_a_full_server_says_so_and_takes_the_next_when_a_tab_is_closed(chromium, again):
    with again("--max-sessions", "1") as (url, _process, _), _visited(chromium) as second:
        with _visited(chromium) as first:
            first.goto(url)
            expect(first.get_by_role("heading", level=1)).to_be_visible()
            answer = second.goto(url)
            assert answer.status == 503
            expect(second.get_by_role("heading", name="SDE Explorer is full")).to_be_visible()
        _until(second, lambda: second.reload().status == 200)
        expect(second.get_by_test_id("stSidebar")).to_be_visible()
