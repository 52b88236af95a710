"""`tianwen import`: a history becomes closed consultations in the store.

A row is a demand and one `imported` event. Their ids follow from the row's content, so importing the same
file twice, or a file that overlaps another, adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from models.clock import next_stamp, stamp
from models.ids import HISTORY_REPORTER, SERVER, SERVER_DEVICE, demand_id, derived_ulid, event_id
from models.programme import Programme
from models.workflow import Doc, iso
from server.history import Fault, HistoryReader, HistoryRow
from sync.store import Database

BATCH = 500


@dataclass
class Report:
    """What an import did. `doubled` rows were there already, or twice in the file."""

    imported: int = 0
    doubled: int = 0
    faults: list[Fault] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)


def import_history(
    path: Path,
    database: Database,
    programme: Programme,
    progress: Callable[[Report], None] | None = None,
    source: str = "",
) -> Report:
    """Import a file. Raises UnreadableFile where none of it can be read; bad rows are in the report.

    `source` is kept with every consultation, e.g. that it is demonstration data.
    """
    reader = HistoryReader(path, programme)
    report = Report(faults=reader.faults, unknown_columns=reader.unknown_columns)
    for rows in _batches(reader.rows(), BATCH):
        documents = [document for row in rows for document in consultation_documents(row, source)]
        results = database.write(documents)
        added = sum(
            result.error is None
            for document, result in zip(documents, results, strict=True)
            if document["type"] == "demand"
        )
        report.imported += added
        report.doubled += len(rows) - added
        if progress:
            progress(report)
    return report


def consultation_documents(row: HistoryRow, source: str = "") -> tuple[Doc, Doc]:
    """The demand and the `imported` event of a row, with ids that follow from its content."""
    moment = datetime.fromisoformat(row.date or "1970-01-01").replace(tzinfo=UTC)
    milliseconds = int(moment.timestamp() * 1000)
    identifier = derived_ulid(
        milliseconds, row.question, row.answer, row.industry, row.crop, row.region, row.date
    )
    clock = stamp(milliseconds)
    later = next_stamp(milliseconds, [clock])
    shared = {"at": iso(moment), "device": SERVER_DEVICE}
    demand = {
        "_id": demand_id(identifier), "type": "demand", "reporter": HISTORY_REPORTER, "region": row.region,
        "industry": row.industry, "crop": row.crop, "text": row.question, "clock": clock, **shared,
    }  # fmt: skip
    event = {
        "_id": event_id(identifier, later, SERVER_DEVICE), "type": "event", "kind": "imported",
        "demand": identifier, "by": SERVER, "clock": later, "text": row.answer, "verdict": row.verdict,
        **({"category": row.category} if row.category else {}), **({"date": row.date} if row.date else {}),
        **({"source": source} if source else {}), **shared,
    }  # fmt: skip
    return demand, event


def _batches(rows: Iterable[HistoryRow], size: int) -> Iterator[list[HistoryRow]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
