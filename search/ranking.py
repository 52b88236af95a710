"""From a question to the cases most like it.

    words = BM25 / best possible BM25 of the query, and ANSWER x the same over the replies
    score = (cosine x known share ^ 1/2 + LEXICAL x words) / (1 + LEXICAL)

The sum of normalised scores beat reciprocal-rank and min-max fusion; names of pests and drugs decide
through the lexical part, and words that the encoder has never seen take weight from the cosine. A case
about other crops or animals than the question counts less. The constants were chosen on ``search/dev.jsonl``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.cases import Case
from search.concepts import concepts, subjects
from search.confidence import Evidence, confidence
from search.encoder import Encoder
from search.segment import Flags, Floats, Longs, Segment, about, answer_terms, load_faiss, question_terms

CANDIDATES = 200
"""How many of each half are looked at closely."""

LEXICAL = 0.5
"""Weight of the words against the vectors."""

ANSWER = 0.5
"""Weight of a match in the reply: it says what the case is about, in an expert's words."""

OTHER_SUBJECT = 0.6
"""Factor for a case that names crops or animals, none of them the asked one."""

ADDED_SUBJECT = 0.8
"""Factor for a case that names crops or animals where the question names none that we know."""


@dataclass(frozen=True)
class Query:
    """A question made ready: its vector float32 [d], its lexical terms, what it is about, and the filters."""

    vector: Floats
    known: float
    terms: Sequence[str]
    answer_terms: Sequence[str]
    subjects: frozenset[str]
    industry: str | None
    crop: str | None


@dataclass(frozen=True)
class Candidate:
    """A row of a segment: its score, and the two parts that it was made of, each about 0 to 1."""

    score: float
    segment: int
    row: int
    cosine: float
    words: float


@dataclass(frozen=True)
class Ranked:
    """A case found: its score and the parts of it, each about 0 to 1, and how sure we are that it helps."""

    case: Case
    score: float
    cosine: float
    words: float
    confidence: float


def make_query(text: str, encoder: Encoder, industry: str | None = None, crop: str | None = None) -> Query:
    """Analyse a question once for all segments."""
    return Query(
        encoder.encode([text])[0],
        encoder.known(text),
        question_terms(text),
        answer_terms(text),
        subjects(concepts(text)) | subjects(concepts(crop or "")),
        industry,
        crop,
    )


def search(
    segments: Sequence[Segment],
    query: Query,
    k: int,
    hidden: Sequence[frozenset[str]],
) -> list[Ranked]:
    """The k best cases of all segments, best first, equal questions folded into the best of them.

    `hidden` holds, for each segment, the ids that must not be shown. Lexical weights are those of the
    first segment.
    """
    if not segments:
        return []
    best = segments[0].questions.best_possible(query.terms)
    best_answer = segments[0].answers.best_possible(query.answer_terms)
    found: list[Candidate] = []
    for number, segment in enumerate(segments):
        found.extend(candidates(segment, number, query, best, best_answer))
    found.sort(key=lambda one: (-one.score, one.segment, one.row))
    return [_ranked(segments, query, one) for one in _take(segments, found, k, hidden)]


def candidates(
    segment: Segment, number: int, query: Query, best: float, best_answer: float
) -> list[Candidate]:
    """The rows of one segment that are near by vector or by words, in no order."""
    mask = segment.columns.mask(query.industry, query.crop)
    lexical = segment.questions.scores(query.terms) / (best or 1)
    if best_answer:
        lexical = lexical + segment.answers.scores(query.answer_terms) * (ANSWER / best_answer)
    if mask is not None:
        lexical[~mask] = 0
    by_vector = _nearest(segment, query.vector, mask)
    by_words = (
        np.argpartition(lexical, -CANDIDATES)[-CANDIDATES:]
        if segment.count > CANDIDATES
        else lexical.nonzero()[0]
    )
    rows = np.union1d(by_vector, by_words[lexical[by_words] > 0]).astype(np.int64)
    if not len(rows):
        return []
    cosine = np.maximum(segment.vectors.reconstruct_batch(rows) @ query.vector, 0)
    words = lexical[rows]
    total = (cosine * np.sqrt(query.known) + LEXICAL * words) / (1 + LEXICAL)
    factor = OTHER_SUBJECT if query.subjects else ADDED_SUBJECT
    total = np.where(segment.columns.about_other(rows, query.subjects), total * factor, total)
    return [
        Candidate(value, number, row, near, said)
        for value, row, near, said in zip(
            total.tolist(), rows.tolist(), cosine.tolist(), words.tolist(), strict=True
        )
    ]


def _nearest(segment: Segment, vector: Floats, mask: Flags | None) -> Longs:
    faiss = load_faiss()
    chosen = None
    if mask is not None:
        bits = np.packbits(mask, bitorder="little")
        chosen = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))
    k = min(CANDIDATES, segment.count)
    if not k:
        return np.zeros(0, np.int64)
    _, rows = segment.vectors.search(vector[None], k, params=chosen)
    kept: Longs = rows[0][rows[0] >= 0]
    return kept


def _take(
    segments: Sequence[Segment], found: Sequence[Candidate], k: int, hidden: Sequence[frozenset[str]]
) -> list[Candidate]:
    taken: list[Candidate] = []
    folds: set[int] = set()
    for one in found:
        fold = int(segments[one.segment].columns.fold[one.row])
        out = hidden[one.segment]
        if fold in folds or (out and segments[one.segment].row(one.row).id in out):
            continue
        folds.add(fold)
        taken.append(one)
        if len(taken) == k:
            break
    return taken


def _ranked(segments: Sequence[Segment], query: Query, one: Candidate) -> Ranked:
    case = segments[one.segment].row(one.row)
    evidence = Evidence(one.cosine, one.words, query.known, query.subjects, about(case))
    return Ranked(case, one.score, one.cosine, one.words, confidence(evidence))
