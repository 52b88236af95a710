"""Makes groups, feeds and counters anew from the documents, without disturbing devices that are up to date.

Only what is wrong is touched, at new sequence numbers: a document that was not announced arrives with the
next sync, one that was announced to strangers is announced to them as removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import orjson

from sync.sqlite.connections import open_writer
from sync.sqlite.memory import DatabaseMemory
from sync.sqlite.records import COLUMNS, Record, winning_doc
from sync.sqlite.verify import Grouping, Place, channels_now, places, standing_rows


@dataclass
class Repaired:
    """How many documents were put into another group, and how many feed rows were written."""

    regrouped: int = 0
    announced: int = 0
    withdrawn: int = 0
    counters: int = 0
    failed: list[str] = field(default_factory=list)


def repair(path: Path, policies: Mapping[str, Grouping]) -> Repaired:
    """One transaction, durable on return. A server may run: its writer notices that another one wrote.

    A group over which the policy fails is left as it is and named in `failed`.
    """
    done = Repaired()
    with closing(open_writer(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for place in places(connection, policies):
                _database(place, done)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return done


def _database(place: Place, done: Repaired) -> None:
    memory = DatabaseMemory.load(place.connection, place.key)
    assert memory is not None
    sql = """SELECT coalesce(sum(NOT deleted), 0), coalesce(sum(deleted), 0), coalesce(max(seq), 0),
        (SELECT coalesce(max(seq), 0) FROM feed WHERE channel IN
            (SELECT key FROM channels WHERE database = ?1))
        FROM documents WHERE database = ?1"""
    alive, dead, written, announced = place.connection.execute(sql, (place.key,)).get
    if (memory.doc_count, memory.doc_del_count) != (alive, dead):
        memory.doc_count, memory.doc_del_count = alive, dead
        done.counters += 1
    memory.last_seq = max(memory.last_seq, written, announced)
    _regroup(place, done)
    groups = list(place.connection.execute("SELECT key, name FROM groups WHERE database = ?", (place.key,)))
    for key, name in groups:
        try:
            wanted = channels_now(place, key, name)
        except Exception as error:
            done.failed.append(f"{name}: {error!r}")
            continue
        place.connection.execute(
            "UPDATE groups SET channels = ? WHERE key = ?", (orjson.dumps(sorted(wanted)).decode(), key)
        )
        _announce(place, memory, key, wanted, done)
    _announce(place, memory, None, frozenset(), done)
    memory.save(place.connection)


def _regroup(place: Place, done: Repaired) -> None:
    """Every living document into the group that the policy names."""
    names: dict[int, str] = dict(
        place.connection.execute("SELECT key, name FROM groups WHERE database = ?", (place.key,))
    )
    wrong: list[tuple[int, str | None]] = []
    for row in place.connection.execute(
        f"SELECT {COLUMNS} FROM documents d WHERE database = ? AND NOT deleted", (place.key,)
    ):
        record = Record.of(row)
        try:
            wanted = place.policy.group(winning_doc(record)) if place.policy else None
        except Exception as error:
            done.failed.append(f"{record.id}: {error!r}")
            continue
        if (record.group_key, wanted) != (None, None) and names.get(record.group_key or 0) != wanted:
            wrong.append((record.key, wanted))
    for document, name in wrong:
        key = None if name is None else _group_key(place, name)
        place.connection.execute("UPDATE documents SET group_key = ? WHERE key = ?", (key, document))
    done.regrouped += len(wrong)


def _group_key(place: Place, name: str) -> int:
    place.connection.execute(
        "INSERT INTO groups (database, name, channels) VALUES (?, ?, '[]') ON CONFLICT DO NOTHING",
        (place.key, name),
    )
    sql = "SELECT key FROM groups WHERE database = ? AND name = ?"
    return int(place.connection.execute(sql, (place.key, name)).get)


def _announce(
    place: Place, memory: DatabaseMemory, group: int | None, wanted: frozenset[str], done: Repaired
) -> None:
    where = "group_key = ?2" if group is not None else "group_key IS NULL AND ?2 IS NULL"
    documents = place.connection.execute(
        f"SELECT key, seq FROM documents WHERE database = ?1 AND {where} ORDER BY seq", (place.key, group)
    )
    for document, written in list(documents):
        standing = standing_rows(place, document)
        late = {channel for channel in wanted if standing.get(channel, -1) < written}
        extra = standing.keys() - wanted
        if late or extra:
            seq = memory.next_seq()
            _write(place.connection, memory, document, seq, late, removed=False)
            _write(place.connection, memory, document, seq, extra, removed=True)
            done.announced += len(late)
            done.withdrawn += len(extra)


def _write(
    connection: apsw.Connection,
    memory: DatabaseMemory,
    document: int,
    seq: int,
    channels: set[str],
    *,
    removed: bool,
) -> None:
    connection.executemany(
        "INSERT OR REPLACE INTO feed VALUES (?, ?, ?, ?)",
        [(memory.channel_key(connection, name), seq, document, removed) for name in channels],
    )
