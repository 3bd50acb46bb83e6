"""Read the built site from the disk, as a browser does: pages, reference and search, without a request to anywhere.

python .ci/read_site.py FOLDER
"""

import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

_BROWSER = {"executable_path": "/usr/bin/chromium", "args": ["--headless", "--no-sandbox", "--disable-gpu"]}


def main(folder: Path) -> None:
    """Open the front, a page of the reference and the search; raise AssertionError where one is not there."""
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
        f"the site in {folder} reads and searches from the disk, {len(asked)} files, nothing from elsewhere"
    )


def _has_pictures(page: Page) -> None:
    broken = page.evaluate("[...document.images].filter(i => i.complete && !i.naturalWidth).map(i => i.src)")
    assert not broken, broken


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
