"""What people say of the past consultations that they were shown: marks, kept in a table of the read model.

A mark comes from a `feedback` document, or from a consultation that a case solved (`adopted`). What is said
later of an adoption counts: back as unsolved, or unsolved when the centre called, makes its mark "not
helpful". The table is written by the thread that follows the store (server/consultations.py) and made anew
with it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import datetime

from models.documents import QUESTION_LIMIT, Malformed, check
from models.programme import Programme
from models.regions import county_of
from models.workflow import Consultation, Doc, iso
from server.tables import Tables

log = logging.getLogger(__name__)

# A read model that was made before there were marks is made anew: their events are in the past.
MIGRATION = """
CREATE TABLE marks (
  id TEXT PRIMARY KEY, consultation TEXT NOT NULL, county TEXT NOT NULL, region TEXT NOT NULL,
  person TEXT NOT NULL, at TEXT NOT NULL, question TEXT NOT NULL, case_id TEXT NOT NULL,
  helpful INTEGER NOT NULL, offline INTEGER NOT NULL
) STRICT;
CREATE INDEX marks_by_time ON marks(at, id);
CREATE INDEX marks_of_county ON marks(county, at, id);
CREATE INDEX newest_told ON consultations(imported, id);
CREATE INDEX marks_by_consultation ON marks(consultation);
DELETE FROM followed;
"""


@dataclass(frozen=True)
class Noted:
    """One row of the table. `id` is the document's, or "adopted:<demand>:<clock>"; `consultation` the demand
    that a case was adopted for, empty where nobody reported one; `at` ISO 8601 UTC."""

    id: str
    consultation: str
    county: str
    region: str
    person: str
    at: str
    question: str
    case: str
    helpful: bool
    offline: bool


@dataclass(frozen=True)
class Mark:
    """A mark as lists show it. `case_question` and `case_county` are empty where the case is not (any more)
    among this deployment's consultations."""

    id: str
    consultation: str
    county: str
    region: str
    township_name: str
    person: str
    at: datetime
    question: str
    case: str
    case_question: str
    case_county: str
    helpful: bool
    offline: bool


def noted(document: Doc) -> Noted | None:
    """A `feedback` document as a row. None where an administrator replicated one that has not its shape: it
    must not stop the queues."""
    try:
        check(document)
    except Malformed as fault:
        log.warning("%s is no feedback: %s", document.get("_id"), fault.code)
        return None
    return Noted(
        document["_id"], "", county_of(document["region"]), document["region"], document["by"],
        document["at"], document["text"].strip(), document["case"], document["helpful"],
        document.get("offline", False),
    )  # fmt: skip


def adoptions(consultation: Consultation) -> Iterator[Noted]:
    """One row for each time that a case was said to have solved this consultation."""
    demand = consultation.demand
    counted = [event for event in consultation.thread if event["_id"] not in consultation.ignored]
    adopted: Doc | None = None
    helpful = True
    for event in [*counted, {"kind": "adopted", "end": True}]:
        if event["kind"] == "adopted":
            if adopted is not None:
                yield Noted(
                    f"adopted:{consultation.id}:{adopted['clock']}", consultation.id,
                    county_of(demand["region"]), demand["region"], demand["reporter"], adopted["at"],
                    demand["text"].strip()[:QUESTION_LIMIT], adopted["case"], helpful, False,
                )  # fmt: skip
            adopted, helpful = event, True
        elif event["kind"] == "unsolved" or event.get("outcome") == "unsolved":
            helpful = False


class Feedback:
    """The marks: written by the follower, read by pages, exports and comparisons."""

    def __init__(self, tables: Tables, programme: Programme) -> None:
        self._tables = tables
        self._programme = programme

    # -- writing, in the follower's transaction ---------------------------------------------------------

    def put(self, connection: sqlite3.Connection, rows: Iterable[Noted]) -> None:
        connection.executemany(
            "INSERT OR REPLACE INTO marks VALUES (?,?,?,?,?,?,?,?,?,?)", [astuple(row) for row in rows]
        )

    def put_adoptions(self, connection: sqlite3.Connection, consultation: Consultation) -> None:
        """Every mark of this consultation, as it is now."""
        connection.execute("DELETE FROM marks WHERE consultation = ?", (consultation.id,))
        self.put(connection, adoptions(consultation))

    def drop(self, connection: sqlite3.Connection, identifiers: Iterable[str]) -> None:
        connection.executemany("DELETE FROM marks WHERE id = ?", [(each,) for each in identifiers])

    # -- reading -------------------------------------------------------------------------------------------

    def page(
        self, county: str | None, helpful: bool | None = None, limit: int = 50, after: str = ""
    ) -> list[Mark]:
        """Marks of a county, or of all (None), newest first; `after` is the cursor of the last row of a
        page."""
        at, _, identifier = after.partition("|")
        # One condition for each that is asked: SQLite then walks the index that fits.
        wanted: dict[str, tuple[object, ...]] = {
            "marks.county = ?": () if county is None else (county,),
            "helpful = ?": () if helpful is None else (int(helpful),),
            "(marks.at, marks.id) < (?, ?)": (at, identifier) if after else (),
        }
        where = " AND ".join(["true", *(condition for condition, values in wanted.items() if values)])
        rows = self._tables.rows(
            "SELECT marks.*, coalesce(text, '') AS case_question, coalesce(c.county, '') AS case_county"
            f" FROM marks LEFT JOIN consultations c ON c.id = case_id WHERE {where}"
            " ORDER BY marks.at DESC, marks.id DESC LIMIT ?",
            *(value for values in wanted.values() for value in values), limit,
        )  # fmt: skip
        return [self._mark(row) for row in rows]

    def every(self, county: str | None) -> Iterator[Mark]:
        """All marks of a county, or of all, newest first, fetched by pages."""
        after = ""
        while page := self.page(county, limit=500, after=after):
            yield from page
            after = cursor(page[-1])

    def counts(self, county: str | None) -> dict[str, int]:
        """{"helpful", "not"}."""
        row = self._tables.row(
            "SELECT coalesce(sum(helpful), 0) AS yes, count(*) AS n FROM marks"
            " WHERE (?1 IS NULL OR county = ?1)", county,
        )  # fmt: skip
        yes, total = (int(row["yes"]), int(row["n"])) if row else (0, 0)
        return {"helpful": yes, "not": total - yes}

    def _mark(self, row: sqlite3.Row) -> Mark:
        return Mark(
            row["id"], row["consultation"], row["county"], row["region"],
            self._programme.township_name(row["region"]), row["person"], datetime.fromisoformat(row["at"]),
            row["question"], row["case_id"], row["case_question"], row["case_county"],
            bool(row["helpful"]), bool(row["offline"]),
        )  # fmt: skip


def cursor(mark: Mark) -> str:
    """Where the page after this mark begins."""
    return f"{iso(mark.at)}|{mark.id}"


def stripped(mark: Mark) -> dict[str, object]:
    """A mark for the development set, free of personal data: {id, query, question, case, helpful}."""
    from search.strip import strip

    return {
        "id": mark.id, "query": strip(mark.question), "question": strip(mark.case_question),
        "case": mark.case, "helpful": mark.helpful,
    }  # fmt: skip
