"""A lock between processes that share a folder; one that is killed lets go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

try:
    import fcntl
except ImportError:  # Windows, where one server process is all there is
    fcntl = None  # type: ignore[assignment]

AGAIN_S = 0.1


@contextmanager
def held(path: Path, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock of this file, made where there is none; `waiting` is called now and then until it is
    free, and may raise to give up."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        while fcntl and not _taken(file.fileno(), wait=waiting is None):
            if waiting:
                waiting()
            sleep(AGAIN_S)
        yield  # closing the file lets go


def _taken(handle: int, wait: bool) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
