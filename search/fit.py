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
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from search import ranking
from search.cases import Case
from search.confidence import FACTS, FITTED, facts
from search.encoder import Encoder
from search.ranking import Matches, candidates, full_match, make_query, search, witness
from search.segment import Segment, in_memory
from search.sets import Task, development, read
from search.text import fold_key

WEIGHTS = ("KNOWN", "LENGTH", "WORDS", "REPLY", "OTHER_SUBJECT")
"""The constants of `search.ranking` that are fitted; MEANING stays, for only the proportions count."""

MORE = 200
"""Questions that are asked of each further file."""

SHARES = (1 / 12, 1 / 6, 1 / 3, 2 / 3, 1.0)
"""Parts of the archive that the confidence is fitted on."""

RIDGE = 0.5
ROUNDS = 30
STEPS = 2000
PULL = 6.0
"""Sharpness of the softmax over strengths to begin with; it is fitted with the weights."""

REFUSED_AS_BAD = 2
"""How much worse it is to refuse a question that has an answer than to answer one that has none: the promises
are 5 % and 10 %."""

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """One question's candidates: their matches and lengths, which of them name other subjects, and which is
    right; `spoken` is the share that the words of replies count for."""

    part: str
    known: float
    spoken: float
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
            found = candidates(segment, query, *full_match(segment, query))
            right = np.flatnonzero(found.rows == segment.columns.row_of(wanted))
            if len(right):
                yield Judged(
                    part,
                    query.known,
                    min(1, query.length / ranking.SHORT),
                    bool(query.subjects),
                    found.matches,
                    segment.columns.length[found.rows].astype(np.float64),
                    segment.columns.about_other(found.rows, query.subjects),
                    int(right[0]),
                )


def fit_ranking(rows: Sequence[Judged]) -> dict[str, float]:
    """The constants of `search.ranking` that suit these best."""
    from scipy.optimize import minimize

    counts = Counter(row.part for row in rows)
    worth = np.asarray([1 / np.sqrt(counts[row.part]) for row in rows])
    worth /= worth.sum()

    def loss(weights: Numbers) -> float:
        return float(worth @ [_surprise(row, np.abs(weights)) for row in rows])

    begin = np.asarray([*(getattr(ranking, name) for name in WEIGHTS), PULL])
    print(f"before: {loss(begin):.4f}")
    found = minimize(loss, begin, method="Nelder-Mead", options={"maxfev": STEPS, "xatol": 1e-3})
    # The simplex may lie flat before it is down: once more from there.
    found = minimize(loss, found.x, method="Nelder-Mead", options={"maxfev": STEPS, "xatol": 1e-3})
    print(f"after: {found.fun:.4f}")
    return dict(zip((*WEIGHTS, "PULL"), np.abs(found.x).round(3).tolist(), strict=True))


def _surprise(row: Judged, weights: Numbers) -> float:
    """-ln of the share that the right case has among the candidates."""
    known, length, words, reply, other, pull = weights
    shorter = np.minimum(1, ranking.LONG / np.maximum(row.length, 1)) ** length
    strength = (
        ranking.MEANING * witness((row.matches.cosine * row.known**known * shorter).astype(np.float32))
        + words * witness(row.matches.words)
        + reply * row.spoken * witness(np.clip(row.matches.reply, 0, 1) ** ranking.SPREAD)
    ) * np.where(row.other & row.named, other, 1)
    strength = strength.astype(np.float64) * pull
    most = strength.max()
    return float(most + np.log(np.exp(strength - most).sum()) - strength[row.right])


