"""Fit ranking and confidence on the development rows: ``python -m search.fit``, after every training.

Ranking: its constants (see `search.ranking`) are tried one after the other at the values of `TRIED`, twice,
and the value is kept that gives the highest MRR@10, the mean over the slices: sixty names count as much as
two hundred questions. They are printed, to be written into `search.ranking` by hand.

Confidence (``--confidence``): a ridge logistic regression by Newton's method over the facts of
`search.confidence`. An answerable question is a good example where the best case is the right one, and no
example where another came first. The cut stands where the two kinds of error are in the promised proportion.
Writes ``search/confidence.json``.
"""

import argparse
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
from search.metrics import quality
from search.ranking import Matches, candidates, full_match, make_query, search, spread, witness
from search.segment import Segment, in_memory
from search.sets import Task, development, large, read
from search.text import fold_key

TRIED: dict[str, tuple[float, ...]] = {
    "KNOWN": (0.15, 0.25, 0.35, 0.5),
    "LENGTH": (0.0, 0.1, 0.2, 0.3),
    "WORDS": (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0),
    "SPREAD": (1.5, 1.75, 2.0, 2.5),
    "REPLY": (6.0, 8.0, 10.0, 14.0, 18.0),
    "OTHER_SUBJECT": (0.7, 0.75, 0.8, 0.85, 0.9, 0.95),
}
"""The constants of `search.ranking` that are fitted; MEANING stays, for only the proportions count."""

TURNS = 2

MORE = 200
"""Questions that are asked of each further file."""

SHARES = (1 / 12, 1 / 6, 1 / 3, 2 / 3, 1.0)
"""Parts of the archive that the confidence is fitted on."""

RIDGE = 0.5
ROUNDS = 30

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
    for part, queries in task.kinds.items():
        for text, wanted in queries:
            query = make_query(text, encoder)
            found = candidates(segment, query, *full_match(segment, query))
            right = np.flatnonzero(found.rows == segment.columns.row_of(wanted))
            if len(right):
                yield Judged(
                    f"{task.name} {part}",
                    query.known,
                    min(1, query.length / ranking.SHORT),
                    bool(query.subjects),
                    found.matches,
                    segment.columns.length[found.rows].astype(np.float64),
                    segment.columns.about_other(found.rows, query.subjects),
                    int(right[0]),
                )


def fit_ranking(rows: Sequence[Judged]) -> dict[str, float]:
    """The constants of `search.ranking` that suit these best, of those tried; of equals, the ones in use."""
    best = {name: float(getattr(ranking, name)) for name in TRIED}
    reached = _mean_mrr(rows, best)
    print(f"MRR before: {reached:.4f}")
    for _ in range(TURNS):
        for name, values in TRIED.items():
            for value in values:
                tried = _mean_mrr(rows, best | {name: value})
                if tried > reached:
                    best, reached = best | {name: value}, tried
    print(f"MRR after: {reached:.4f}")
    return best


def _mean_mrr(rows: Sequence[Judged], constants: dict[str, float]) -> float:
    places: dict[str, list[int | None]] = {}
    for row in rows:
        strength = strength_by(row, constants)
        places.setdefault(row.part, []).append(1 + int((strength > strength[row.right]).sum()))
    return float(np.mean([quality(ranks).mrr_10 for ranks in places.values()]))


def strength_by(row: Judged, constants: dict[str, float]) -> Numbers:
    """As `search.ranking.score` has it, with these constants."""
    shorter = np.minimum(1, ranking.LONG / np.maximum(row.length, 1)) ** constants["LENGTH"]
    near = row.matches.cosine * row.known ** constants["KNOWN"] * shorter
    strength: Numbers = (
        ranking.MEANING * witness(near.astype(np.float32))
        + constants["WORDS"] * witness(spread(row.matches.words, constants["SPREAD"]))
        + constants["REPLY"] * row.spoken * witness(spread(row.matches.reply, constants["SPREAD"]))
    ) * np.where(row.other & row.named, constants["OTHER_SUBJECT"], 1)
    return strength


