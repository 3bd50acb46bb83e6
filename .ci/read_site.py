"""Read the built site from the disk, as a browser does: pages, reference and search, without a request to anywhere.

Every link between its pages leads to a file that is there, and to a place in it that is there.

python .ci/read_site.py FOLDER
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Page, expect, sync_playwright

_BROWSER = {"executable_path": "/usr/bin/chromium", "args": ["--headless", "--no-sandbox", "--disable-gpu"]}


class _Read(HTMLParser):
    """What a page links to, and the places in it that can be linked to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(page.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.add(value)
            if name == "id" and value:
                self.places.add(value)


def lost_links(folder: Path) -> tuple[int, list[str]]:
    """Return how many links there are between files of the site, and those that lead nowhere."""
    pages = {page: _Read(page) for page in folder.rglob("*.html")}
    count, lost = 0, []
    for page, read in pages.items():
        for link in sorted(read.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            there = target.is_file() and target.is_relative_to(folder)
            if there and parts.fragment and target in pages:
                there = unquote(parts.fragment) in pages[target].places
            if not there:
                lost.append(f"{page.relative_to(folder)} -> {link}")
    return count, lost


def main(folder: Path) -> None:
    """Check links; open the front, a page of the reference and the search; AssertionError where one is not there."""
    count, lost = lost_links(folder)
    assert count > 1_000, count
    assert not lost, "\n".join(lost)
    with sync_playwright() as playwright:
        page = playwright.chromium.launch(**_BROWSER).new_page()  # type: ignore[arg-type]
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        front = (folder / "index.html").as_uri()
        page.goto(front)
        expect(page.get_by_role("heading", level=1)).to_contain_text("SDE Explorer")
        _has_pictures(page)
        page.goto((folder / "reference" / "spectra.html").as_uri())
        expect(page.get_by_text("compute_spectrum").first).to_be_visible()
        page.goto((folder / "method.html").as_uri())
        formulas = page.locator("div.math, span.math")
        expect(page.locator("mjx-container > svg")).to_have_count(formulas.count(), timeout=60_000)
        assert formulas.count() > 300, formulas.count()
        assert not (wrong := page.locator("mjx-container [data-mml-node=merror]").all_text_contents()), wrong
        page.goto((folder / "gallery" / "01_collapsed.html").as_uri())
        expect(page.get_by_text("not collapsed: effective rank")).to_be_visible()
        expect(page.locator(".js-plotly-plot .main-svg").first).to_be_visible(timeout=30_000)
        page.goto((folder / "gallery" / "index.html").as_uri())
        expect(page.get_by_role("link", name="Which captions are wrong?").first).to_be_visible()
        _has_pictures(page)
        page.goto((folder / "search.html").as_uri() + "?q=marchenko")
        expect(page.locator("ul.search li").first).to_be_visible(timeout=30_000)
        outside = [url for url in asked if not url.startswith(("file:", "data:"))]
        assert not outside, outside
    print(
        f"the site in {folder} reads and searches from the disk, {len(asked)} files, nothing from elsewhere; "
        f"{count:,} links between its files lead somewhere"
    )


def _has_pictures(page: Page) -> None:
    broken = page.evaluate("[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
    assert not broken, broken


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
