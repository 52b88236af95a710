"""A new build beside the one in use, before anybody decides: how each answers questions whose answer is
known, how long it takes, and whose first answer changes.

The judged questions are those of which somebody said that a case helped. Where there are fewer than FEW of
them, shortened questions of the archive stand in: whoever asks leaves out the first third, and the case
itself is right. The result is kept beside the builds as ``comparison-0015.json``, so that every process
shows it, also after a kill.
"""

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
import orjson
from pydantic import TypeAdapter, ValidationError

from search.asking import LONGEST, Asker
from search.boosts import NOWHERE, Circumstances
from search.builds import Builds
from search.confidence import CUT
from search.errors import BuildBroken, EmptyQuery, EncoderError, IndexMissing
from search.finder import Finder
from search.index import Manifest, Work
from search.metrics import Quality, quality
from search.ranking import Ranked
from search.strip import strip
from search.text import fold_key

JUDGED = 500
"""Most judged questions that are asked, the newest first."""

DEMANDS = 300
"""Newest demands whose first answer is compared."""

FEW = 20
"""With fewer judged questions than these, shortened ones stand in."""

SHORTENED = 200
"""How many of those."""

DEPTH = 10
STAGE = "compare"


@dataclass(frozen=True)
class Asked:
    """A question to ask both builds. `id` is the consultation that it comes from, which is no answer to
    itself; `case` the one that was judged, right or (`helpful` false) of no use; empty: not judged."""

    id: str
    text: str
    case: str = ""
    helpful: bool = True
    circumstances: Circumstances = NOWHERE
    county: str = ""


@dataclass(frozen=True)
class Exam:
    """How a build fares over some questions: where the right case came, and the share met with silence."""

    quality: Quality
    silent: float


@dataclass(frozen=True)
class Side:
    """One of the two builds. `recall` is its index's against exact search; `spurned` how many of the cases
    judged of no use it still puts first; `silent` how many of the demands it is silent about."""

    version: int
    count: int
    created: str
    recall: float
    judged: Exam
    shortened: Exam
    spurned: int
    silent: int
    median_ms: float


@dataclass(frozen=True)
class First:
    """The case that is shown first."""

    id: str
    question: str


@dataclass(frozen=True)
class Change:
    """A demand whose first answer, or silence (None), is another now. Its text is stripped of personal
    data."""

    id: str
    county: str
    text: str
    old: First | None
    new: First | None


@dataclass(frozen=True)
class Comparison:
    """`old` is None where no build in use could be asked. `at` is ISO 8601 UTC. `judged`, `spurned`,
    `shortened` and `demands` say how many questions of each kind were asked."""

    at: str
    new: Side
    old: Side | None
    judged: int
    spurned: int
    shortened: int
    demands: int
    changed: tuple[Change, ...]


_SHAPE = TypeAdapter(Comparison)


@dataclass
class _Sheet:
    """The answers of one build while they come in, in the order of the questions."""

    manifest: Manifest
    asker: Asker
    found: list[list[Ranked]] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def ask(self, asked: Asked) -> None:
        begun = time.perf_counter()
        try:
            ranked = self.asker.ranked(asked.text, DEPTH + 1, circumstances=asked.circumstances)
        except EmptyQuery:
            ranked = []
        self.milliseconds.append((time.perf_counter() - begun) * 1000)
        self.found.append([one for one in ranked if one.case.id != asked.id][:DEPTH])

    def first(self, number: int) -> First | None:
        found = self.found[number]
        if not found or found[0].confidence < CUT:
            return None
        return First(found[0].case.id, found[0].case.question)

    def rank(self, number: int, case: str) -> int | None:
        """The place of a case, or of one whose question is the same but for punctuation."""
        same = fold_key(self._question(case))
        for place, one in enumerate(self.found[number], start=1):
            if one.case.id == case or (same and fold_key(one.case.question) == same):
                return place
        return None

    def _question(self, case: str) -> str:
        for segment in self.asker.segments:
            row = segment.columns.row_of(case)
            if row is not None:
                return segment.row(row).question
        return ""


