"""The single writer: a thread that runs jobs one after another and commits several of them with one fsync."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

import apsw

from sync.errors import SyncError, Unavailable

T = TypeVar("T")

# A commit waits for further jobs only while they are already queued, and no longer than this.
_GATHER_S = 0.025

_log = logging.getLogger("sync.sqlite")


@dataclass
class _Job:
    run: Callable[[apsw.Connection], Any]
    committed: Callable[[Any], None] | None
    future: Future[Any]
    outcome: Any = None


class Writer:
    """Owns the writing connection. A future resolves only when its job's transaction has been synced to disk.

    `forget` is called when something that jobs cached in memory may not be true any more: a job failed and
    was rolled back, or another process wrote to the file. `ratify` is called before each commit, inside the
    transaction; when it raises, nothing is committed and every job of the transaction fails with its error.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        forget: Callable[[], None],
        ratify: Callable[[apsw.Connection], None] | None = None,
    ) -> None:
        self._connection = connection
        self._forget = forget
        self._ratify = ratify
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = Lock()
        self._closed = False
        self._seen_version: int | None = None
        self._thread = Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(
        self, run: Callable[[apsw.Connection], T], committed: Callable[[T], None] | None = None
    ) -> Future[T]:
        """Queue a job.

        `committed` is called on the writer's thread after the commit, before the future resolves.
        """
        job = _Job(run, committed, Future())
        with self._lock:
            if self._closed:
                raise Unavailable("The store is closed.")
            self._queue.put(job)
        return job.future

    def do(self, run: Callable[[apsw.Connection], T], committed: Callable[[T], None] | None = None) -> T:
        """Queue a job and wait until it is on disk."""
        return self.submit(run, committed).result()

    def close(self) -> None:
        """Finish the queued jobs, then stop."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        while True:
            job = self._queue.get()
            if job is None:
                return
            try:
                if not self._commit_from(job):
                    return
            except BaseException:  # a lost writer would leave every caller waiting
                _log.exception("writing failed outside of a job")

    def _commit_from(self, first: _Job) -> bool:
        """Run `first` and what is queued behind it in one transaction; False when the end of the queue was
        met.
        """
        done: list[_Job] = []
        more = True
        try:
            self._begin()
            deadline = time.monotonic() + _GATHER_S
            job: _Job | None = first
            while job is not None:
                if self._run(job):
                    done.append(job)
                if time.monotonic() > deadline:
                    break
                try:
                    job = self._queue.get_nowait()
                except Empty:
                    break
                more = job is not None
            if self._ratify is not None:
                self._ratify(self._connection)
            self._connection.execute("COMMIT")
        except Exception as error:
            self._abort(error, [first, *done])
            return more
        for job in done:
            _resolve(job)
        return more

    def _begin(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        version: int = self._connection.pragma("data_version")
        if version != self._seen_version:
            self._forget()
            self._seen_version = version

    def _run(self, job: _Job) -> bool:
        """Run one job inside a savepoint, so that its failure leaves the others of the transaction alone."""
        self._connection.execute("SAVEPOINT job")
        try:
            job.outcome = job.run(self._connection)
            self._connection.execute("RELEASE job")
        except Exception as error:
            self._forget()
            job.future.set_exception(_translated(error))
            if not self._connection.in_transaction:  # a full disk: SQLite rolled everything back itself
                raise
            self._connection.execute("ROLLBACK TO job; RELEASE job")
            return False
        return True

    def _abort(self, error: Exception, jobs: list[_Job]) -> None:
        self._forget()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        for job in jobs:
            if not job.future.done():
                job.future.set_exception(_translated(error))


def _resolve(job: _Job) -> None:
    if job.committed is not None:
        try:
            job.committed(job.outcome)
        except Exception:
            _log.exception("a listener failed after a commit")
    job.future.set_result(job.outcome)


def _translated(error: Exception) -> Exception:
    if isinstance(error, apsw.FullError | apsw.IOError | apsw.BusyError | apsw.CantOpenError):
        _log.error("the disk refused a write: %s", error)
        return Unavailable(
            "The server cannot write to its disk at the moment. Nothing was stored; try again later."
        )
    if not isinstance(error, SyncError):
        _log.error("a write failed", exc_info=error)
    return error
