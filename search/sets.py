"""Questions to measure find similar with: the blind sets, the development rows, what informants judged.

The blind sets (``tests/search/sets``) are for measuring only. Weights and thresholds are chosen on
``search/dev`` alone; `search/dev/README.md` says who wrote what.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from search.cases import Case
from search.fold import bigrams, jaccard

ROOT = Path(__file__).parent.parent
BLIND = ROOT / "tests" / "search" / "sets"
DEVELOPMENT = ROOT / "search" / "dev"

APART = 0.37
"""Further questions of the archive share no more of their bigrams than this (Jaccard) with a row of a set:
the bound that the first set's own archive was written to."""

Row = dict[str, str]
Asked = list[tuple[str, str]]


@dataclass(frozen=True)
class Task:
    """`archive`: id -> case; `slices`: name -> (query, id of the right case); `unanswerable`: queries."""

    name: str
    archive: dict[str, Case]
    slices: dict[str, Asked]
    unanswerable: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> dict[str, Asked]:
        """The slices without those by industry, which repeat them."""
        return {part: queries for part, queries in self.slices.items() if part.isascii()}


def read(path: Path) -> list[Row]:
    """The rows of a file of JSON lines; none when there is no such file."""
    if not path.exists():
        return []
    return [orjson.loads(row) for row in path.read_bytes().splitlines() if row.strip()]


def first(alone: bool = False) -> Task:
    """The blind set written before the first lexicon, among the further questions of ``archive.jsonl`` unless
    `alone`."""
    needs, names, replied = (read(BLIND / f"{name}.jsonl") for name in ("needs", "names", "answers"))
    more = [] if alone else read(BLIND / "archive.jsonl")
    slices = {
        "near": [(row["near"], row["id"]) for row in needs],
        "dialect": [(row["dialect"], row["id"]) for row in needs],
        "typos": [(row["query"], row["question_id"]) for row in read(BLIND / "typos.jsonl")],
        "names": [(row["query"], row["id"]) for row in names],
        "answer": [(row["query"], row["id"]) for row in replied],
    }
    slices |= _by_industry(needs)
    without = [row["query"] for row in read(BLIND / "unanswerable.jsonl")]
    return Task("first blind set", _archive((*needs, *names, *replied, *more)), slices, without)


def second(alone: bool = False) -> Task:
    """The blind set of another hand, written before the pairs of the second round, among the same further
    questions. In the slice ``reply`` the archive holds a reply where others have their question. What those
    further questions do answer (``answered.jsonl``) is unanswerable `alone` only."""
    folder = BLIND / "second"
    needs, names, replied = (read(folder / f"{name}.jsonl") for name in ("needs", "names", "answers"))
    replies = read(folder / "replies.jsonl")
    unanswerable = read(folder / "unanswerable.jsonl")
    answered = set() if alone else {row["id"] for row in read(folder / "answered.jsonl")}
    as_questions = [{"id": row["id"], "question": row["answer"]} for row in replies]
    own = (*needs, *names, *replied, *as_questions)
    more = [] if alone else _apart(read(BLIND / "archive.jsonl"), _texts((*own, *unanswerable)))
    slices = {
        "near": [(row["near"], row["id"]) for row in needs],
        "dialect": [(row["dialect"], row["id"]) for row in needs],
        "names": [(row["query"], row["id"]) for row in names],
        "answer": [(row["query"], row["id"]) for row in replied],
        "reply": [(row["question"], row["id"]) for row in replies],
    }
    without = [row["query"] for row in unanswerable if row["id"] not in answered]
    return Task("second blind set", _archive((*own, *more)), slices | _by_industry(needs), without)


def development() -> Task:
    """The rows that weights and thresholds are chosen on."""
    seen = read(DEVELOPMENT / "seen.jsonl")
    asked = [row for row in seen if "question" in row]
    needs, names, replied, replies = (
        read(DEVELOPMENT / f"{name}.jsonl") for name in ("needs", "names", "answers", "replies")
    )
    as_questions = [{"id": row["id"], "question": row["answer"]} for row in replies]
    slices = {
        f"seen {part}": [(row[part], row["id"]) for row in asked if part in row]
        for part in ("near", "dialect", "far", "typo")
    }
    slices |= {
        "near": [(row["near"], row["id"]) for row in needs],
        "dialect": [(row["dialect"], row["id"]) for row in needs],
        "names": [(row["query"], row["id"]) for row in names],
        "answer": [(row["query"], row["id"]) for row in replied],
        "reply": [(row["question"], row["id"]) for row in replies],
    }
    without = [row["query"] for row in (*read(DEVELOPMENT / "unanswerable.jsonl"), *seen) if "query" in row]
    return Task("development", _archive((*asked, *needs, *names, *replied, *as_questions)), slices, without)


def large() -> Task:
    """Rows for the same purpose in an archive as large as the blind sets', asked in words that share nothing
    with it; most of its unanswerable questions look like farm questions."""
    folder = DEVELOPMENT / "large"
    needs = read(folder / "needs.jsonl")
    slices = {part: [(row[part], row["id"]) for row in needs] for part in ("near", "dialect")}
    without = [row["query"] for row in read(folder / "unanswerable.jsonl")]
    archive = _archive((*needs, *read(folder / "archive.jsonl")))
    return Task("large development", archive, slices | _by_industry(needs), without)


def judged(path: Path) -> Task:
    """What informants said of cases that they were shown, as ``tianwen feedback export`` writes it: rows of
    id, query, case, question (of the case; empty where it is gone, and then it is left out), helpful."""
    rows = [row for row in read(path) if row["question"]]
    archive = {row["case"]: Case(row["case"], row["question"]) for row in rows}
    slices = {
        name: [(row["query"], row["case"]) for row in rows if bool(row["helpful"]) is helpful]
        for name, helpful in (("helped", True), ("not", False))
    }
    return Task(path.name, archive, slices)


def _archive(rows: Iterable[Row]) -> dict[str, Case]:
    return {
        row["id"]: Case(
            row["id"], row["question"], row.get("answer", ""), row.get("industry", ""), row.get("crop", "")
        )
        for row in rows
    }


def _by_industry(needs: Iterable[Row]) -> dict[str, Asked]:
    slices: dict[str, Asked] = {}
    for row in needs:
        slices.setdefault(row["industry"], []).extend((row[part], row["id"]) for part in ("near", "dialect"))
    return slices


def _texts(rows: Iterable[Row]) -> list[str]:
    fields = ("question", "near", "dialect", "query")
    return [row[name] for row in rows for name in fields if name in row]


def _apart(rows: Iterable[Row], texts: Iterable[str]) -> list[Row]:
    said = [bigrams(text) for text in texts]
    return [row for row in rows if all(jaccard(bigrams(row["question"]), other) <= APART for other in said)]
