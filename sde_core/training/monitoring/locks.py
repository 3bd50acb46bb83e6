"""Who has a part open for writing: a lock that ends with its process, also where that is killed."""

from io import FileIO
from pathlib import Path


def lock(file: FileIO) -> None:
    """Lock a part for as long as its writer lives; where there are no locks nothing says so."""
    try:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return


def is_locked(path: Path) -> bool:
    """Return whether a living process has a part open for writing; False where there are no locks."""
    try:
        import fcntl

        with path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False
