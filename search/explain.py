"""Why a case has its score: every part of it, for whoever has to trust the ranking (the console's
playground)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.confidence import CUT, Evidence, confidence
from search.lexical import Lexical
from search.ranking import ANSWER, Query, score
from search.segment import Segment, about
from search.words import at, weighted

TERMS = 12
"""Words that are named, the weightiest first."""


@dataclass(frozen=True)
class Term:
    """A word of the question that the case has: what it adds to `words`; `place` is question or answer. A
    name of a thing, whatever it was called, begins with #."""

    text: str
    place: str
    value: float


@dataclass(frozen=True)
class Explanation:
    """score = (dense + lexical) x factor + boosts.

    dense is made of `cosine` and the share `known` of the question that the encoder knows; lexical of
    `words`, the share of the best possible match, in question and answer together. `factor` is below 1 for
    a case about another crop or animal. `boosts` has crop, industry, season, place. `rank` counts from 1;
    None is beyond the fiftieth, or folded into a case that says the same. `shown`: a best case of this
    confidence would be shown, not silence.
    """

    id: str
    question: str
    rank: int | None
    score: float
    dense: float
    lexical: float
    factor: float
    boosts: dict[str, float]
    cosine: float
    known: float
    words: float
    terms: tuple[Term, ...]
    asked: tuple[str, ...]
    named: tuple[str, ...]
    confidence: float
    cut: float
    shown: bool


def explain(first: Segment, segment: Segment, row: int, query: Query, rank: int | None) -> Explanation:
    """Take the score of one row apart; lexical weights are those of the first segment."""
    best = first.questions.best_possible(query.terms) or 1.0
    best_answer = first.answers.best_possible(query.answer_terms)
    terms = _terms(segment.questions, query.terms, row, 1 / best, "question")
    if best_answer:
        terms += _terms(segment.answers, query.answer_terms, row, ANSWER / best_answer, "answer")
    rows = np.asarray([row], np.int32)
    cosine = np.maximum(segment.vectors.cosine(rows, query.vector), 0)
    words = np.asarray([sum(term.value for term in terms)], np.float32)
    scored = score(segment, query, rows, cosine, words)
    case = segment.row(row)
    sure = confidence(Evidence(float(cosine[0]), float(words[0]), query.known, query.subjects, about(case)))
    return Explanation(
        case.id,
        case.question,
        rank,
        float(scored.score[0]),
        float(scored.dense[0]),
        float(scored.lexical[0]),
        float(scored.factor[0]),
        {name: float(values[0]) for name, values in vars(scored.boosts).items()},
        float(cosine[0]),
        query.known,
        float(words[0]),
        tuple(sorted(terms, key=lambda term: -term.value)[:TERMS]),
        tuple(sorted(query.subjects)),
        tuple(sorted(about(case))),
        sure,
        CUT,
        sure >= CUT,
    )


def _terms(lexical: Lexical, asked: Sequence[str], row: int, weight: float, place: str) -> list[Term]:
    rows = np.asarray([row], np.int32)
    found = []
    for text in dict.fromkeys(asked):
        for word in weighted(lexical, [text], weight):
            value = float(at(word, rows)[0])
            if value:
                found.append(Term(text, place, value))
    return found
