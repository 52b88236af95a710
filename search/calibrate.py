"""Fit the confidence anew: ``python -m search.evaluate --calibrate``, after every training.

Logistic regression by Newton's method over the facts of `search.confidence`, on the held-out rows of
``search/dev.jsonl``. An answerable question is a good example where the best case is the right one, and no
example where another came first. Writes ``search/confidence.json``.
"""

from collections.abc import Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from search.confidence import FACTS, FITTED, Evidence, facts
from search.encoder import Encoder
from search.ranking import make_query, search
from search.segment import Segment
from search.text import fold_key

RIDGE = 0.5
ROUNDS = 30
REFUSED_AS_BAD = 2
"""How much worse it is to refuse a question that has an answer than to answer one that has none: the promises
are 5 % and 10 %."""

Numbers = NDArray[np.float64]


def calibrate(
    segment: Segment, encoder: Encoder, asked: Sequence[tuple[str, str]], unanswerable: Sequence[str]
) -> None:
    """Fit, choose the cut, write both, and print what they give."""
    rows: list[tuple[float, ...]] = []
    labels: list[bool] = []
    everyone: list[tuple[float, ...]] = []
    rows_of = segment.columns.row_of
    for text, wanted in [*asked, *((text, "") for text in unanswerable)]:
        found = _best(segment, encoder, text)
        if wanted:
            row = rows_of(wanted)
            question = segment.row(row).question if row is not None else ""
            everyone.append(facts(found[1]))
            if fold_key(found[0]) != fold_key(question):
                continue
        rows.append(facts(found[1]))
        labels.append(bool(wanted))
    weights = fit(np.asarray(rows), np.asarray(labels, np.float64))
    without = _sure(np.asarray([row for row, label in zip(rows, labels, strict=True) if not label]), weights)
    answerable = _sure(np.asarray(everyone), weights)
    cut = _cut(answerable, without)
    refused = float((answerable < cut).mean())
    fitted = {"cut": round(cut, 3)} | {
        name: round(float(weight), 3) for name, weight in zip(FACTS, weights, strict=True)
    }
    FITTED.write_bytes(orjson.dumps(fitted, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    print(f"{fitted}\nanswerable refused {refused:.1%}, unanswerable answered {(without >= cut).mean():.1%}")


def fit(rows: Numbers, labels: Numbers) -> Numbers:
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
        return "", Evidence(0.0, 0.0, query.known, query.subjects, frozenset())
    return found[0].case.question, found[0].evidence
