"""Text files of this library, written whole or not at all; JSON that every reader accepts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sde_core.errors import DataError
from sde_core.files.claims import claimed_file


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as JSON, whole or not at all; infinities and NaN become null."""
    text = json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all.

    Raises:
        OSError: the place cannot be written.
    """
    with claimed_file(path) as file:
        file.write(text.encode("utf-8", "surrogatepass"))


def save_page(path: str | Path, html: Callable[[], str], content: object) -> Path:
    """Write a page, or its content as JSON where the name ends in .json; whole or not at all. Return where it is.

    Raises:
        DataError: the place cannot be written.
    """
    target = Path(path).expanduser()
    try:
        if target.suffix == ".json":
            write_json(target, content)
        else:
            write_text(target, html())
    except OSError as error:
        raise DataError(f"output must be a writable file; {path}: {error.strerror}") from None
    return target


def finite(content: Any) -> Any:  # noqa: ANN401  (as json.dumps)
    """Return ``content`` with NaN and infinities as None, which every reader of JSON accepts."""
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    if isinstance(content, float) and not (float("-inf") < content < float("inf")):
        return None
    return content
