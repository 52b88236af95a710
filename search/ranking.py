"""From a question to the cases most like it.

score = cosine x known share + BM25 / best possible BM25 + ANSWER x the same over the replies, all halved to about 0..1.
The sum of normalised scores beat reciprocal-rank and min-max fusion on our sets; names of pests and drugs decide through
the lexical half, and a name the encoder has never seen takes weight from the cosine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from search.cases import Case
from search.concepts import concepts, subjects
from search.encoder import Encoder
from search.segment import Floats, Longs, Segment, answer_terms, question_terms

CANDIDATES = 200
"""How many of each half are looked at closely."""

ANSWER = 0.25
"""Weight of a match in the reply: it says what the case is about, in an expert's words."""

OTHER_SUBJECT = 0.7
"""Factor for a case that names crops or animals, none of them the asked one."""


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
class Ranked:
    """A case found and its score, about 0 to 1."""

    score: float
    fold: int
    case: Case


def make_query(text: str, encoder: Encoder, industry: str | None = None, crop: str | None = None) -> Query:
    """Analyse a question once for all segments."""
    return Query(
        encoder.encode([text])[0],
        encoder.known(text),
        question_terms(text),
        answer_terms(text),
        subjects(concepts(text)),
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

    `hidden` holds, for each segment, the ids that must not be shown. Lexical weights are those of the first segment.
    """
    if not segments:
        return []
    best = segments[0].questions.best_possible(query.terms)
    best_answer = segments[0].answers.best_possible(query.answer_terms)
    found: list[tuple[float, int, int]] = []
    for number, segment in enumerate(segments):
        rows, scores = score(segment, query, best, best_answer)
        found.extend((float(value), number, int(row)) for row, value in zip(rows, scores, strict=True))
    found.sort(key=lambda item: (-item[0], item[1], item[2]))
    return _take(segments, found, k, hidden)


def score(segment: Segment, query: Query, best: float, best_answer: float) -> tuple[Longs, Floats]:
    """Candidate rows of one segment, int64 [m], and their scores, float32 [m]."""
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
        return rows, np.zeros(0, np.float32)
    cosine = segment.vectors.reconstruct_batch(rows) @ query.vector
    total = (np.maximum(cosine, 0) * query.known + lexical[rows]) / 2
    if query.subjects:
        total = np.where(segment.columns.about_other(rows, query.subjects), total * OTHER_SUBJECT, total)
    return rows, total.astype(np.float32)


def _nearest(segment: Segment, vector: Floats, mask: np.ndarray | None) -> Longs:
    import faiss

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
    segments: Sequence[Segment], found: list[tuple[float, int, int]], k: int, hidden: Sequence[frozenset[str]]
) -> list[Ranked]:
    taken: list[Ranked] = []
    folds: set[int] = set()
    for value, number, row in found:
        fold = int(segments[number].columns.fold[row])
        if fold in folds:
            continue
        case = segments[number].row(row)
        if case.id in hidden[number]:
            continue
        folds.add(fold)
        taken.append(Ranked(value, fold, case))
        if len(taken) == k:
            break
    return taken
