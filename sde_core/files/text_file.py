"""Text files of this library, written whole or not at all; JSON that every reader accepts."""

import json
from pathlib import Path
from typing import Any

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


def finite(content: Any) -> Any:  # noqa: ANN401  (as json.dumps)
    """Return ``content`` with NaN and infinities as None, which every reader of JSON accepts."""
    if isinstance(content, dict):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    if isinstance(content, float) and not (float("-inf") < content < float("inf")):
        return None
    return content
