"""From a question to the cases most like it.

Three things speak for a case, each alone enough: it means the same (vectors), it says the same (words of the
question), its reply speaks of what is asked (words of the reply). Their evidence adds up as it does for
independent witnesses, whose chances of being wrong are multiplied:

    evidence(x) = -ln(1 - CERTAIN x x)
    meaning = MEANING x evidence(cosine x known share ^ KNOWN x min(1, LONG / length) ^ LENGTH)
    words   = WORDS x evidence((BM25 of the question / best possible BM25 of the query) ^ SPREAD)
    reply   = REPLY x min(1, length / SHORT) x evidence((the same over the reply) ^ SPREAD)
    score   = 1 - exp(-(meaning + words + reply) x subject factor) + boosts

A sum of plain scores lets a middling cosine outweigh the one case that has the asked words in its reply;
here a full match of either kind decides, and the other kinds break ties. Words that the encoder has never
seen take weight from the cosine, as does a long text, whose vector is about everything and nothing. A case
about other crops or animals than the question counts less. The constants were chosen on the development
rows (``search/dev``) with ``python -m search.fit``.
"""

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from search.boosts import NOWHERE, Boosts, Circumstances, boosts
from search.cases import Case
from search.columns import crop_subjects
from search.concepts import concept_tokens, concepts_in, subjects
from search.confidence import Evidence, confidence
from search.encoder import Encoder
from search.fold import Said, Shown
from search.lexical import Lexical
from search.segment import Floats, Ints, Segment
from search.text import is_bigram, runs, tokens_of
from search.words import gather

CANDIDATES = 80
"""How many cases are looked at closely for each kind of match."""

CERTAIN = 0.97
"""How much of a full match is believed, so that no witness is infinitely sure."""

MEANING = 1.5
"""Weight of the vectors."""

KNOWN = 0.35
"""How fast unknown words take weight from them."""

LONG = 50
"""Characters of a question, punctuation aside, up to which its vector is worth its full weight."""

LENGTH = 0.1
"""How fast longer ones lose it."""

WORDS = 3.0
"""Weight of the question's words. Paraphrases would have less; then rare names fall behind BM25."""

REPLY = 10.0
"""Weight of the reply's words: a question in the words of a reply (a diagnosis, a drug) has hardly any in
common with the question that was replied to, nor a near vector."""

SPREAD = 1.75
"""Every text shares some words with every question; above 1 this makes little of a few, which say less than
the vectors do, and leaves what most words say together. Where all cases have replies, 1.5 let the long ones
push others down."""

SHORT = 8
"""Characters of a question up to which the words of replies weigh in proportion: two or three characters
stand in many a reply."""

OTHER_SUBJECT = 0.8
"""Factor for a case that names crops or animals, none of them an asked one, where any is asked."""


@dataclass(frozen=True)
class Query:
    """A question made ready: its vector float32 [d], how much of it the encoder knows, its length in
    characters, its lexical terms, the bigrams and words that the encoder does not know (`strange`), what it
    is about, the filters (`industry`, `crop`), and the circumstances that raise a case without hiding
    another."""

    vector: Floats
    known: float
    length: int
    terms: Sequence[str]
    answer_terms: Sequence[str]
    strange: tuple[str, ...]
    subjects: frozenset[str]
    industry: str | None
    crop: str | None
    circumstances: Circumstances = NOWHERE


@dataclass(frozen=True)
class Matches:
    """How some rows match a query, each 0 to about 1, float32 [rows]: the cosine of the vectors, and the
    shares of the best possible BM25 over the question and over the reply."""

    cosine: Floats
    words: Floats
    reply: Floats


@dataclass(frozen=True)
class Scored:
    """The evidence for some rows, float32 [rows] each.

    strength = (meaning + words + reply) x factor; ranked by 1 - exp(-strength) + boosts.total, so that boosts
    decide between two very good cases, and cannot lift a poor one
    """

    strength: Floats
    meaning: Floats
    words: Floats
    reply: Floats
    factor: Floats
    boosts: Boosts

    @property
    def total(self) -> NDArray[np.float64]:
        """The scores that rows are ranked by, 0 to a little above 1."""
        return -np.expm1(-self.strength.astype(np.float64)) + self.boosts.total


@dataclass(frozen=True)
class Candidates:
    """Rows of a segment, int32, ascending, their vectors, float32 [rows, d], how they match, and what that is
    worth."""

    rows: Ints
    vectors: Floats
    matches: Matches
    scored: Scored


@dataclass(frozen=True)
class Ranked:
    """A case found, and its score, 0 to a little above 1. What is known of it, and how sure we are that it
    helps, is worked out when it is asked for: silence is decided by the first case alone."""

    case: Case
    score: float
    look: Callable[[], Evidence] = field(repr=False, compare=False)

    @cached_property
    def evidence(self) -> Evidence:
        """What is known of question and case."""
        return self.look()

    @cached_property
    def confidence(self) -> float:
        """How sure to be that the case helps, 0 to 1."""
        return confidence(self.evidence)


