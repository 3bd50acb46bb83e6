"""Install a wheel into a new environment; in empty folders run the gallery's first script and walk `sde app`.

`python .ci/walk_wheel.py dist/sde_explorer-*.whl`; its dependencies are those of this environment. It walks twice: with
the data that the wheel brings, and with SDE_DATA leading nowhere, where each view must say so in a sentence.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from sde_explorer.screenshots import VIEWS, launch, new_page, rest


def main() -> None:
    """Walk; exit 1 with a list of what went wrong."""
    wheel = Path(sys.argv[1]).resolve()
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        place = Path(folder)
        program = installed(wheel, place / "env")
        answer(program, place / "script")
        browser = launch(playwright, os.environ.get("SDE_CHROMIUM"))
        try:
            walks = {"with data": {}, "without data": {"SDE_DATA": str(place / "nowhere")}}
            for name in sys.argv[2:] or walks:
                environment = walks[name]
                empty = place / name.replace(" ", "-")
                empty.mkdir()
                with dashboard(program, empty, environment) as url:
                    for view, path in VIEWS.items():
                        found = look(browser, url, path, has_data=not environment)
                        print(f"{name}, {view}: {'; '.join(found) or 'good'}", flush=True)
                        problems += found
        finally:
            browser.close()
    if problems:
        sys.exit(f"{len(problems)} problems")


def installed(wheel: Path, place: Path) -> Path:
    """Return the folder of programs of a new environment with the wheel; its dependencies are those of this one."""
    venv.create(place, with_pip=False)
    (packages,) = place.glob("lib/python*/site-packages")
    # A line adds a folder; lines of that folder's own .pth files, an editable install among them, are not read.
    ours = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (packages / "layer.pth").write_text("\n".join(ours))
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(place / "bin" / "python"),
        "install",
        "-q",
        "--no-deps",
    ]
    subprocess.run([*command, "--no-index", "--ignore-installed", str(wheel)], check=True)
    code = "import sde_core, sde_explorer, sde_core.files.bundled as b; print(sde_core.__file__, b.data_folder())"
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SDE_DATA")}
    told = subprocess.run(
        [str(place / "bin" / "python"), "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=bare,
        cwd=place,
    ).stdout.split()
    if not all(Path(path).is_relative_to(packages) for path in told):
        sys.exit(f"the wheel is not what was imported: {told}")
    return place / "bin"


def answer(program: Path, folder: Path) -> None:
    """Run the first script of the gallery in an empty folder, its figure included; exit where it does not answer."""
    script = min((Path(__file__).resolve().parents[1] / "docs" / "gallery").glob("*.py"))
    folder.mkdir()
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SDE_DATA")}
    told = subprocess.run(
        [str(program / "python"), str(shutil.copy(script, folder))],
        capture_output=True,
        text=True,
        env=bare | {"SDE_CACHE": str(folder / "cache"), "HOME": str(folder)},
        cwd=folder,
    )
    if told.returncode or not told.stdout.startswith("not collapsed"):
        sys.exit(f"{script.name} does not answer:\n{told.stdout[-500:]}{told.stderr[-3000:]}")
    print(f"{script.name}: {told.stdout.splitlines()[0]}", flush=True)


@contextmanager
def dashboard(program: Path, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Start `sde app` in a folder and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bare = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "SDE_DATA", "SDE_SERVER")}
    bare |= {"SDE_CACHE": str(folder / "cache"), "HOME": str(folder), **environment}
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(program / "sde"), "app", "--no-browser", "--port", str(port)],
            cwd=folder,
            env=bare,
            stdout=out,
            stderr=out,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 90
        while True:
            try:
                urllib.request.urlopen(f"{url}/_stcore/health", timeout=2).close()
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    sys.exit(f"the server does not answer:\n{log.read_text()[-3000:]}")
                time.sleep(0.2)
        yield url
        text = log.read_text()
        if (
            '"traceback"' in text
        ):  # Streamlit's own, of a tab closed while it is written to, is no error of ours
            print(text[-4000:])
            sys.exit("the server's log has an error")
    finally:
        process.kill()
        process.wait()


def look(browser: Browser, url: str, path: str, *, has_data: bool) -> list[str]:
    """Open a view in a new session; return what is wrong with it."""
    found: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = new_page(context)
    page.on("request", lambda r: None if _is_here(r.url) else found.append(f"asks {r.url}"))
    page.on("pageerror", lambda e: found.append(f"script error {e}"))
    try:
        page.goto(f"{url}{path}")
        page.get_by_test_id("stMainBlockContainer").first.wait_for(timeout=90_000)
        page.get_by_test_id("stHeading").or_(page.get_by_test_id("stAlert")).first.wait_for(timeout=90_000)
        rest(page)
        text = page.get_by_test_id("stApp").inner_text()
        if page.get_by_test_id("stException").count() or "Traceback" in text or "nobody foresaw" in text:
            found.append(f"an error: {text[-400:]}")
        if page.get_by_test_id("stAlertContentError").count() == (1 if has_data else 0):
            found.append("shows no data" if has_data else "does not say that there is no data")
        background = page.evaluate(
            "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
        )
        if background != "rgb(255, 255, 255)":
            found.append(f"has another theme: {background}")
    except Exception as error:  # a time-out is a problem of this view; the others are still looked at
        found.append(f"{type(error).__name__}: {str(error)[:300]}")
    finally:
        context.close()
    return found


def _is_here(address: str) -> bool:
    return re.match(r"(https?|wss?)://(?!127\.0\.0\.1[:/])", address) is None


if __name__ == "__main__":
    main()
