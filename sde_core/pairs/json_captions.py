"""Captions of a whole set in one JSON: COCO's, Karpathy's splits, a list of records, or image -> captions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from sde_core.errors import DataError
from sde_core.pairs.member_names import IMAGE_SUFFIXES

_Record = dict[str, Any]
_WORDS = ("raw", "caption", "text")


def json_lines(content: bytes, name: str) -> Iterator[bytes]:
    """Yield a record an image, each as a line of JSON.

    Args:
        content: of the file.
        name: of the file, for sentences.

    Raises:
        DataError: not JSON, or of none of these layouts.
    """
    try:
        found = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} cannot be read as JSON: {error}") from None
    for record in _records(found, name):
        yield json.dumps(record).encode() + b"\n"


def _records(found: object, name: str) -> Iterator[_Record]:
    if isinstance(found, dict):
        if _are_records(found.get("annotations")) and _are_records(found.get("images")):
            return _coco(found["images"], found["annotations"], name)
        if found and all(_is_picture(key) for key in found):
            return ({"file_name": key, "captions": _texts(value)} for key, value in found.items())
        lists = [value for value in found.values() if _are_records(value)]
        found = lists[0] if len(lists) == 1 else found
    if _are_records(found):
        return map(_plain, found)
    raise DataError(
        f"{name} must be captions as COCO or Karpathy's splits have them, a list of records, or an object of "
        "picture -> captions"
    )


def _coco(images: list[_Record], annotations: list[_Record], name: str) -> Iterator[_Record]:
    """Return one record an image, with the captions that name it."""
    captions: dict[object, list[str]] = {}
    for each in annotations:
        if isinstance(each.get("caption"), str) and isinstance(each.get("image_id"), int | str):
            captions.setdefault(each["image_id"], []).append(each["caption"])
    if not captions:
        raise DataError(f"{name} holds annotations without captions: open the file of captions")
    return (
        {
            "image_id": image["id"],
            "file_name": image.get("file_name"),
            "captions": captions.get(image["id"], []),
        }
        for image in images
        if isinstance(image.get("id"), int | str)
    )


def _plain(record: _Record) -> _Record:
    """Return a record with captions as texts, and the image's folder and name, which Karpathy keeps apart, in one."""
    made = {key: _texts(value) if _are_records(value) else value for key, value in record.items()}
    folder, file = record.get("filepath"), record.get("filename")
    if isinstance(folder, str) and isinstance(file, str) and not _is_picture(folder):
        made = {key: value for key, value in made.items() if key not in ("filepath", "filename")}
        made = {"file_name": f"{folder}/{file}", **made}
    return made


def _texts(value: object) -> list[object]:
    """Return captions as they are listed, also those that are records of their own."""
    values = value if isinstance(value, list) else [value]
    return [_text(each) if isinstance(each, Mapping) else each for each in values]


def _text(record: Mapping[str, object]) -> object:
    return next((record[word] for word in _WORDS if isinstance(record.get(word), str)), None)


def _are_records(value: object) -> TypeGuard[list[_Record]]:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _is_picture(name: str) -> bool:
    return "." in name and name.rpartition(".")[2].lower() in IMAGE_SUFFIXES
