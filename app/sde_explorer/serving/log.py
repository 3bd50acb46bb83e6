"""What the server writes down: one line of JSON for each job, each failure and each start. No streamlit here."""

import json
import logging
import secrets
import sys
import time
import traceback
from typing import TextIO

NAME = "sde_explorer"
_LOG = logging.getLogger(NAME)
_OF_NO_TAB = ("jobs-", "warm", "ahead-")
"""What the names of threads begin with that belong to no browser tab."""


class JsonLines(logging.Formatter):
    """A record as one line: time (UTC), level, event, and its figures."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line = {"time": when, "level": record.levelname.lower(), "event": record.getMessage()}
        figures = getattr(record, "figures", {})
        return json.dumps({**line, **figures}, ensure_ascii=False, default=str)


def start(stream: TextIO | None = None) -> None:
    """Write this server's lines to a stream, stderr if none is given, and nowhere else."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    _LOG.handlers[:] = [handler]
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False


def leave_out_what_is_no_fault() -> None:
    """Keep Streamlit's log clean of what is meant to be so, and about which nobody can do anything.

    Each part that follows a job looks once more than it is there, where a change of view has just taken it away; and
    jobs, and what is computed ahead, read what Streamlit caches in threads that belong to no browser tab.
    """
    logging.getLogger("streamlit.runtime.app_session").addFilter(_is_no_late_look)
    name = "streamlit.runtime.scriptrunner_utils.script_run_context"
    logging.getLogger(name).addFilter(_is_of_a_tab)


def _is_no_late_look(record: logging.LogRecord) -> bool:
    return "The fragment with id" not in str(record.msg)


def _is_of_a_tab(record: logging.LogRecord) -> bool:
    return not str(record.threadName).startswith(_OF_NO_TAB)


def tell(event: str, **figures: object) -> None:
    """Write one line.

    Args:
        event: what happened, one word.
        figures: what else the line holds.
    """
    _LOG.info(event, extra={"figures": figures})


def tell_error(error: BaseException, **figures: object) -> str:
    """Write an error that nobody foresaw, with its traceback, and return the id that its line carries.

    Args:
        error: as it was caught.
        figures: what else the line holds.
    """
    name = secrets.token_hex(4)
    lines = traceback.format_exception(error)
    _LOG.error("error", extra={"figures": {"id": name, **figures, "traceback": "".join(lines)}})
    return name


def tell_problem(what: str, problem: str) -> str:
    """Write that something of this server has to be mended, and return the id that its line carries.

    Args:
        what: has to be mended.
        problem: with it, in words.
    """
    name = secrets.token_hex(4)
    _LOG.error("problem", extra={"figures": {"id": name, "what": what, "problem": problem}})
    return name


def unforeseen(error: BaseException, **figures: object) -> str:
    """Return the sentence for a visitor about an error that nobody foresaw; the log holds what it was.

    Args:
        error: as it was caught.
        figures: what else the line in the log holds.
    """
    name = tell_error(error, **figures)
    return f"something went wrong that nobody foresaw; the server's log has it under {name}"
