"""The errors that a caller may catch; each is also a ValueError."""

from pathlib import Path

_OWN = Path(__file__).resolve().parent
_LONGEST = 160


class SDEError(ValueError):
    """Base of every error that SDE Explorer raises on purpose; its text is one sentence for people."""

    def __repr__(self) -> str:
        """Return class and beginning of the sentence, at most 200 characters; the text itself is not cut."""
        text = str(self)
        return f"{type(self).__name__}({text if len(text) <= _LONGEST else f'{text[:_LONGEST]}...'!r})"

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in place of a traceback: the sentence, then the caller's own lines.

        IPython asks for it by this name. ``traceback.print_exc()`` prints all frames as ever.
        """
        from traceback import extract_tb, format_list

        frames = list(extract_tb(self.__traceback__))
        inside = [i for i, frame in enumerate(frames) if Path(frame.filename).resolve().is_relative_to(_OWN)]
        callers = [f for f in frames[: inside[0] if inside else None] if "/IPython/" not in f.filename]
        lines = "".join(format_list(callers)).rstrip().splitlines()
        return [f"{type(self).__name__}: {self}", "", *lines]


class DataError(SDEError):
    """Pairs, embeddings or a file of the user cannot be used as they are."""


class EncoderError(SDEError):
    """An encoder is unknown, unreachable or does not fit its checkpoint."""


class ConfigError(SDEError):
    """A parameter has a value that is not allowed."""
