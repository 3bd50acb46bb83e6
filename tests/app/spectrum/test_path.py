"""How far a moved threshold travels to its figure, and how often the bands are computed on the way."""

import sys
import threading
from pathlib import Path
from types import CodeType, FrameType

import pytest

import sde_core
import sde_explorer
from sde_core.partition import Bands
from sde_explorer.state import State
from tests.app.conftest import control, settled, spiked

HOMES = tuple(str(Path(package.__file__).parent) for package in (sde_core, sde_explorer))
FACTOR = 0.8125
MOST_FILES = 12


def _carries(value: object, depth: int = 0) -> bool:
    """Whether a value is, or holds, the moved factor, bands, or a state with that factor."""
    if isinstance(value, tuple | list | dict):
        inside = value.values() if isinstance(value, dict) else value
        return depth < 3 and len(value) < 80 and any(_carries(one, depth + 1) for one in inside)
    if isinstance(value, State):
        return value.noise == FACTOR
    return isinstance(value, Bands) or (isinstance(value, float) and value == FACTOR)


class _Path:
    """The files in which a function takes or returns what is moved, up to the data of the figure."""

    def __init__(self) -> None:
        self.files: list[str] = []
        self._names: dict[CodeType, tuple[str, ...] | None] = {}

    def watch(self, frame: FrameType, event: str, value: object) -> None:
        """Be told of every call and return, as by `sys.setprofile`."""
        if event not in ("call", "return"):
            return
        code = frame.f_code
        if code not in self._names:
            is_ours = code.co_filename.startswith(HOMES)
            self._names[code] = (
                code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if is_ours else None
            )
        names = self._names[code]
        if names is None:
            return
        if code.co_filename not in self.files:
            values = [frame.f_locals.get(name) for name in names] if event == "call" else [value]
            if any(map(_carries, values)):
                self.files.append(code.co_filename)
        if event == "return" and code.co_name == "figure_data":
            sys.setprofile(None)


def test_few_files_stand_between_a_moved_threshold_and_its_figure(open_page, spiked_folder):
    at = open_page("spectrum", data=str(spiked_folder), overlay="none")
    box = control(at, "noise_number").set_value(FACTOR)
    path = _Path()
    threading.setprofile(path.watch)  # of the thread that the page runs in
    try:
        box.run()
    finally:
        threading.setprofile(None)
    assert not at.exception
    files = ["/".join(Path(file).parts[-2:]) for file in path.files]
    assert {"ui/session.py", "partition/bands.py", "threshold_figure/sent.py"} <= set(files)
    assert len(files) <= MOST_FILES, files


@pytest.mark.parametrize("spectra", ["by modality", "joint", "cross"])
def test_bands_are_computed_once_for_each_spectrum_and_moved_once(open_page, tmp_path, monkeypatch, spectra):
    of, moved, made = Bands.of.__func__, Bands.moved, []

    def counted_of(cls, spectrum, partition, *, modality=""):
        made.append(("of", modality))
        return of(cls, spectrum, partition, modality=modality)

    def counted_moved(self, **factors):
        made.append(("moved", self.modality))
        return moved(self, **factors)

    monkeypatch.setattr(Bands, "of", classmethod(counted_of))
    monkeypatch.setattr(Bands, "moved", counted_moved)
    kinds = ("image", "text") if spectra == "by modality" else (spectra,)
    unknown = spiked(seed=len(spectra)).save(tmp_path / "set")  # of which nothing is kept
    at = settled(open_page("spectrum", data=str(unknown), overlay="none", spectra=spectra))
    assert not at.exception
    assert sorted(made) == sorted((what, kind) for kind in kinds for what in ("of", "moved"))
    made.clear()
    control(at, "noise_number").set_value(FACTOR).run()
    assert not at.exception
    assert sorted(made) == sorted(("moved", kind) for kind in kinds)
