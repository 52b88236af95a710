"""Measure find similar: ``python -m search.evaluate``.

Prints how well the shipped hybrid and its baselines find a known question asked in other words, how names
of pests and drugs fare, and how often the hybrid is silent when it should speak or speaks when it should
be silent. The default sets are the blind ones of ``tests/search/sets``; ``--dev`` takes
``search/dev.jsonl``, the only set that weights and the threshold may be chosen on.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson

from search.cases import Case
from search.confidence import CUT
from search.encoder import Encoder
from search.lexical import Lexical
from search.metrics import Quality, quality
from search.ranking import make_query, search
from search.segment import Segment, in_memory
from search.text import fold_key, tokens

ROOT = Path(__file__).parent.parent
SETS = ROOT / "tests" / "search" / "sets"
DEPTH = 10
PARTS = ("near", "dialect", "far")

Ranker = Callable[[str], list[str]]


@dataclass(frozen=True)
class Task:
    """`archive`: id and question; `slices`: name -> (query, id of the right question); `unanswerable`:
    queries."""

    archive: dict[str, str]
    slices: dict[str, list[tuple[str, str]]]
    unanswerable: list[str]


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file of JSON lines; none when there is no such file."""
    if not path.exists():
        return []
    return [orjson.loads(row) for row in path.read_bytes().splitlines() if row.strip()]


def blind_task(alone: bool = False) -> Task:
    """The sets of ``tests/search/sets``, alone or among the questions of the demo history.

    The history asks some of the same needs, so that its answers to a query may be right and still count as
    wrong here; alone, the labels are clean.
    """
    needs, names = read(SETS / "needs.jsonl"), read(SETS / "names.jsonl")
    archive = {row["id"]: row["question"] for row in (*needs, *names)}
    for path in () if alone else sorted((ROOT / "server" / "demo").glob("history_*.jsonl")):
        for number, row in enumerate(read(path)):
            archive[f"{path.stem}/{number}"] = row["question"]
    slices = {
        "near": [(row["near"], row["id"]) for row in needs],
        "dialect": [(row["dialect"], row["id"]) for row in needs],
        "names": [(row["query"], row["id"]) for row in names],
    }
    return Task(archive, slices, [row["query"] for row in read(SETS / "unanswerable.jsonl")])


def dev_task(distractors: int) -> Task:
    """The development set among generated questions."""
    from search.grammar import pairs

    rows = read(ROOT / "search" / "dev.jsonl")
    asked = [row for row in rows if "question" in row]
    archive = {row["id"]: row["question"] for row in asked}
    archive |= {f"g{n}": pair.one for n, pair in enumerate(pairs(distractors, seed=1))}
    slices = {part: [(row[part], row["id"]) for row in asked if part in row] for part in PARTS}
    return Task(archive, slices, [row["query"] for row in rows if "query" in row])


def hybrid(segment: Segment, encoder: Encoder) -> Ranker:
    """What ships, without abstention."""
    nothing = (frozenset[str](),)
    return lambda text: [
        found.case.id for found in search((segment,), make_query(text, encoder), DEPTH, nothing)
    ]


def dense(segment: Segment, encoder: Encoder, ids: Sequence[str]) -> Ranker:
    """The encoder alone."""

    def rank(text: str) -> list[str]:
        _, rows = segment.vectors.index.search(encoder.encode([text]), DEPTH)
        return [ids[row] for row in rows[0]]

    return rank


def bm25(questions: Iterable[str], ids: Sequence[str], split: Callable[[str], list[str]]) -> Ranker:
    """BM25 alone, over tokens of the given kind."""
    lexical = Lexical.build(split(question) for question in questions)

    def rank(text: str) -> list[str]:
        scores = lexical.scores(split(text))
        best = np.argsort(-scores, kind="stable")[:DEPTH]
        return [ids[row] for row in best if scores[row] > 0]

    return rank


def words(text: str) -> list[str]:
    """jieba's words."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    return [word for word in jieba.cut_for_search(text) if fold_key(word)]


def ranks(rank: Ranker, queries: Sequence[tuple[str, str]], same: dict[str, str]) -> list[int | None]:
    """Where each right question came; a question that differs only in punctuation is as good."""
    places: list[int | None] = []
    for text, wanted in queries:
        found = [same[case_id] for case_id in rank(text)]
        places.append(found.index(same[wanted]) + 1 if same[wanted] in found else None)
    return places


def line(name: str, part: str, measured: Quality) -> str:
    """One line of the table, in per cent."""
    values = (measured.recall_1, measured.recall_5, measured.recall_10, measured.mrr_10, measured.ndcg_10)
    return f"{name:<24}{part:<10}{measured.queries:>5}" + "".join(f"{value * 100:>8.1f}" for value in values)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--encoder", help="path or name of a sentence-transformers model")
    parser.add_argument("--dev", action="store_true", help="the development set instead of the blind sets")
    parser.add_argument("--alone", action="store_true", help="leave the demo history out of the archive")
    options = parser.parse_args()
    task = dev_task(2000) if options.dev else blind_task(options.alone)
    encoder = Encoder(options.encoder)
    cases = [Case(case_id, question) for case_id, question in task.archive.items()]
    segment = in_memory(cases, encoder.encode([case.question for case in cases]))
    ids, questions = list(task.archive), list(task.archive.values())
    systems: dict[str, Ranker] = {
        "hybrid (shipped)": hybrid(segment, encoder),
        "dense only": dense(segment, encoder, ids),
        "BM25 chars+bigrams": bm25(questions, ids, tokens),
        "BM25 jieba words": bm25(questions, ids, words),
    }
    same = {case_id: fold_key(question) for case_id, question in task.archive.items()}
    print(f"{len(cases)} questions in the archive, encoder {encoder.id}")
    heads = ("R@1", "R@5", "R@10", "MRR", "nDCG")
    print(f"{'':<24}{'slice':<10}{'n':>5}" + "".join(f"{head:>8}" for head in heads))
    for name, rank in systems.items():
        for part, queries in task.slices.items():
            print(line(name, part, quality(ranks(rank, queries, same))))
    _print_abstention(task, segment, encoder)


def confidences(texts: Iterable[str], segment: Segment, encoder: Encoder) -> list[float]:
    """How sure the best case of each query is, 0 when nothing was found."""
    nothing = (frozenset[str](),)
    found = (search((segment,), make_query(text, encoder), 1, nothing) for text in texts)
    return [ranked[0].confidence if ranked else 0.0 for ranked in found]


def _print_abstention(task: Task, segment: Segment, encoder: Encoder) -> None:
    for part, queries in task.slices.items():
        scores = confidences((text for text, _ in queries), segment, encoder)
        refused = sum(score < CUT for score in scores)
        print(f"abstention: {part} refused {refused} of {len(scores)} ({refused / max(1, len(scores)):.1%})")
    scores = confidences(task.unanswerable, segment, encoder)
    spoke = sum(score >= CUT for score in scores)
    print(f"abstention: unanswerable answered {spoke} of {len(scores)} ({spoke / max(1, len(scores)):.1%})")


if __name__ == "__main__":
    main()