def make_query(
    text: str,
    encoder: Encoder,
    industry: str | None = None,
    crop: str | None = None,
    circumstances: Circumstances = NOWHERE,
) -> Query:
    """Analyse a question once for all segments."""
    said = runs(text)
    found, plain = concepts_in(said), tokens_of(said)
    known = encoder.known(text)
    return Query(
        encoder.encode([text])[0],
        known.share,
        sum(map(len, said)),
        [*plain, *concept_tokens(found)],
        [*filter(is_bigram, plain), *concept_tokens(dict.fromkeys(found))],
        known.strange,
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
    best, best_reply = full_match(segments[0], query)
    found = [candidates(segment, query, best, best_reply) for segment in segments]
    return _take(segments, query, found, k, hidden)


def full_match(first: Segment, query: Query) -> tuple[float, float]:
    """The best possible BM25 of the query over questions and over replies, by the weights of the first
    segment: what shares are measured in. 1 where the query has no word that could match."""
    return (
        first.questions.best_possible(query.terms) or 1.0,
        first.answers.best_possible(query.answer_terms) or 1.0,
    )


def candidates(segment: Segment, query: Query, best: float, best_reply: float) -> Candidates:
    """The rows of one segment that are near by vector, by words or by the words of the reply."""
    mask = segment.columns.mask(query.industry, query.crop)
    asked = gather(segment.questions.postings(query.terms, 1 / best), segment.count, CANDIDATES, mask)
    replied = gather(
        segment.answers.postings(query.answer_terms, 1 / best_reply), segment.count, CANDIDATES, mask
    )
    by_vector = segment.vectors.nearest(query.vector, CANDIDATES, mask).astype(np.int32)
    rows = _distinct((by_vector, asked.rows, replied.rows))
    vectors = segment.vectors.rows(rows)
    matches = Matches(vectors @ query.vector, asked.complete(rows), replied.complete(rows))
    return Candidates(rows, vectors, matches, score(segment, query, rows, matches))


def _distinct(parts: Sequence[Ints]) -> Ints:
    """The rows of all parts, each once, ascending: a few hundred, where `numpy.unique` takes five times as
    long."""
    rows = np.concatenate(parts)
    rows.sort()
    new = np.ones(len(rows), np.bool_)
    np.not_equal(rows[1:], rows[:-1], out=new[1:])
    return rows[new]


def score(segment: Segment, query: Query, rows: NDArray[np.integer], matches: Matches) -> Scored:
    """Add up the evidence for some rows, and what else speaks for or against them."""
    long = np.maximum(segment.columns.length[rows], LONG).astype(np.float32)
    length: Floats = (np.float32(LONG) / long) ** np.float32(LENGTH)
    meaning: Floats = MEANING * witness(matches.cosine * np.float32(query.known**KNOWN) * length)
    words = WORDS * witness(spread(matches.words, SPREAD))
    spoken = np.float32(REPLY * min(1, query.length / SHORT))
    reply: Floats = spoken * witness(spread(matches.reply, SPREAD))
    factor = np.ones(len(rows), np.float32)
    if query.subjects:
        factor[segment.columns.about_other(rows, query.subjects)] = OTHER_SUBJECT
    raised = boosts(segment.columns, query.circumstances, rows)
    return Scored((meaning + words + reply) * factor, meaning, words, reply, factor, raised)


def spread(match: Floats, power: float) -> Floats:
    """A share of the best possible match, float32, so that a middling one counts less than its part."""
    found: Floats = np.maximum(match, 0) ** np.float32(power)
    return found


def witness(match: Floats) -> Floats:
    """The evidence of a match, 0 to 1, float32: -ln of the chance that it misleads."""
    # `numpy.clip` takes longer than these two for some hundred rows.
    found: Floats = np.minimum(np.maximum(match, 0), 1).astype(np.float32, copy=False)
    found *= np.float32(-CERTAIN)
    np.log1p(found, out=found)
    return np.negative(found, out=found)


def _take(
    segments: Sequence[Segment],
    query: Query,
    found: Sequence[Candidates],
    k: int,
    hidden: Sequence[frozenset[str]],
) -> list[Ranked]:
    starts = np.cumsum([0, *(len(one.rows) for one in found)]).tolist()
    total = np.concatenate([one.scored.total for one in found])
    taken: list[Ranked] = []
    shown = Shown()
    # Stable, and the rows of each segment ascend: of equals the earlier comes first.
    for number in np.argsort(-total, kind="stable").tolist():
        owner = bisect(starts, number) - 1
        place = number - starts[owner]
        segment, one = segments[owner], found[owner]
        row = one.rows.item(place)
        fold = segment.columns.fold.item(row)
        if shown.repeats(fold):
            continue
        case = segment.row(row)
        if case.id in hidden[owner]:
            continue
        if shown.seen(fold, Said.of(case.question, one.vectors[place])):
            continue
        look = partial(evidence_of, segments, owner, row, case, query, one.scored, place)
        taken.append(Ranked(case, total.item(number), look))
        if len(taken) == k:
            break
    return taken


def evidence_of(
    segments: Sequence[Segment],
    owner: int,
    row: int,
    case: Case,
    query: Query,
    scored: Scored,
    place: int,
) -> Evidence:
    """What is known of a question and of the row of a segment, a case, that stands at this place of
    `scored`."""
    segment = segments[owner]
    return Evidence(
        float(scored.meaning[place]),
        float(scored.reply[place]),
        _rarest(segments[0], segment, row, query),
        _common(segments[0].questions, query, case.question),
        query.known,
        query.length,
        query.subjects,
        segment.columns.about(row),
        sum(one.count for one in segments),
    )


def _rarest(first: Segment, segment: Segment, row: int, query: Query) -> float:
    """The rarity, 0 to 1 by the first segment, of the rarest strange word of the query that a row has."""
    parts = ((first.questions, segment.questions), (first.answers, segment.answers))
    return max(
        (whole.rarity(token) for token in query.strange for whole, part in parts if part.holds(token, row)),
        default=0.0,
    )


def _common(first: Lexical, query: Query, question: str) -> float:
    """The rarity of the rarest bigram or word that question and case have in common."""
    said = runs(question)
    joined = " ".join(said)
    # A bigram stands wherever its two characters do; a word of letters or digits is a run of its own; what
    # names a thing has a mark before it, and stands in no text.
    both = (term for term in query.answer_terms if (term in said if term.isascii() else term in joined))
    return max(map(first.rarity, both), default=0.0)