def compare(finder: Finder, version: int, asked: Sequence[Asked], work: Work | None = None) -> Comparison:
    """Ask build `version` and the one in use, in turns. Of the judged among `asked` the first JUDGED count,
    of the others the first DEMANDS.

    Raises IndexMissing, BuildBroken and EncoderError where the new build cannot be asked; BuildCancelled.
    """
    work = work or Work()
    work.at(STAGE, 0, 0)
    sheets = [_sheet(finder, version)]
    with suppress(IndexMissing, BuildBroken, EncoderError):
        current = finder.status()["version"]
        if isinstance(current, int) and current != version:
            sheets.append(_sheet(finder, current))
    judged = [one for one in asked if one.case][:JUDGED]
    right = [one for one in judged if one.helpful]
    stand_ins = _shortened(sheets) if len(right) < FEW else []
    questions = [*judged, *stand_ins, *[one for one in asked if not one.case][:DEMANDS]]
    for number, one in enumerate(questions):
        work.at(STAGE, number, len(questions))
        # In turns, so that neither always finds the memory warmed by the other.
        for sheet in sheets if number % 2 else sheets[::-1]:
            sheet.ask(one)
    work.at(STAGE, len(questions), len(questions))
    kinds = _Kinds(questions, len(judged), len(stand_ins))
    sides = [_side(sheet, kinds) for sheet in sheets]
    return Comparison(
        datetime.now(UTC).isoformat(timespec="seconds"), sides[0], sides[1] if len(sides) > 1 else None,
        len(right), len(judged) - len(right), len(stand_ins), len(kinds.demands),
        tuple(_changes(sheets[0], sheets[1], kinds)) if len(sheets) > 1 else (),
    )  # fmt: skip


@dataclass(frozen=True)
class _Kinds:
    """Which of the questions are what: their numbers."""

    questions: Sequence[Asked]
    judged: int
    shortened: int

    @property
    def right(self) -> list[int]:
        return [n for n in range(self.judged) if self.questions[n].helpful]

    @property
    def wrong(self) -> list[int]:
        return [n for n in range(self.judged) if not self.questions[n].helpful]

    @property
    def stand_ins(self) -> list[int]:
        return list(range(self.judged, self.judged + self.shortened))

    @property
    def demands(self) -> list[int]:
        return list(range(self.judged + self.shortened, len(self.questions)))


def _sheet(finder: Finder, version: int) -> _Sheet:
    asker = finder.trial(version)
    return _Sheet(finder.builds.manifest(version), asker)


def _shortened(sheets: Sequence[_Sheet]) -> list[Asked]:
    """Questions of cases that every build has, without their first third; the same for the same builds."""
    if not sheets[0].asker.segments:
        return []
    base = sheets[0].asker.segments[0]
    found: list[Asked] = []
    for row in np.random.default_rng(0).permutation(base.count)[: 2 * SHORTENED].tolist():
        case = base.row(row)
        if all(_holds(sheet.asker, case.id) for sheet in sheets):
            text = case.question[:LONGEST]
            found.append(Asked("", text[len(text) // 3 :], case.id))
    return found[:SHORTENED]


def _holds(asker: Asker, case: str) -> bool:
    return any(
        segment.columns.row_of(case) is not None and case not in hidden
        for segment, hidden in zip(asker.segments, asker.hidden, strict=True)
    )


def _exam(sheet: _Sheet, kinds: _Kinds, numbers: Sequence[int]) -> Exam:
    ranks = [sheet.rank(number, kinds.questions[number].case) for number in numbers]
    silent = sum(sheet.first(number) is None for number in numbers)
    return Exam(quality(ranks), silent / len(numbers) if numbers else 0.0)


def _side(sheet: _Sheet, kinds: _Kinds) -> Side:
    firsts = [(sheet.first(number), kinds.questions[number].case) for number in kinds.wrong]
    manifest = sheet.manifest
    return Side(
        manifest.version, manifest.count, manifest.created, manifest.recall,
        _exam(sheet, kinds, kinds.right), _exam(sheet, kinds, kinds.stand_ins),
        sum(first is not None and first.id == case for first, case in firsts),
        sum(sheet.first(number) is None for number in kinds.demands),
        round(median(sheet.milliseconds), 2) if sheet.milliseconds else 0.0,
    )  # fmt: skip


def _changes(new: _Sheet, old: _Sheet, kinds: _Kinds) -> Iterable[Change]:
    for number in kinds.demands:
        before, after = old.first(number), new.first(number)
        if (before and before.id) != (after and after.id):
            asked = kinds.questions[number]
            yield Change(asked.id, asked.county, strip(asked.text[:LONGEST]), before, after)


# -- kept beside the builds ---------------------------------------------------------------------------------


def save(folder: Path, comparison: Comparison) -> None:
    """Keep it, all or nothing."""
    path = Builds(folder).beside(comparison.new.version)
    fresh = path.with_suffix(".tmp")
    with fresh.open("wb") as file:
        file.write(orjson.dumps(comparison))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def load(folder: Path, version: int) -> Comparison | None:
    """What was kept of this build; None where there is nothing, or nothing that can be read."""
    try:
        found = _SHAPE.validate_json(Builds(folder).beside(version).read_bytes())
        return found if found.new.created == Builds(folder).manifest(version).created else None
    except (OSError, ValidationError, IndexMissing, BuildBroken):
        return None
