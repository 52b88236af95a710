"""One question, asked of the segments that are live: found cases, silence, or the reasons for a score."""

import re
from dataclasses import dataclass

from search.boosts import NOWHERE, Circumstances
from search.confidence import CUT
from search.encoder import Encoder
from search.errors import CaseMissing, EmptyQuery
from search.explain import Explanation, explain
from search.ranking import Query, Ranked, make_query, search
from search.segment import Segment
from search.text import runs

LONGEST = 500
"""Characters of a question that are used; what comes after adds noise, not meaning."""

MOST = 50
"""Most results of one query."""

NOTHING_SIMILAR = "nothing_similar"
NOT_CHINESE = "not_chinese"
"""The question has no Chinese character: pinyin or English, which the encoder does not know."""

_CHINESE = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class Hit:
    """A similar case; `score` is about 0 to 1."""

    id: str
    score: float
    question: str
    answer: str
    industry: str
    crop: str
    region: str
    date: str


@dataclass(frozen=True)
class Similar:
    """The answer to a query. `abstained`: nothing is similar enough to show, and `results` is empty;
    `reason` then is NOTHING_SIMILAR or NOT_CHINESE."""

    abstained: bool
    results: tuple[Hit, ...]
    reason: str = ""


@dataclass(frozen=True)
class Asker:
    """An encoder, the segments to search and, for each, the ids that must not be shown."""

    encoder: Encoder
    segments: tuple[Segment, ...]
    hidden: tuple[frozenset[str], ...]

    def similar(
        self,
        text: str,
        k: int = 10,
        industry: str | None = None,
        crop: str | None = None,
        circumstances: Circumstances = NOWHERE,
    ) -> Similar:
        """The cases most like this question, best first; k is brought into 1..50. Raises EmptyQuery."""
        found = self.ranked(text, k, industry, crop, circumstances)
        if not found or found[0].confidence < CUT:
            return Similar(True, (), NOTHING_SIMILAR if _CHINESE.search(text[:LONGEST]) else NOT_CHINESE)
        return Similar(False, tuple(_hit(ranked) for ranked in found))

    def ranked(
        self,
        text: str,
        k: int = 10,
        industry: str | None = None,
        crop: str | None = None,
        circumstances: Circumstances = NOWHERE,
    ) -> list[Ranked]:
        """The same with confidence and without silence, to measure."""
        query = self._query(text, industry, crop, circumstances)
        return search(self.segments, query, max(1, min(k, MOST)), self.hidden)

    def explain(
        self,
        text: str,
        case_id: str,
        industry: str | None = None,
        crop: str | None = None,
        circumstances: Circumstances = NOWHERE,
    ) -> Explanation:
        """Why a case has its score for this question. Raises EmptyQuery, CaseMissing."""
        query = self._query(text, industry, crop, circumstances)
        # Newest segment first: where a case was replaced, that is the one shown.
        for number in reversed(range(len(self.segments))):
            row = self.segments[number].columns.row_of(case_id)
            if row is not None and case_id not in self.hidden[number]:
                order = [one.case.id for one in search(self.segments, query, MOST, self.hidden)]
                rank = order.index(case_id) + 1 if case_id in order else None
                return explain(self.segments, number, row, query, rank)
        raise CaseMissing(f"no case {case_id} is in the index")

    def _query(
        self, text: str, industry: str | None, crop: str | None, circumstances: Circumstances
    ) -> Query:
        text = text[:LONGEST]
        if not runs(text):
            raise EmptyQuery("write in a few words what is wrong")
        return make_query(text, self.encoder, industry, crop, circumstances)


def _hit(ranked: Ranked) -> Hit:
    case = ranked.case
    return Hit(
        case.id,
        round(ranked.score, 4),
        case.question,
        case.answer,
        case.industry,
        case.crop,
        case.region,
        case.date,
    )
