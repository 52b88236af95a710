"""Fit ranking and confidence on the development rows: ``python -m search.fit``, after every training.

Ranking: its weights (see `search.ranking`) are moved until the right case of each development question has
the largest share of the evidence, by Nelder and Mead's simplex over a softmax of the strengths; every slice
weighs by the root of its size. They are printed, to be written into `search.ranking` by hand, rounded.

Confidence (``--confidence``): a ridge logistic regression by Newton's method over the facts of
`search.confidence`. An answerable question is a good example where the best case is the right one, and no
example where another came first. The cut stands where the two kinds of error are in the promised proportion.
Writes ``search/confidence.json``.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from search import ranking
from search.confidence import FACTS, FITTED, Evidence, facts
from search.encoder import Encoder
from search.ranking import Matches, Query, candidates, make_query, search, witness
from search.segment import Segment, in_memory
from search.sets import Asked, Task, development
from search.text import fold_key

WEIGHTS = ("MEANING", "KNOWN", "LENGTH", "WORDS", "REPLY", "OTHER_SUBJECT", "ADDED_SUBJECT")
"""The constants of `search.ranking` that are fitted."""

RIDGE = 0.5
ROUNDS = 30
STEPS = 2000
PULL = 3.0
"""Sharpness of the softmax over strengths."""

REFUSED_AS_BAD = 2
"""How much worse it is to refuse a question that has an answer than to answer one that has none: the promises
are 5 % and 10 %."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """One question's candidates: their matches and lengths, which of them name other subjects, and which is
    right."""

    part: str
    known: float
    named: bool
    matches: Matches
    length: Numbers
    other: NDArray[np.bool_]
    right: int


def judged(task: Task, segment: Segment, encoder: Encoder) -> Iterator[Judged]:
    """The candidates of every question of the task; where the right case is not among them, nothing."""
    for part, queries in task.slices.items():
        for text, wanted in queries:
            query = make_query(text, encoder)
            found = _candidates(segment, query)
            right = np.flatnonzero(found.rows == segment.columns.row_of(wanted))
            if len(right):
                yield Judged(
                    part,
                    query.known,
                    bool(query.subjects),
                    found.matches,
                    segment.columns.length[found.rows].astype(np.float64),
                    segment.columns.about_other(found.rows, query.subjects),
                    int(right[0]),
                )


def _candidates(segment: Segment, query: Query) -> ranking.Candidates:
    best = segment.questions.best_possible(query.terms)
    return candidates(segment, query, best, segment.answers.best_possible(query.answer_terms))


def fit_ranking(rows: Sequence[Judged]) -> dict[str, float]:
    """The constants of `search.ranking` that suit these best."""
    from scipy.optimize import minimize

    counts = Counter(row.part for row in rows)
    worth = np.asarray([1 / np.sqrt(counts[row.part]) for row in rows])
    worth /= worth.sum()

    def loss(weights: Numbers) -> float:
        return float(worth @ [_surprise(row, np.abs(weights)) for row in rows])

    begin = np.asarray([getattr(ranking, name) for name in WEIGHTS])
    print(f"before: {loss(begin):.4f}")
    found = minimize(loss, begin, method="Nelder-Mead", options={"maxfev": STEPS, "xatol": 1e-3})
    print(f"after: {found.fun:.4f}")
    return dict(zip(WEIGHTS, np.abs(found.x).round(3).tolist(), strict=True))


def _surprise(row: Judged, weights: Numbers) -> float:
    """-ln of the share that the right case has among the candidates."""
    meaning, known, length, words, reply, other, added = weights
    shorter = np.minimum(1, ranking.LONG / np.maximum(row.length, 1)) ** length
    strength = (
        meaning * witness((row.matches.cosine * row.known**known * shorter).astype(np.float32))
        + words * witness(row.matches.words)
        + reply * witness(np.clip(row.matches.reply, 0, 1) ** ranking.SPREAD)
    ) * np.where(row.other, other if row.named else added, 1)
    strength = strength.astype(np.float64) * PULL
    most = strength.max()
    return float(most + np.log(np.exp(strength - most).sum()) - strength[row.right])


def fit_confidence(segment: Segment, encoder: Encoder, asked: Asked, unanswerable: Sequence[str]) -> None:
    """Fit, choose the cut, write both, and print what they give."""
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    everyone: list[tuple[float, ...]] = []
    for text, wanted in [*asked, *((text, "") for text in unanswerable)]:
        found = _best(segment, encoder, text)
        if wanted:
            row = segment.columns.row_of(wanted)
            question = segment.row(row).question if row is not None else ""
            everyone.append(facts(found[1]))
            if fold_key(found[0]) != fold_key(question):
                continue
        rows.append(facts(found[1]))
        labels.append(bool(wanted))
    weights = logistic(np.asarray(rows), np.asarray(labels, np.float64))
    without = _sure(np.asarray([row for row, label in zip(rows, labels, strict=True) if not label]), weights)
    answerable = _sure(np.asarray(everyone), weights)
    cut = _cut(answerable, without)
    fitted = {"cut": round(cut, 3)} | {
        name: round(float(weight), 3) for name, weight in zip(FACTS, weights, strict=True)
    }
    FITTED.write_bytes(orjson.dumps(fitted, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    refused, answered = (answerable < cut).mean(), (without >= cut).mean()
    print(f"{fitted}\nanswerable refused {refused:.1%}, unanswerable answered {answered:.1%}")


def logistic(rows: Numbers, labels: Numbers) -> Numbers:
    """Weights of a ridge logistic regression, float64 [facts]; both classes weigh the same."""
    share = labels.mean()
    worth = np.where(labels > 0, 0.5 / share, 0.5 / (1 - share))
    weights = np.zeros(rows.shape[1])
    penalty = RIDGE * np.eye(rows.shape[1])
    for _ in range(ROUNDS):
        sure = _sure(rows, weights)
        slope = rows.T @ (worth * (sure - labels)) + penalty @ weights
        bend = (rows * (worth * sure * (1 - sure))[:, None]).T @ rows + penalty
        weights = weights - np.linalg.solve(bend, slope)
    return weights


def _cut(answerable: Numbers, without: Numbers) -> float:
    """Where the two kinds of error stand in the promised proportion."""
    cuts = np.linspace(0.01, 0.99, 99)
    excess = [REFUSED_AS_BAD * (answerable < cut).mean() - (without >= cut).mean() for cut in cuts]
    return float(cuts[int(np.abs(excess).argmin())])


def _sure(rows: Numbers, weights: Numbers) -> Numbers:
    sure: Numbers = 1 / (1 + np.exp(-(rows @ weights)))
    return sure


def _best(segment: Segment, encoder: Encoder, text: str) -> tuple[str, Evidence]:
    query = make_query(text, encoder)
    found = search((segment,), query, 1, (frozenset[str](),))
    if not found:
        return "", Evidence(0, 0, 0, 0, query.known, query.length, query.subjects, frozenset())
    return found[0].case.question, found[0].evidence


def main() -> None:
    """Fit the one or the other."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--encoder", help="path or name of a sentence-transformers model")
    parser.add_argument("--confidence", action="store_true", help="the confidence, not the ranking")
    options = parser.parse_args()
    task, encoder = development(), Encoder(options.encoder)
    cases = list(task.archive.values())
    segment = in_memory(cases, encoder.encode([case.question for case in cases]))
    if options.confidence:
        asked = [query for part, queries in task.slices.items() if part != "reply" for query in queries]
        fit_confidence(segment, encoder, asked, task.unanswerable)
    else:
        for name, value in fit_ranking(list(judged(task, segment, encoder))).items():
            print(f"{name} = {value}")


if __name__ == "__main__":
    main()
