"""Places that people name: what no file system can hold is said before anything looks for it."""

import os
from pathlib import Path

from sde_core.errors import DataError

_MOST_LETTERS = 80


def check_place(place: str | Path, parameter: str) -> None:
    """Refuse a place that cannot be one: a home of nobody, too long a name, links in a circle, a zero byte.

    One that is not there, or may not be looked at, passes: whoever opens it says so.

    Args:
        place: a path, or another name, such as of a set on a hub.
        parameter: what the caller calls it, for the sentence.

    Raises:
        DataError: it cannot be a place.

    >>> check_place("~nobody-of-that-name/a", "path")
    Traceback (most recent call last):
    sde_core.errors.DataError: path must name a place; '~nobody-of-that-name/a' cannot be one: it is nobody's home
    """
    try:
        os.stat(Path(place).expanduser())
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    except RuntimeError:
        reason = "it is nobody's home"
    except OSError as error:
        reason = (error.strerror or "it cannot be looked at").lower()
    except ValueError as error:
        reason = str(error)
    else:
        return
    shown = str(place) if len(str(place)) <= _MOST_LETTERS else f"{str(place)[:_MOST_LETTERS]}..."
    raise DataError(f"{parameter} must name a place; {shown!r} cannot be one: {reason}")