def fit_confidence(tasks: Sequence[Task], encoder: Encoder) -> None:
    """Fit, choose the cut, write both, and print what they give."""
    examples = [example for task in tasks for example in _examples(task, encoder)]
    rows = np.asarray([example.facts for example in examples])
    answerable = np.asarray([example.answerable for example in examples])
    # Where another case came first it may be as good, or not: nothing is learnt from it.
    clear = np.asarray([example.right or not example.answerable for example in examples])
    crowd = rows[:, FACTS.index("crowd")]
    weights = logistic(rows[clear], answerable[clear], crowd[clear])
    sure = _sure(rows, weights)
    whole = np.asarray([example.share == max(SHARES) for example in examples])
    cut = _cut(sure[whole & answerable], sure[whole & ~answerable])
    fitted = {"cut": round(cut, 3)} | {
        name: round(float(weight), 3) for name, weight in zip(FACTS, weights, strict=True)
    }
    FITTED.write_bytes(orjson.dumps(fitted, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    print(fitted)
    for name, share in sorted({(example.task, example.share) for example in examples}):
        these = np.asarray([(example.task, example.share) == (name, share) for example in examples])
        refused = (sure[these & answerable] < cut).mean()
        others = these & ~answerable
        answered = f", others answered {(sure[others] >= cut).mean():.1%}" if others.any() else ""
        print(f"{name}, {share:.0%}: answerable refused {refused:.1%}{answered}")


@dataclass(frozen=True)
class _Example:
    task: str
    share: float
    facts: tuple[float, ...]
    answerable: bool
    right: bool


def _queries(task: Task) -> Iterator[tuple[str, str]]:
    """(query, id of the right case or nothing). Replies as questions are a test of ranking, not a use."""
    for part, queries in task.kinds.items():
        if part != "reply":
            yield from queries
    yield from ((text, "") for text in task.unanswerable)


def _examples(task: Task, encoder: Encoder) -> Iterator[_Example]:
    """The archive is asked whole and in random parts, so that its size can be weighed: what is spurious comes
    nearer the more cases there are. Of a part, only those questions whose right case is in it."""
    cases = list(task.archive.values())
    order = np.random.default_rng(0).permutation(len(cases))
    for share in SHARES:
        part = [cases[place] for place in np.sort(order[: int(len(cases) * share)])]
        segment = in_memory(part, encoder.encode([case.question for case in part]))
        for text, wanted in _queries(task):
            row = segment.columns.row_of(wanted) if wanted else None
            found = search((segment,), make_query(text, encoder), 1, (frozenset[str](),))
            if found and bool(wanted) == (row is not None):
                question = segment.row(row).question if row is not None else ""
                right = row is not None and fold_key(found[0].case.question) == fold_key(question)
                yield _Example(task.name, share, facts(found[0].evidence), bool(wanted), right)


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


def _tasks(more: Sequence[Path]) -> tuple[Task, ...]:
    """The development rows, the large ones, and what the first have an answer to, asked among the cases
    of both: names, too, have to be found in a large archive."""
    small, wide = _with_more(development(), more), large()
    return small, wide, Task("both archives", small.archive | wide.archive, small.slices)


def main() -> None:
    """Fit the one or the other."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--encoder", help="path or name of a sentence-transformers model")
    parser.add_argument(
        "--more", type=Path, action="append", default=[], help="questions and replies, JSON lines of q and a"
    )
    parser.add_argument("--confidence", action="store_true", help="the confidence, not the ranking")
    options = parser.parse_args()
    tasks, encoder = _tasks(options.more), Encoder(options.encoder)
    if options.confidence:
        fit_confidence(tasks, encoder)
    else:
        rows: list[Judged] = []
        for task in tasks:
            cases = list(task.archive.values())
            segment = in_memory(cases, encoder.encode([case.question for case in cases]))
            rows += judged(task, segment, encoder)
        for name, value in fit_ranking(rows).items():
            print(f"{name} = {value}")


if __name__ == "__main__":
    main()
