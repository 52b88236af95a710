"""Why a case has its score: every part of it, for whoever has to trust the ranking (the console's
playground)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.confidence import CUT, confidence
from search.lexical import Lexical
from search.ranking import Matches, Query, evidence_of, full_match, score
from search.segment import Segment
from search.words import at

TERMS = 12
"""Words that are named, the weightiest first."""


@dataclass(frozen=True)
class Term:
    """A word of the question that the case has: what it adds to the share of its
    `place`, question or answer. A
    name of a thing, whatever it was called, begins with #."""

    text: str
    place: str
    value: float


@dataclass(frozen=True)
class Explanation:
    """score = 1 - exp(-(meaning + words + reply) x factor) + boosts, see `search.ranking`.

    meaning is made of `cosine` and the share `known` of the question that the encoder knows; words and reply
    of the shares `words_share` and `reply_share` of the best possible match. `factor` is below 1 for a case
    about another crop or animal. `boosts` has crop, industry, season, place. `rank` counts from 1; None is
    beyond the fiftieth, or folded into a case that says the same. `shown`: a best case of this confidence
    would be shown, not silence.
    """

    id: str
    question: str
    rank: int | None
    score: float
    meaning: float
    words: float
    reply: float
    factor: float
    boosts: dict[str, float]
    cosine: float
    known: float
    words_share: float
    reply_share: float
    terms: tuple[Term, ...]
    asked: tuple[str, ...]
    named: tuple[str, ...]
    confidence: float
    cut: float
    shown: bool


def explain(
    segments: Sequence[Segment], number: int, row: int, query: Query, rank: int | None
) -> Explanation:
    """Take the score of one row of a segment apart; lexical weights are those of the first."""
    first, segment = segments[0], segments[number]
    best, best_reply = full_match(first, query)
    asked = _terms(segment.questions, query.terms, row, best, "question")
    replied = _terms(segment.answers, query.answer_terms, row, best_reply, "answer")
    rows = np.asarray([row], np.int32)
    matches = Matches(
        segment.vectors.cosine(rows, query.vector),
        *(np.asarray([sum(term.value for term in terms)], np.float32) for terms in (asked, replied)),
    )
    scored = score(segment, query, rows, matches)
    case = segment.row(row)
    evidence = evidence_of(segments, number, row, case, query, scored, 0)
    sure = confidence(evidence)
    return Explanation(
        case.id,
        case.question,
        rank,
        float(scored.total[0]),
        float(scored.meaning[0]),
        float(scored.words[0]),
        float(scored.reply[0]),
        float(scored.factor[0]),
        {name: float(values[0]) for name, values in vars(scored.boosts).items()},
        float(matches.cosine[0]),
        query.known,
        float(matches.words[0]),
        float(matches.reply[0]),
        tuple(sorted((*asked, *replied), key=lambda term: -term.value)[:TERMS]),
        tuple(sorted(query.subjects)),
        tuple(sorted(evidence.named)),
        sure,
        CUT,
        sure >= CUT,
    )


def _terms(lexical: Lexical, asked: Sequence[str], row: int, best: float, place: str) -> list[Term]:
    rows = np.asarray([row], np.int32)
    found = []
    for text in dict.fromkeys(asked):
        for word in lexical.postings([text], 1 / best):
            value = float(at(word, rows)[0])
            if value:
                found.append(Term(text, place, value))
    return found
