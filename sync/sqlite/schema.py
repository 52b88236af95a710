"""The tables, as numbered migrations.

Each runs in a transaction together with its number; none is ever edited.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw

from sync.errors import Unavailable

_FIRST = """
CREATE TABLE deployment (uuid TEXT NOT NULL);
INSERT INTO deployment VALUES (lower(hex(randomblob(16))));

CREATE TABLE databases (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    uuid TEXT NOT NULL,
    last_seq INTEGER NOT NULL DEFAULT 0,
    doc_count INTEGER NOT NULL DEFAULT 0,
    doc_del_count INTEGER NOT NULL DEFAULT 0,
    revs_limit INTEGER NOT NULL DEFAULT 1000
);

-- One row for each document, with its winning revision. `tree` is NULL while there is one revision only.
-- The body stands last: scans for ids and revisions do not touch the pages of large ones.
CREATE TABLE documents (
    key INTEGER PRIMARY KEY,
    database INTEGER NOT NULL,
    id TEXT NOT NULL,
    group_key INTEGER,
    seq INTEGER NOT NULL,
    rev TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    tree BLOB,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX documents_by_id ON documents (database, id);
CREATE UNIQUE INDEX documents_by_seq ON documents (database, seq);
CREATE INDEX documents_by_group ON documents (group_key) WHERE group_key IS NOT NULL;

-- Bodies of the revisions that do not win: conflicting leaves, and ancestors until compaction.
CREATE TABLE revisions (
    document INTEGER NOT NULL,
    rev TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (document, rev)
);

CREATE TABLE attachments (digest TEXT PRIMARY KEY, data BLOB NOT NULL);

-- `channels`: JSON array of the names in which the group is readable.
CREATE TABLE groups (
    key INTEGER PRIMARY KEY,
    database INTEGER NOT NULL,
    name TEXT NOT NULL,
    channels TEXT NOT NULL,
    UNIQUE (database, name)
);
CREATE TABLE channels (
    key INTEGER PRIMARY KEY,
    database INTEGER NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (database, name)
);

-- One row for each document and channel in which it is, or was, readable. What a user may read is exactly the
-- rows of their channels with removed = 0, so one user's feed costs what that user has.
CREATE TABLE feed (
    channel INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    document INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    PRIMARY KEY (channel, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX feed_by_document ON feed (document, channel);

CREATE TABLE local_documents (
    database INTEGER NOT NULL,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    rev INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (database, owner, id)
) WITHOUT ROWID;

CREATE TABLE quarantine (
    receipt TEXT PRIMARY KEY,
    database INTEGER NOT NULL,
    owner TEXT NOT NULL,
    id TEXT NOT NULL,
    rev TEXT,
    body BLOB NOT NULL,
    digest TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'held',
    settled_by TEXT,
    settled_reason TEXT,
    settled_at TEXT
);
CREATE UNIQUE INDEX quarantine_by_document ON quarantine (database, owner, id, digest);
CREATE INDEX quarantine_by_owner ON quarantine (database, owner, receipt);
"""

# How a refused document was written, so that its release writes it the same way.
_NEW_EDITS = "ALTER TABLE quarantine ADD COLUMN new_edits INTEGER NOT NULL DEFAULT 1"

# What a plain database's administrators may set, and how often documents were purged.
_SETTINGS = """
ALTER TABLE databases ADD COLUMN security BLOB;
ALTER TABLE databases ADD COLUMN purge_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE databases ADD COLUMN purged_infos_limit INTEGER NOT NULL DEFAULT 1000;
"""

# Staff walk the cases of one state; what one person has there is added up before more is taken in.
_CASES = """
CREATE INDEX quarantine_by_state ON quarantine (database, state, receipt);
CREATE INDEX quarantine_use ON quarantine (database, owner, state, receipt, length(body));
"""

MIGRATIONS = (_FIRST, _NEW_EDITS, _SETTINGS, _CASES)


def migrate(connection: apsw.Connection) -> None:
    """Bring the file to the newest schema. Unavailable when a newer version of the program wrote it.

    The number is read inside the transaction that changes it: two processes may open a new file at once.
    """
    while True:
        connection.execute("BEGIN IMMEDIATE")
        with _transaction(connection):
            at: int = connection.pragma("user_version")
            if at > len(MIGRATIONS):
                raise Unavailable("The data were written by a newer version of this program.")
            if at == len(MIGRATIONS):
                return
            connection.execute(MIGRATIONS[at])
            connection.pragma("user_version", at + 1)


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    """COMMIT what was done, or ROLLBACK when it failed."""
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
