"""Ids, captions and metadata as every reader takes them: one rule and one sentence for all formats."""

import json
import math
from collections.abc import Iterable, Mapping

from sde_core.errors import DataError
from sde_core.pairs.encodings import encoding_of
from sde_core.pairs.limits import MAX_CAPTION_CHARACTERS, MAX_ID_CHARACTERS

Scalar = str | int | float | bool


def clean_id(text: str) -> str:
    """Return ``text`` if it can be the id of a pair.

    Raises:
        DataError: empty, too long, or not valid Unicode.
    """
    if not text.strip():
        raise DataError("its id is empty")
    if len(text) > MAX_ID_CHARACTERS:
        raise DataError(f"its id has {len(text):,} characters; at most {MAX_ID_CHARACTERS:,} are read")
    if not _is_unicode(text):
        raise DataError("its name is not UTF-8: rename it")
    return text


def clean_captions(captions: Iterable[str], *, needed: bool = True) -> tuple[str, ...]:
    """Return the captions without outer space, without empty ones, each once, in their order.

    Raises:
        DataError: none is left although one is needed, one is too long, or one is not valid Unicode.
    """
    found: dict[str, None] = {}
    for caption in captions:
        if len(caption) > MAX_CAPTION_CHARACTERS:
            raise DataError(
                f"its caption has {len(caption):,} characters; at most {MAX_CAPTION_CHARACTERS:,} are read"
            )
        if not _is_unicode(caption):
            raise DataError("its caption is not valid Unicode: it holds half of a surrogate pair")
        if text := caption.strip():
            found[text] = None
    if not found and needed:
        raise DataError("no caption, or an empty one")
    return tuple(found)


def listed_captions(value: object) -> list[str]:
    """Return what a record holds under its caption's name as a list: one text, or a list of texts.

    >>> listed_captions("a cat"), listed_captions(["a cat", None, float("nan")]), listed_captions(None)
    (['a cat'], ['a cat'], [])
    """
    values = value if isinstance(value, list | tuple) else [value]
    return [str(v) for v in values if isinstance(v, str | int | float) and not isinstance(v, bool) and v == v]


def caption_text(content: bytes) -> str:
    """Return the text of a caption file: UTF-8, or as its byte order mark says.

    Raises:
        DataError: not UTF-8.
    """
    encoding = encoding_of(content)
    try:
        return content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(
            f"its caption is not UTF-8: {error.reason} at byte {error.start}, line {line}"
        ) from None


def json_record(content: bytes) -> dict[str, object]:
    """Return the JSON object in a sidecar file; one that holds something else is empty.

    Raises:
        DataError: not JSON.
    """
    try:
        record = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataError(f"its JSON cannot be read: {error}") from None
    return record if isinstance(record, dict) else {}


_NAMED = ("captions", "caption")
_ALSO = ("title", "text", "texts", "sentence", "sentences", "description")


def record_captions(record: Mapping[str, object]) -> list[str]:
    """Return the captions of a sidecar, under "captions" and "caption"; without either under a word for them.

    >>> record_captions({"caption": "a cat", "title": "x.jpg"}), record_captions({"TEXT": ["a cat", "a pet"]})
    (['a cat'], ['a cat', 'a pet'])
    """
    name = _caption_name(record)
    if name is None:
        return []
    also = next((other for other in record if other.lower() == "caption" and other != name), None)
    return listed_captions(record[name]) + (listed_captions(record[also]) if also else [])


def record_metadata(record: Mapping[str, object]) -> dict[str, Scalar]:
    """Return the scalars of a sidecar other than its captions."""
    used = (*_NAMED, _caption_name(record))
    return scalars({name: value for name, value in record.items() if name not in used})


def unknown_words(record: Mapping[str, object]) -> list[str]:
    """Return the names of a sidecar's texts where none of them is known as its caption.

    >>> unknown_words({"prompt": "a cat", "width": 8}), unknown_words({"caption": None, "prompt": "a cat"})
    (['prompt'], [])
    """
    if _caption_name(record) is not None:
        return []
    return [name for name, value in record.items() if isinstance(value, str) and value.strip()]


def _caption_name(record: Mapping[str, object]) -> str | None:
    plain = {name.lower(): name for name in reversed(list(record))}
    return next((plain[name] for name in (*_NAMED, *_ALSO) if name in plain), None)


def scalars(record: Mapping[str, object]) -> dict[str, Scalar]:
    """Return the entries of a record that are one text, number or truth value; the others are left out.

    >>> scalars({"split": "test", "tags": ["a"], "views": 3, "large": 2**70, "score": float("nan")})
    {'split': 'test', 'views': 3, 'large': '1180591620717411303424'}
    """
    found: dict[str, Scalar] = {}
    for key, value in record.items():
        if not isinstance(value, str | int | float) or not _is_unicode(key):
            continue
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            value = str(value)  # columns of numbers hold 64 bits
        if isinstance(value, float) and not math.isfinite(value):
            continue
        if isinstance(value, str) and not _is_unicode(value):
            continue
        found[key] = value
    return found


def _is_unicode(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
