"""Warnings instead of errors: what fails while a training is watched is reported once and never stops it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


class Notices:
    """Warnings of a monitor, each given once."""

    def __init__(self) -> None:
        self._keys: set[str] = set()

    def once(self, sentence: str, key: str | None = None) -> None:
        """Warn of a sentence, of those with one key once; None is the sentence itself."""
        key = sentence if key is None else key
        if key not in self._keys:
            self._keys.add(key)
            warnings.warn(sentence, stacklevel=2)

    @contextmanager
    def instead(self, what: str) -> Iterator[None]:
        """Turn what fails inside into a warning, one for each kind of error.

        Args:
            what: could not be done.
        """
        try:
            yield
        except Exception as error:  # whatever it is, the training goes on
            kind = type(error).__name__
            self.once(f"{what}: {str(error) or kind}; the training goes on", f"{what} {kind}")
