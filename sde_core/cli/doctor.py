"""`sde doctor`: what this installation has, what it can reach, and what to do about the rest."""

import argparse
import os
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from sde_core.cli.options import new_command
from sde_core.cli.output import print_json
from sde_core.errors import DataError, SDEError
from sde_core.files.cache import cache_folder
from sde_core.files.claims import leftovers, remove_leftovers

_SPARE_BYTES = 2 << 30
_OURS = ("dev", "clients", "site")
"""Extras of those who work on the project: what they lack is not missed."""
_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?\s*([^;]*)(?:;\s*extra\s*==\s*['\"](\w+)['\"])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: it is.
        state: "good", "note" for what only some need, "bad" for what must be mended.
        found: in words.
        remedy: what to do, where there is something to do.
    """

    what: str
    state: Literal["good", "note", "bad"]
    found: str
    remedy: str = ""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = new_command(
        commands,
        "doctor",
        "Say what this installation has and what it misses.",
        "sde doctor",
        "sde doctor --clean",
    )
    parser.add_argument(
        "--clean",
        nargs="*",
        metavar="FOLDER",
        help="remove what killed processes were writing below the cache and these folders; nothing of a living one",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print every finding.

    Raises:
        DataError: something must be mended.
    """
    findings = [*examine(), _left(options.clean)]
    if options.json:
        print_json([asdict(finding) for finding in findings])
    else:
        width = max(len(finding.what) for finding in findings)
        for f in findings:
            sign = {"good": " ", "note": "·", "bad": "✗"}[f.state]
            print(f"{sign} {f.what:{width}}  {f.found}{f'; {f.remedy}' if f.remedy else ''}")
    broken = [finding.what for finding in findings if finding.state == "bad"]
    if broken:
        raise DataError(f"{', '.join(broken)} must be mended: the list says how")


def examine() -> Iterator[Finding]:
    """Yield what there is: versions, device, data, cache, disk, hub; nothing is changed and nothing is fetched."""
    yield _good(
        "sde-explorer", f"{_version('sde-explorer') or 'from a checkout'}, in {Path(__file__).parents[1]}"
    )
    yield _good(
        "Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {sys.executable}"
    )
    yield from _packages()
    yield _device()
    yield _data()
    yield _cache()
    yield _hub()


def _packages() -> Iterator[Finding]:
    """Yield each package that the project names, with its version; optional ones are named by what needs them."""
    try:
        wanted = requires("sde-explorer") or []
    except PackageNotFoundError:
        wanted = []
    if not wanted:
        yield Finding(what="packages", state="note", found="the project's own list is not installed")
        return
    for requirement in wanted:
        match = _REQUIREMENT.match(requirement)
        if match is None or match[3] == "dev" or match[1] == "sde-explorer":
            continue
        name, bounds, extra = match[1], match[2].strip(" ()"), match[3] or ""
        have = _version(name)
        if have is None and extra in _OURS:
            continue
        if have is None:
            what = {"": "everything", "app": "the dashboard"}.get(extra, f"the extra `{extra}`")
            state: Literal["note", "bad"] = "note" if extra else "bad"
            yield Finding(
                what=name, state=state, found=f"not installed; {what} needs it", remedy=_install(extra)
            )
        elif not _fits(have, bounds):
            yield Finding(
                what=name, state="note", found=f"{have}, tested with {bounds}", remedy=_install(extra)
            )
        else:
            yield _good(name, have)


def _device() -> Finding:
    import torch

    from sde_core.checks.device import device_label, resolve_device

    device = resolve_device("auto")
    cores = os.cpu_count() or 1
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return _good(
            "device", f"{device_label(device)}, {free / 1e9:.1f} of {total / 1e9:.1f} GB free; {cores} cores"
        )
    return Finding(
        what="device",
        state="note",
        found=f"CPU, {cores} cores, {torch.get_num_threads()} threads; no CUDA",
        remedy=""
        if torch.version.cuda is None
        else "this PyTorch is a CUDA build: with a GPU in it, look at its driver",
    )


def _data() -> Finding:
    from sde_core.files import bundled

    try:
        folder = bundled.data_folder()
    except SDEError as error:
        return Finding(what="bundled data", state="bad", found=str(error))
    places = [bundled.encoder_folder(), *map(bundled.embeddings_folder, bundled.PAIR_SETS)]
    missing = [path.name for path in places if not path.is_dir()]
    if missing:
        return Finding(
            what="bundled data",
            state="bad",
            found=f"{folder} lacks {', '.join(missing)}",
            remedy="install the package anew, or set SDE_DATA to the data folder of a checkout",
        )
    return _good("bundled data", f"{folder}{', by SDE_DATA' if os.environ.get('SDE_DATA') else ''}")


def _left(clean: list[str] | None) -> Finding:
    """Look for what killed processes were writing; remove it if ``clean`` is a list of further folders to look into."""
    tops = [cache_folder(), *(Path(folder).expanduser() for folder in clean or ())]
    find = leftovers if clean is None else remove_leftovers
    found = [path for top in tops for folder in _folders(top) for path in find(folder)]
    if not found:
        return _good("unfinished writes", "none")
    what = f"{len(found)} of processes that are gone, the first {found[0]}"
    if clean is None:
        return Finding(what="unfinished writes", state="note", found=what, remedy="sde doctor --clean")
    return _good("unfinished writes", f"removed {what}")


def _folders(top: Path) -> list[Path]:
    """Return a folder and all below it that is not hidden; links are not followed."""
    found = []
    for folder, below, _ in os.walk(top):
        below[:] = [name for name in below if not name.startswith(".")]
        found.append(Path(folder))
    return found


def _cache() -> Finding:
    folder = cache_folder()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    remedy = "set SDE_CACHE to a folder with room that you may write"
    if not os.access(there, os.W_OK):
        return Finding(what="cache", state="bad", found=f"{folder} cannot be written", remedy=remedy)
    free = shutil.disk_usage(there).free
    found = f"{folder}, {sum(1 for _ in folder.glob('embeddings/*/manifest.json'))} sets, {free / 1e9:.1f} GB free"
    return (
        _good("cache", found)
        if free >= _SPARE_BYTES
        else Finding(what="cache", state="note", found=found, remedy=remedy)
    )


def _hub() -> Finding:
    from huggingface_hub import constants

    from sde_core.files.hub import hub_answers

    if hub_answers():
        return _good("hub", f"{constants.ENDPOINT} can be reached")
    return Finding(
        what="hub",
        state="note",
        found=f"{constants.ENDPOINT} cannot be reached",
        remedy="what is bundled, local or fetched before works; else set a proxy (HTTPS_PROXY) or HF_ENDPOINT",
    )


def _good(what: str, found: str) -> Finding:
    return Finding(what=what, state="good", found=found)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _fits(have: str, bounds: str) -> bool:
    """Return whether a version lies within bounds such as ">=2.6,<3"; what is no number does not count.

    >>> _fits("2.6.0+cpu", "<3,>=2.6"), _fits("3.0", "<3,>=2.6"), _fits("2.10", ">=2.9")
    (True, False, True)
    """
    mine = _numbers(have)
    for bound in bounds.split(","):
        sign, number = bound.strip()[:2], _numbers(bound.strip("<>= "))
        if (sign == ">=" and mine < number) or (sign[:1] == "<" and mine >= number):
            return False
    return True


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text.partition("+")[0])[:3])


def _install(extra: str) -> str:
    return f'pip install "sde-explorer{f"[{extra}]" if extra else ""}"'
