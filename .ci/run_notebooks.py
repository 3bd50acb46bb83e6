"""Run every notebook of the built site from its first cell to its last, each in a kernel of its own, two at a time.

python .ci/run_notebooks.py FOLDER

A notebook of the gallery must print what its script prints, and show a figure.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.test_gallery import ANSWERS  # noqa: E402

_FIGURE = "application/vnd.plotly.v1+json"
_CELL_S = 600


def main(folder: Path) -> None:
    """Run them; exit with the names of those that fail or say something else."""
    notebooks = {path.stem: path for path in sorted(folder.rglob("*.ipynb"))}
    if missing := ANSWERS.keys() - notebooks.keys():
        sys.exit(f"the site lacks notebooks: {', '.join(sorted(missing))}")
    with tempfile.TemporaryDirectory() as place:
        os.environ["SDE_CACHE"] = f"{place}/cache"
        wrong = asyncio.run(_all(notebooks, place))
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(notebooks)} notebooks run")


async def _all(notebooks: dict[str, Path], place: str) -> list[str]:
    two = asyncio.Semaphore(2)

    async def one(name: str, path: Path) -> str:
        async with two:
            started = time.monotonic()
            found = await _wrong(name, path, place)
            print(f"{name}: {found or 'good'}, {time.monotonic() - started:.0f} s", flush=True)
            return f"{name}: {found}" if found else ""

    return [each for each in await asyncio.gather(*(one(*item) for item in notebooks.items())) if each]


async def _wrong(name: str, path: Path, place: str) -> str:
    """Return what is wrong with a notebook; "" where nothing is."""
    book = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    client = NotebookClient(book, timeout=_CELL_S, resources={"metadata": {"path": place}})
    try:
        await client.async_execute()
    except Exception as error:  # whatever the kernel says; the others still run
        return str(error)[-1500:]
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    printed = "".join(each.text for each in outputs if each.output_type == "stream" and each.name == "stdout")
    shows = any(_FIGURE in each.get("data", {}) for each in outputs)
    if name not in ANSWERS:
        return "" if outputs else "shows nothing"
    if not re.search(ANSWERS[name], printed.strip(), re.M):
        return f"prints something else: {printed[-500:]}"
    return "" if shows else "shows no figure"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
