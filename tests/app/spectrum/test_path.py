"""How far a moved threshold travels to its figure."""

import threading
from pathlib import Path

import sde_core
import sde_explorer
from sde_core.partition import Bands

HOMES = tuple(str(Path(package.__file__).parent) for package in (sde_core, sde_explorer))
FACTOR = 0.8125
MOST_FILES = 12


def _carries(value: object) -> bool:
    if isinstance(value, tuple | list) and len(value) < 8:
        return any(map(_carries, value))
    return isinstance(value, Bands) or (isinstance(value, float) and value == FACTOR)


def test_few_files_stand_between_a_moved_threshold_and_its_figure(open_page, spiked_folder):
    open_page("spectrum", data=str(spiked_folder), overlay="none")  # what is computed once is there
    passed: list[str] = []

    def watch(frame, event, _):
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        is_ours = event == "call" and code.co_filename.startswith(HOMES) and code.co_filename not in passed
        if is_ours and any(_carries(frame.f_locals.get(name)) for name in names):
            passed.append(code.co_filename)

    threading.setprofile(watch)  # of the thread that the page runs in
    try:
        fresh = open_page("spectrum", data=str(spiked_folder), overlay="none", noise=str(FACTOR))
    finally:
        threading.setprofile(None)
    assert not fresh.exception
    files = [Path(name).name for name in passed]
    assert {"bands.py", "component.py", "sent.py"} <= set(files)
    assert files.index("sent.py") + 1 <= MOST_FILES, files
