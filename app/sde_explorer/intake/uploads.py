"""Uploaded files in the cache folder: size limits by what is declared and by what comes, names that are safe."""

import hashlib
import os
import re
import shutil
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import sde_core as sde
from sde_core.files.claims import claimed_folder
from sde_explorer.serving.places import check_writing
from sde_explorer.serving.policy import current

_MIB = 1 << 20
_BLOCK = 4 * _MIB
_MOST_LETTERS = 120


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way in.

    Attributes:
        name: as the browser gave it.
        size: as the browser gave it, in bytes.
        content: open for reading.
    """

    name: str
    size: int
    content: IO[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be uploaded at one time.

    Attributes:
        total_bytes: of all files.
        files: how many.
        spare_bytes: that must stay free on the disk.
        server_bytes: of all uploads that lie on the disk, by whomever, with the new one.
    """

    total_bytes: int = 400 * _MIB
    files: int = 2_000
    spare_bytes: int = 512 * _MIB
    server_bytes: int = 2_000 * _MIB


LIMITS = Limits()


def limits_now() -> Limits:
    """Return the limits that this server's rules set."""
    rules = current()
    return replace(
        LIMITS,
        total_bytes=rules.upload_mib * _MIB,
        files=rules.upload_files,
        server_bytes=rules.server_upload_mib * _MIB,
    )


def put_away(
    uploads: Sequence[Upload], cache: Path, *, limits: Limits | None = None, beside: Sequence[Path] = ()
) -> Path:
    """Return where the files lie now: the file, or a folder of several; the same upload lies there once.

    They are written beside the place and renamed, so that a broken upload leaves nothing behind. Nothing is
    unpacked: the readers look into archives, by their own limits.

    Args:
        uploads: at least one.
        cache: folder whose ``uploads`` takes them.
        limits: of size and number; those of the server if None.
        beside: the ``uploads`` folders of everybody, which count together.

    Raises:
        DataError: nothing, too much, two files of one name, no room on the disk, or the server takes no uploads.
    """
    check_writing()
    limits = limits or limits_now()
    names = _checked(uploads, limits)
    target = cache / "uploads"
    target.mkdir(parents=True, exist_ok=True)
    declared = sum(upload.size for upload in uploads)
    free = shutil.disk_usage(target).free
    if free - declared < limits.spare_bytes:
        raise sde.DataError(
            f"uploads must leave {limits.spare_bytes // _MIB:,} MiB free on the disk; "
            f"{free // _MIB:,} MiB are free now: remove files there"
        )
    if declared + sum(map(_size, beside)) > limits.server_bytes:
        raise sde.DataError(
            f"this server keeps at most {limits.server_bytes // _MIB:,} MiB of uploads and holds too many now: "
            "uploads of those who are gone are removed after a week"
        )
    try:
        with claimed_folder(target / "upload") as fresh:
            label = "-".join(dict.fromkeys(name.partition(".")[0] for name in names))[:48]
            inner = fresh if len(names) == 1 else fresh / label
            inner.mkdir(exist_ok=True)
            digest = _write(uploads, names, inner, limits)
            place = target / digest[:16]
            if not place.exists():
                fresh.chmod(0o755)
                fresh.rename(place)
    except OSError as error:
        raise sde.DataError(f"the upload cannot be written: {error.strerror}") from None
    return place / (names[0] if len(names) == 1 else label)


def safe_file_name(name: str) -> str:
    """Return the last part of a name as letters, digits, dots and dashes, never hidden, never empty.

    >>> safe_file_name("../../etc/My Vectors (1).npy"), safe_file_name(".."), safe_file_name("été.zip")
    ('My-Vectors-1-.npy', 'file', 'été.zip')
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    clean = re.sub(r"[^\w.-]+", "-", last).lstrip(".-")
    stem, dot, suffix = clean.rpartition(".")
    kept = clean if len(clean) <= _MOST_LETTERS else f"{stem[: _MOST_LETTERS - len(suffix) - 1]}{dot}{suffix}"
    return kept[-_MOST_LETTERS:] or "file"


def _checked(uploads: Sequence[Upload], limits: Limits) -> list[str]:
    if not uploads:
        raise sde.DataError("uploads must hold at least one file; got none")
    if len(uploads) > limits.files:
        raise sde.DataError(
            f"at most {limits.files:,} files can be uploaded at once; got {len(uploads):,}: put them in one zip"
        )
    declared = sum(upload.size for upload in uploads)
    if declared > limits.total_bytes:
        raise sde.DataError(_too_much(declared, limits))
    names = [safe_file_name(upload.name) for upload in uploads]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise sde.DataError(f"uploaded files must have different names; {twice!r} comes twice")
    return names


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _too_much(size: int, limits: Limits) -> str:
    return (
        f"uploads must have at most {limits.total_bytes // _MIB:,} MiB together; these have "
        f"{size / _MIB:,.1f} MiB: put them on the server and give their path"
    )


def _write(uploads: Sequence[Upload], names: list[str], folder: Path, limits: Limits) -> str:
    """Write the files, count what really comes, and return a digest of names and contents."""
    digest, left = hashlib.sha256(), limits.total_bytes
    for upload, name in zip(uploads, names, strict=True):
        inner = hashlib.sha256()
        with (folder / name).open("xb") as file:
            while block := upload.content.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    raise sde.DataError(_too_much(limits.total_bytes - left, limits))
                inner.update(block)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        digest.update(f"{name}\0{inner.hexdigest()}\0".encode())
    return digest.hexdigest()
