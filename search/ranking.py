"""From a question to the cases most like it.

    words = BM25 / best possible BM25 of the query, and ANSWER x the same over the replies
    score = (cosine x known share ^ 1/2 + LEXICAL x words) / (1 + LEXICAL) x subject factor + boosts

The sum of normalised scores beat reciprocal-rank and min-max fusion; names of pests and drugs decide
through the lexical part, and words that the encoder has never seen take weight from the cosine. A case
about other crops or animals than the question counts less. The constants were chosen on ``search/dev.jsonl``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from search.boosts import NOWHERE, Boosts, Circumstances, boosts
from search.cases import Case
from search.columns import crop_subjects
from search.concepts import concept_tokens, concepts, subjects
from search.confidence import Evidence, confidence
from search.encoder import Encoder
from search.fold import Shown
from search.segment import Floats, Ints, Segment
from search.text import is_bigram, tokens
from search.words import gather, weighted

CANDIDATES = 200
"""How many of each half are looked at closely."""

LEXICAL = 0.5
"""Weight of the words against the vectors."""

ANSWER = 2.0
"""Weight of a match in the reply. A question in the words of a reply (a diagnosis, a drug) has hardly any in
common with the question that was replied to, nor a near vector; so a full match has to outweigh both."""

OTHER_SUBJECT = 0.6
"""Factor for a case that names crops or animals, none of them the asked one."""

ADDED_SUBJECT = 0.8
"""Factor for a case that names crops or animals where the question names none that we know."""


@dataclass(frozen=True)
class Query:
    """A question made ready: its vector float32 [d], its lexical terms, what it is about, the filters
    (`industry`, `crop`), and the circumstances that raise a case without hiding another."""

    vector: Floats
    known: float
    terms: Sequence[str]
    answer_terms: Sequence[str]
    subjects: frozenset[str]
    industry: str | None
    crop: str | None
    circumstances: Circumstances = NOWHERE


@dataclass(frozen=True)
class Candidates:
    """Rows of a segment, int32, in no order; their scores, and the two parts that those were made of, each
    about 0 to 1, float32."""

    rows: Ints
    score: Floats
    cosine: Floats
    words: Floats


@dataclass(frozen=True)
class Ranked:
    """A case found: its score and the parts of it, each about 0 to 1, and how sure we are that it helps."""

    case: Case
    score: float
    cosine: float
    words: float
    confidence: float
    evidence: Evidence


@dataclass(frozen=True)
class Scored:
    """Scores of some rows, and the parts that they were made of; each float32 [rows].

    score = (dense + lexical) x factor + boosts.total
    """

    score: Floats
    dense: Floats
    lexical: Floats
    factor: Floats
    boosts: Boosts


def make_query(
    text: str,
    encoder: Encoder,
    industry: str | None = None,
    crop: str | None = None,
    circumstances: Circumstances = NOWHERE,
) -> Query:
    """Analyse a question once for all segments."""
    found, plain = concepts(text), tokens(text)
    return Query(
        encoder.encode([text])[0],
        encoder.known(text),
        [*plain, *concept_tokens(found)],
        [*filter(is_bigram, plain), *concept_tokens(dict.fromkeys(found))],
        subjects(found) | crop_subjects(crop or "") | crop_subjects(circumstances.crop),
        industry,
        crop,
        circumstances,
    )


def search(
    segments: Sequence[Segment],
    query: Query,
    k: int,
    hidden: Sequence[frozenset[str]],
) -> list[Ranked]:
    """The k best cases of all segments, best first, nearly equal questions folded into the best of them.

    `hidden` holds, for each segment, the ids that must not be shown. Lexical weights are those of the
    first segment.
    """
    if not segments:
        return []
    best = segments[0].questions.best_possible(query.terms)
    best_answer = segments[0].answers.best_possible(query.answer_terms)
    found = [candidates(segment, query, best, best_answer) for segment in segments]
    return _take(segments, query, found, k, hidden)


def candidates(segment: Segment, query: Query, best: float, best_answer: float) -> Candidates:
    """The rows of one segment that are near by vector or by words."""
    mask = segment.columns.mask(query.industry, query.crop)
    terms = weighted(segment.questions, query.terms, 1 / (best or 1))
    if best_answer:
        terms += weighted(segment.answers, query.answer_terms, ANSWER / best_answer)
    gathered = gather(terms, segment.count, CANDIDATES, mask)
    by_vector = segment.vectors.nearest(query.vector, CANDIDATES, mask).astype(np.int32)
    rows: Ints = np.union1d(by_vector, gathered.rows)
    cosine = np.maximum(segment.vectors.cosine(rows, query.vector), 0)
    words = gathered.complete(rows)
    return Candidates(rows, score(segment, query, rows, cosine, words).score, cosine, words)


def score(segment: Segment, query: Query, rows: NDArray[np.integer], cosine: Floats, words: Floats) -> Scored:
    """Fuse the two halves of some rows, and add what else speaks for or against them."""
    dense = cosine * np.float32(query.known**0.5 / (1 + LEXICAL))
    lexical = words * np.float32(LEXICAL / (1 + LEXICAL))
    other = segment.columns.about_other(rows, query.subjects)
    factor = np.where(other, OTHER_SUBJECT if query.subjects else ADDED_SUBJECT, 1).astype(np.float32)
    raised = boosts(segment.columns, query.circumstances, rows)
    return Scored((dense + lexical) * factor + raised.total, dense, lexical, factor, raised)


def _take(
    segments: Sequence[Segment],
    query: Query,
    found: Sequence[Candidates],
    k: int,
    hidden: Sequence[frozenset[str]],
) -> list[Ranked]:
    owners = np.repeat(np.arange(len(found)), [len(one.rows) for one in found])
    rows, scores, cosine, words = (
        np.concatenate([getattr(one, part) for one in found]) for part in ("rows", "score", "cosine", "words")
    )
    taken: list[Ranked] = []
    shown = Shown()
    for place in np.lexsort((rows, owners, -scores)).tolist():
        owner, row = int(owners[place]), int(rows[place])
        segment = segments[owner]
        fold = int(segment.columns.fold[row])
        if shown.repeats(fold):
            continue
        case = segment.row(row)
        names = concepts(case.question)
        if case.id in hidden[owner]:
            continue
        if shown.seen(fold, case.question, names, partial(_vector, segment, row)):
            continue
        evidence = Evidence(
            float(cosine[place]),
            float(words[place]),
            query.known,
            query.subjects,
            subjects(names) | crop_subjects(case.crop),
        )
        taken.append(
            Ranked(
                case, float(scores[place]), evidence.cosine, evidence.words, confidence(evidence), evidence
            )
        )
        if len(taken) == k:
            break
    return taken


def _vector(segment: Segment, row: int) -> Floats:
    found: Floats = segment.vectors.rows(np.asarray([row]))[0]
    return found
