"""The read model of consultations: one row each, folded from the store's documents.

The store knows documents; queues and deadlines need consultations. A thread follows the store's changes and
keeps `consultations.sqlite3` up to date. It can be deleted at any time: it is then made anew from the store.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import anyio

from models.access import channels_of_group, group_of
from models.programme import Programme
from models.regions import county_of, township_of
from models.workflow import Consultation, Doc, fold, iso
from server import feedback
from server.accounts import Person
from server.tables import Tables
from sync.store import Change, Database, Wanted

log = logging.getLogger(__name__)

BATCH = 500
# `tianwen import` beside a running server is another process, and wakes nobody here.
LOOK_AGAIN_S = 1.0

MIGRATIONS = [
    """
    CREATE TABLE followed (one INTEGER PRIMARY KEY CHECK (one = 1), uuid TEXT NOT NULL, seq INTEGER NOT NULL);
    CREATE TABLE consultations (
      id TEXT PRIMARY KEY, county TEXT NOT NULL, township TEXT NOT NULL, region TEXT NOT NULL,
      title TEXT NOT NULL, text TEXT NOT NULL, crop TEXT NOT NULL, industry TEXT NOT NULL,
      state TEXT NOT NULL, turn TEXT NOT NULL, received_at TEXT, due_at TEXT, expert TEXT, expert_name TEXT,
      reporter TEXT NOT NULL, reporter_name TEXT NOT NULL, urgent INTEGER NOT NULL, returned INTEGER NOT NULL,
      media INTEGER NOT NULL, missed_calls INTEGER NOT NULL, verdict TEXT, category TEXT, outcome TEXT,
      rating INTEGER, closed_at TEXT, changed_at TEXT, imported INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX by_state ON consultations(county, state, due_at, id);
    CREATE INDEX by_change ON consultations(county, id);
    CREATE TABLE answers (
      consultation TEXT NOT NULL, expert TEXT NOT NULL, minutes REAL,
      solved INTEGER NOT NULL, open INTEGER NOT NULL,
      PRIMARY KEY (consultation, expert)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_expert ON answers(expert);
    """,
    feedback.MIGRATION,
    # What a county's pack is made of: which cases it has, and the store's number of their last change.
    """
    ALTER TABLE consultations ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE followed ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX cases_by_county ON consultations(county, state, verdict, id, seq)
      WHERE state = 'closed' AND verdict = 'valid';
    """,
]

CASES = "consultations WHERE county = ? AND state = 'closed' AND verdict = 'valid'"
"""A county's cases: the index `cases_by_county` alone tells of them."""


@dataclass(frozen=True)
class Row:
    """A consultation as lists show it. Times are UTC; `due_at` is the deadline that runs now, if any."""

    id: str
    title: str
    crop: str
    industry: str
    region: str
    township_name: str
    village_name: str
    state: str
    turn: str
    received_at: datetime | None
    due_at: datetime | None
    expert: str | None
    expert_name: str | None
    reporter_name: str
    urgent: bool
    returned: bool
    media: int
    missed_calls: int
    verdict: str | None
    category: str | None
    rating: int | None
    closed_at: datetime | None
    imported: bool


@dataclass(frozen=True)
class Told:
    """A demand as it was asked; `at` is when the county received it, ISO 8601 UTC or empty."""

    id: str
    text: str
    crop: str
    industry: str
    region: str
    at: str


@dataclass(frozen=True)
class ExpertLoad:
    """What an expert has on hand and has done; minutes from assignment to the first answer."""

    open: int
    answered: int
    solved: int
    median_reply_minutes: int | None


class Consultations:
    """The read model, and the thread that keeps it current."""

    def __init__(self, folder: Path, database: Database, programme: Programme) -> None:
        self._tables = Tables(folder / "consultations.sqlite3", MIGRATIONS, durable=False)
        self.feedback = feedback.Feedback(self._tables, programme)
        self._database = database
        self._programme = programme
        self._listeners: list[Callable[[Consultation], None]] = []
        self._progress = threading.Condition()
        self._stopped = threading.Event()
        self._news = threading.Event()
        self._unsubscribe = database.subscribe(lambda _notice: self._news.set())
        self._thread: threading.Thread | None = None
        self._whole = False
        self._seq = self._resume()

    # -- following the store --------------------------------------------------------------------

    def listen(self, listener: Callable[[Consultation], None]) -> None:
        """Call `listener` with every consultation that changes, on the follower's thread."""
        self._listeners.append(listener)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._follow, name="consultations", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._unsubscribe()
        self._stopped.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()
        self._tables.close()

    def catch_up(self) -> None:
        """Fold everything that the store has now. For commands that run without the thread."""
        while self._advance():
            pass

    @property
    def whole(self) -> bool:
        """Whether it has shown all of the store since it was last made anew; until then cases are missing."""
        return self._whole

    @property
    def seq(self) -> int:
        """The store's sequence number up to which the read model shows everything."""
        return self._seq

    async def reached(self, seq: int) -> None:
        """Return when the read model shows everything up to the store's `seq`."""
        await anyio.to_thread.run_sync(self._wait_for, seq)

    def _wait_for(self, seq: int) -> None:
        with self._progress:
            self._progress.wait_for(lambda: self._seq >= seq or self._stopped.is_set(), timeout=30)

    def _resume(self) -> int:
        """Where to go on; 0, with the tables emptied, where the store is not the one followed before, or has
        been put back to an older state."""
        store = self._database.info()
        row = self._tables.row("SELECT uuid, seq, whole FROM followed")
        if row is not None and row["uuid"] == store.uuid and row["seq"] <= store.update_seq:
            self._whole = bool(row["whole"])
            return int(row["seq"])
        with self._tables.transaction() as connection:
            for table in ("consultations", "answers", "marks", "followed"):
                connection.execute(f"DELETE FROM {table}")
            connection.execute("INSERT INTO followed (one, uuid, seq) VALUES (1, ?, 0)", (store.uuid,))
        return 0

    def _follow(self) -> None:
        while not self._stopped.is_set():
            # Cleared before reading, so that nothing falls between.
            self._news.clear()
            try:
                if not self._advance():
                    self._news.wait(LOOK_AGAIN_S)
            except Exception:
                # A fault in one pass must not end the queues for good: say so, and try again.
                log.exception("the read model stumbled at seq %s", self._seq)
                self._stopped.wait(1.0)

    def _advance(self) -> bool:
        """Fold the next batch of changes; False where there was none."""
        changes = self._database.changes(Wanted(since=self._seq, limit=BATCH, include_docs=True))
        if not changes.rows:
            self._whole = True
            return False
        groups = {group_of(row.doc) for row in changes.rows if row.doc}
        folded = [
            row
            for group in sorted(name for name in groups if name and name.startswith("consultation:"))
            if (row := self._fold(group))
        ]
        with self._tables.transaction() as connection:
            for consultation, columns in folded:
                self._put(connection, consultation, {**columns, "seq": changes.last_seq})
            self._put_marks(connection, changes.rows)
            whole = self._whole or not changes.pending
            connection.execute("UPDATE followed SET seq = ?, whole = ?", (changes.last_seq, int(whole)))
        with self._progress:
            self._seq, self._whole = changes.last_seq, whole
            self._progress.notify_all()
        for consultation, _row in folded:
            self._tell(consultation)
        return True

    def _fold(self, group: str) -> tuple[Consultation, dict[str, object]] | None:
        """A consultation with its row. None without a demand, or where an administrator replicated documents
        into it that cannot be read: that one must not stop the queues of all others."""
        try:
            consultation = fold(self._database.group_docs(group), self._programme.fold_limits())
            return (consultation, _columns(consultation)) if consultation else None
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            log.exception("%s cannot be read", group)
            return None

    def _tell(self, consultation: Consultation) -> None:
        for listener in self._listeners:
            try:
                listener(consultation)
            except Exception:
                log.exception("a listener failed over consultation %s", consultation.id)

    def _put(
        self, connection: sqlite3.Connection, consultation: Consultation, values: dict[str, object]
    ) -> None:
        marks = ",".join(f":{name}" for name in values)
        connection.execute(
            f"INSERT OR REPLACE INTO consultations ({','.join(values)}) VALUES ({marks})", values
        )
        connection.execute("DELETE FROM answers WHERE consultation = ?", (consultation.id,))
        connection.executemany("INSERT INTO answers VALUES (?,?,?,?,?)", _answers(consultation))
        self.feedback.put_adoptions(connection, consultation)

    def _put_marks(self, connection: sqlite3.Connection, changes: Iterable[Change]) -> None:
        said = [change for change in changes if change.id.startswith("feedback:")]
        gone = [change.id for change in said if change.deleted]
        marks = (feedback.noted(change.doc) for change in said if change.doc and not change.deleted)
        self.feedback.put(connection, [mark for mark in marks if mark])
        self.feedback.drop(connection, gone)

    # -- reading ----------------------------------------------------------------------------------

    def triage(self, county: str, limit: int = 50, after: str = "") -> list[Row]:
        """What waits for the centre, the nearest deadline first. `after`: "<due>|<id>" of the last row."""
        due, _, identifier = after.partition("|")
        return self._rows(
            "SELECT * FROM consultations WHERE county = ? AND state IN ('received', 'reopened')"
            " AND (coalesce(due_at, ''), id) > (?, ?) ORDER BY coalesce(due_at, ''), id LIMIT ?",
            county, due, identifier, limit,
        )  # fmt: skip

    def callbacks(self, county: str, limit: int = 50, after: str = "", tab: str = "due") -> list[Row]:
        """Calls to make ("due"), calls that nobody answered ("missed"), calls made ("done")."""
        condition = {
            "due": "state IN ('solved', 'adopted') AND missed_calls = 0",
            "missed": "state IN ('solved', 'adopted') AND missed_calls > 0",
            "done": "state = 'closed' AND imported = 0",
        }[tab]
        due, _, identifier = after.partition("|")
        return self._rows(
            f"SELECT * FROM consultations WHERE county = ? AND {condition}"
            " AND (coalesce(due_at, ''), id) > (?, ?) ORDER BY coalesce(due_at, ''), id LIMIT ?",
            county, due, identifier, limit,
        )  # fmt: skip

    def archive(
        self, county: str, text: str | None = None, state: str | None = None, limit: int = 50, after: str = ""
    ) -> list[Row]:
        """All consultations of a county, newest first; `after` is the id of the last row of a page."""
        wanted = f"%{_escaped(text)}%" if text else None
        return self._rows(
            "SELECT * FROM consultations WHERE county = ?1 AND (?2 = '' OR id < ?2)"
            " AND (?3 IS NULL OR text LIKE ?3 ESCAPE '\\' OR crop LIKE ?3 ESCAPE '\\')"
            " AND (?4 IS NULL OR state = ?4) ORDER BY id DESC LIMIT ?5",
            county, after, wanted, state, limit,
        )  # fmt: skip

    def counts(self, county: str) -> dict[str, int]:
        """{"triage", "late", "callbacks"} of a county."""
        row = self._tables.row(
            "SELECT coalesce(sum(state IN ('received','reopened')), 0) AS triage,"
            " coalesce(sum(state IN ('received','reopened') AND due_at < ?), 0) AS late,"
            " coalesce(sum(state IN ('solved','adopted')), 0) AS callbacks"
            " FROM consultations WHERE county = ?"
            " AND state IN ('received','reopened','solved','adopted')",
            datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"), county,
        )  # fmt: skip
        return dict(row) if row else {"triage": 0, "late": 0, "callbacks": 0}

    def expert_load(self, expert: str) -> ExpertLoad:
        rows = self._tables.rows("SELECT minutes, solved, open FROM answers WHERE expert = ?", expert)
        minutes = [row["minutes"] for row in rows if row["minutes"] is not None]
        return ExpertLoad(
            open=sum(row["open"] for row in rows),
            answered=len(minutes),
            solved=sum(row["solved"] for row in rows),
            median_reply_minutes=round(median(minutes)) if minutes else None,
        )

    def total(self) -> int:
        row = self._tables.row("SELECT count(*) AS n FROM consultations")
        return int(row["n"]) if row else 0

    async def get(self, person: Person, identifier: str) -> Consultation | None:
        """The consultation with everything that this person may read of it; None where that is nothing."""
        return await anyio.to_thread.run_sync(self.read, person, identifier)

    def read(self, person: Person, identifier: str) -> Consultation | None:
        """The blocking twin of `get`."""
        documents = self._readable(person, f"consultation:{identifier}")
        if not documents:
            return None
        documents += self._readable(person, f"contact:{identifier}")
        return fold(documents, self._programme.fold_limits())

    def _readable(self, person: Person, group: str) -> list[Doc]:
        documents = self._database.group_docs(group)
        return documents if channels_of_group(group, documents) & person.channels else []

    def cases(self) -> Iterator[str]:
        """Ids of the consultations that find similar may show: ended, judged valid, answered."""
        after = ""
        while True:
            rows = self._tables.rows(
                "SELECT id FROM consultations WHERE id > ? AND state = 'closed' AND verdict = 'valid'"
                " ORDER BY id LIMIT 1000",
                after,
            )
            if not rows:
                return
            yield from (row["id"] for row in rows)
            after = rows[-1]["id"]

    def case_stamp(self, county: str) -> tuple[str, int, int]:
        """What a county's cases are at: (store, how many, the store's number of the last change to any).
        Equal as long as they are the same: a new or changed one raises the number, one less lowers the
        count."""
        row = self._tables.row(
            "SELECT (SELECT uuid FROM followed) AS store, count(*) AS count, coalesce(max(seq), 0) AS seq"
            f" FROM {CASES}",
            county,
        )
        return (row["store"], row["count"], row["seq"]) if row else ("", 0, 0)

    def newest_cases(self, county: str, limit: int) -> dict[str, int]:
        """Ids of a county's cases, the newest first, each with the store's number of its last change."""
        rows = self._tables.rows(f"SELECT id, seq FROM {CASES} ORDER BY id DESC LIMIT ?", county, limit)
        return {row["id"]: row["seq"] for row in rows}

    def newest(self, limit: int) -> list[Told]:
        """The newest questions of all counties; those that phones reported come before imported ones."""
        rows = self._tables.rows(
            "SELECT id, text, crop, industry, region, coalesce(received_at, '') AS at FROM consultations"
            " ORDER BY imported, id DESC LIMIT ?",
            limit,
        )
        return [Told(**row) for row in rows]

    def waiting(self) -> list[str]:
        """Ids of the consultations that the centre has not triaged yet, of all counties."""
        return [
            row["id"] for row in self._tables.rows("SELECT id FROM consultations WHERE state = 'received'")
        ]

    def closed_since(self, moment: str) -> list[str]:
        """Ids of those judged valid after a moment (ISO 8601 UTC, to the second); without imported ones."""
        rows = self._tables.rows(
            "SELECT id FROM consultations WHERE state = 'closed' AND verdict = 'valid' AND imported = 0"
            " AND substr(changed_at, 1, 19) > ?",
            moment,
        )
        return [row["id"] for row in rows]

    def documents(self, identifier: str) -> Consultation | None:
        """The consultation as the server sees it, for the index."""
        documents = self._database.group_docs(f"consultation:{identifier}")
        return fold(documents, self._programme.fold_limits())

    def _rows(self, query: str, *values: object) -> list[Row]:
        return [self._row(row) for row in self._tables.rows(query, *values)]

    def _row(self, row: sqlite3.Row) -> Row:
        named = {name: row[name] for name in Row.__dataclass_fields__ if name in row.keys()}  # noqa: SIM118
        named.update(
            township_name=self._programme.township_name(row["region"]),
            village_name=self._programme.village_name(row["region"]),
            **{name: _moment(row[name]) for name in ("received_at", "due_at", "closed_at")},
            **{name: bool(row[name]) for name in ("urgent", "returned", "imported")},
        )
        return Row(**named)


def _columns(consultation: Consultation) -> dict[str, object]:
    demand = consultation.demand
    received = next((event for event in consultation.thread if event["kind"] == "received"), {})
    return {
        "id": consultation.id, "county": county_of(demand["region"]),
        "township": township_of(demand["region"]), "region": demand["region"],
        "title": demand["text"][:40], "text": demand["text"],
        "crop": demand.get("crop", ""), "industry": demand["industry"], "state": consultation.state,
        "turn": consultation.turn, "received_at": consultation.received_at,
        "due_at": consultation.triage_due or consultation.reply_due or _call_by(consultation),
        "expert": consultation.expert, "expert_name": consultation.expert_name,
        "reporter": demand["reporter"], "reporter_name": received.get("reporter_name", ""),
        "urgent": int(demand.get("urgent", False)), "returned": int(consultation.returned),
        "media": len(demand.get("media", ())), "missed_calls": consultation.missed_calls,
        "verdict": consultation.verdict, "category": consultation.category,
        "outcome": consultation.outcome,
        "rating": consultation.rating, "closed_at": consultation.closed_at,
        "changed_at": consultation.changed_at,
        "imported": int(any(event["kind"] == "imported" for event in consultation.thread)),
    }  # fmt: skip


def _call_by(consultation: Consultation) -> str | None:
    """When to have called back. A phone set to the year 2090 must not put the call off until then."""
    if consultation.callback_due is None:
        return None
    ahead = datetime.fromisoformat(consultation.closed_at or consultation.callback_due) - datetime.now(UTC)
    if ahead.total_seconds() <= 0:
        return consultation.callback_due
    return iso(datetime.fromisoformat(consultation.callback_due) - ahead)


def _answers(consultation: Consultation) -> Iterable[Sequence[object]]:
    """(consultation, expert, minutes to the first answer, solved, open) of each expert who was asked."""
    asked: dict[str, datetime] = {}
    minutes: dict[str, float] = {}
    for event in consultation.thread:
        if event["_id"] in consultation.ignored:
            continue
        if event["kind"] in ("assigned", "dispatched"):
            asked.setdefault(event["expert"], datetime.fromisoformat(event["at"]))
        elif event["kind"] == "replied" and event["by"] in asked and event["by"] not in minutes:
            span = datetime.fromisoformat(event["at"]) - asked[event["by"]]
            minutes[event["by"]] = max(0.0, span.total_seconds() / 60)
    solved = consultation.state in ("solved", "closed")
    for expert in asked:
        is_open = consultation.expert == expert and consultation.turn == "expert"
        yield consultation.id, expert, minutes.get(expert), int(solved and expert in minutes), int(is_open)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