def fit_confidence(task: Task, encoder: Encoder) -> None:
    """Fit, choose the cut, write both, and print what they give.

    The archive is asked whole and in random parts, so that its size can be weighed: what is spurious comes
    nearer the more cases there are.
    """
    cases = list(task.archive.values())
    order = np.random.default_rng(0).permutation(len(cases))
    examples: list[_Example] = []
    for share in SHARES:
        part = [cases[place] for place in np.sort(order[: int(len(cases) * share)])]
        segment = in_memory(part, encoder.encode([case.question for case in part]))
        examples += [example for query in _queries(task) for example in _example(segment, encoder, *query)]
    rows = np.asarray([example.facts for example in examples])
    answerable = np.asarray([example.answerable for example in examples])
    # Where another case came first it may be as good, or not: nothing is learnt from it.
    clear = np.asarray([example.right or not example.answerable for example in examples])
    crowd = rows[:, FACTS.index("crowd")]
    weights = logistic(rows[clear], answerable[clear], crowd[clear])
    sure = _sure(rows, weights)
    whole = crowd == crowd.max()
    cut = _cut(sure[whole & answerable], sure[whole & ~answerable])
    fitted = {"cut": round(cut, 3)} | {
        name: round(float(weight), 3) for name, weight in zip(FACTS, weights, strict=True)
    }
    FITTED.write_bytes(orjson.dumps(fitted, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    print(fitted)
    for size in np.unique(crowd):
        refused = (sure[(crowd == size) & answerable] < cut).mean()
        answered = (sure[(crowd == size) & ~answerable] >= cut).mean()
        print(f"{np.exp(size):.0f} cases: answerable refused {refused:.1%}, others answered {answered:.1%}")


@dataclass(frozen=True)
class _Example:
    facts: tuple[float, ...]
    answerable: bool
    right: bool


def _queries(task: Task) -> Iterator[tuple[str, str]]:
    """(query, id of the right case or nothing). Replies as questions are a test of ranking, not a use."""
    for part, queries in task.slices.items():
        if part != "reply":
            yield from queries
    yield from ((text, "") for text in task.unanswerable)


def _example(segment: Segment, encoder: Encoder, text: str, wanted: str) -> Iterator[_Example]:
    """Nothing where the right case is not in this part of the archive."""
    row = segment.columns.row_of(wanted) if wanted else None
    if wanted and row is None:
        return
    found = search((segment,), make_query(text, encoder), 1, (frozenset[str](),))
    if found:
        question = segment.row(row).question if row is not None else ""
        right = bool(wanted) and fold_key(found[0].case.question) == fold_key(question)
        yield _Example(facts(found[0].evidence), bool(wanted), right)


def logistic(rows: Numbers, labels: Flags, kinds: Numbers) -> Numbers:
    """Weights of a ridge logistic regression, float64 [facts]; of each kind both classes weigh the same."""
    worth = np.zeros(len(rows))
    for kind in np.unique(kinds):
        for label in (False, True):
            members = (kinds == kind) & (labels == label)
            worth[members] = 0.5 / max(1, members.sum())
    worth *= len(rows) / worth.sum()
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


def _with_more(task: Task, paths: Sequence[Path]) -> Task:
    """The task with the replies of further files in the archive, to be found by their questions."""
    archive, slices = dict(task.archive), dict(task.slices)
    for path in paths:
        rows = list({row["q"]: row for row in read(path)}.values())
        archive |= {f"{path.stem}:{row['q']}": Case(f"{path.stem}:{row['q']}", row["a"]) for row in rows}
        slices[path.stem] = [(row["q"], f"{path.stem}:{row['q']}") for row in rows[:: 1 + len(rows) // MORE]]
    return Task(task.name, archive, slices, task.unanswerable)


def main() -> None:
    """Fit the one or the other."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--encoder", help="path or name of a sentence-transformers model")
    parser.add_argument(
        "--more", type=Path, action="append", default=[], help="questions and replies, JSON lines of q and a"
    )
    parser.add_argument("--confidence", action="store_true", help="the confidence, not the ranking")
    options = parser.parse_args()
    task, encoder = _with_more(development(), options.more), Encoder(options.encoder)
    if options.confidence:
        fit_confidence(task, encoder)
    else:
        cases = list(task.archive.values())
        segment = in_memory(cases, encoder.encode([case.question for case in cases]))
        for name, value in fit_ranking(list(judged(task, segment, encoder))).items():
            print(f"{name} = {value}")


if __name__ == "__main__":
    main()
