"""The file and its databases."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock

import apsw

from sync.errors import Forbidden, PreconditionFailed, no_database
from sync.policy import OpenPolicy, Policy
from sync.sqlite.connections import Readers, open_writer
from sync.sqlite.database import SQLiteDatabase
from sync.sqlite.memory import Memory
from sync.sqlite.schema import migrate
from sync.sqlite.writer import Writer
from sync.store import Quota, Store, check_database_name

_OPEN = OpenPolicy()

# In this order: what a database's documents own, then the documents, then the rest.
_DROP = """
DELETE FROM feed WHERE channel IN (SELECT key FROM channels WHERE database = ?1);
DELETE FROM revisions WHERE document IN (SELECT key FROM documents WHERE database = ?1);
DELETE FROM documents WHERE database = ?1;
DELETE FROM groups WHERE database = ?1;
DELETE FROM channels WHERE database = ?1;
DELETE FROM local_documents WHERE database = ?1;
DELETE FROM quarantine WHERE database = ?1;
DELETE FROM databases WHERE key = ?1;
"""


class SQLiteStore(Store):
    """All databases of a deployment in one SQLite file.

    `policies` names the databases that have rules; they are made when they are not there yet. Others are
    plain databases, made by `create`. `quota` bounds what each person may have in quarantine.
    """

    def __init__(
        self, path: Path | str, policies: Mapping[str, Policy] | None = None, quota: Quota = Quota()
    ) -> None:
        self._policies = dict(policies or {})
        self.quota = quota
        connection = open_writer(Path(path))
        migrate(connection)
        self.uuid: str = connection.execute("SELECT uuid FROM deployment").get
        self.memory = Memory()
        self.readers = Readers(Path(path))
        self.writer = self._writer(connection)
        self._open: dict[str, SQLiteDatabase] = {}
        self._lock = Lock()
        for name in self._policies:
            with suppress(PreconditionFailed):  # it is there already
                self._make(check_database_name(name))

    def _writer(self, connection: apsw.Connection) -> Writer:
        return Writer(connection, self.memory.forget)

    def _database(self, key: int, name: str, uuid: str) -> SQLiteDatabase:
        return SQLiteDatabase(self, key, name, uuid, self._policies.get(name, _OPEN))

    def database(self, name: str) -> SQLiteDatabase:
        with self.readers.snapshot() as connection:
            row = connection.execute("SELECT key, uuid FROM databases WHERE name = ?", (name,)).get
        if row is None:
            raise no_database()
        key, uuid = row
        with self._lock:
            known = self._open.get(name)
            if known is None or known.key != key or known.uuid != uuid:
                known = self._database(key, name, uuid)
                self._open[name] = known
            return known

    def create(self, name: str) -> SQLiteDatabase:
        check_database_name(name)
        self._make(name)
        return self.database(name)

    def _make(self, name: str) -> None:
        def job(connection: apsw.Connection) -> None:
            try:
                connection.execute(
                    "INSERT INTO databases (name, uuid) VALUES (?, ?)", (name, secrets.token_hex(16))
                )
            except apsw.ConstraintError as error:
                raise PreconditionFailed(
                    "The database could not be created, the file already exists.", "file_exists"
                ) from error

        self.writer.do(job)

    def drop(self, name: str) -> None:
        if name in self._policies:
            raise Forbidden("This database belongs to the platform and cannot be deleted.")
        key = self.database(name).key

        self.writer.do(lambda connection: self._drop_rows(connection, key))
        with self._lock:
            self._open.pop(name, None)

    def _drop_rows(self, connection: apsw.Connection, key: int) -> None:
        self.memory.forget()
        for statement in _DROP.strip().split("\n"):
            connection.execute(statement, (key,))

    def names(self) -> list[str]:
        with self.readers.snapshot() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM databases ORDER BY name")]

    def close(self) -> None:
        self.writer.close()
        self.readers.close()
