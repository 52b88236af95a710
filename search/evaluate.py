"""Measure find similar: ``python -m search.evaluate``.

Prints how well the shipped hybrid and its baselines find a known question asked in other words, how names
of pests and drugs fare, and how often the hybrid is silent when it should speak or speaks when it should
be silent. The default sets are the blind ones of ``tests/search/sets``; ``--dev`` takes
``search/dev.jsonl``, the only set that weights and the threshold may be chosen on.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log, sqrt
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
PARTS = ("near", "dialect", "far", "typo")

Ranker = Callable[[str], list[str]]


@dataclass(frozen=True)
class Task:
    """`archive`: id -> case; `slices`: name -> (query, id of the right case); `unanswerable`: queries."""

    archive: dict[str, Case]
    slices: dict[str, list[tuple[str, str]]]
    unanswerable: list[str]


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a file of JSON lines; none when there is no such file."""
    if not path.exists():
        return []
    return [orjson.loads(row) for row in path.read_bytes().splitlines() if row.strip()]


def blind_task(alone: bool = False) -> Task:
    """The sets of ``tests/search/sets``: their own questions, among the further ones of ``archive.jsonl``
    unless `alone`."""
    needs, names, replies = (read(SETS / f"{name}.jsonl") for name in ("needs", "names", "answers"))
    more = [] if alone else read(SETS / "archive.jsonl")
    archive = {
        row["id"]: Case(
            row["id"], row["question"], row.get("answer", ""), row.get("industry", ""), row.get("crop", "")
        )
        for row in (*needs, *names, *replies, *more)
    }
    slices = {
        "near": [(row["near"], row["id"]) for row in needs],
        "dialect": [(row["dialect"], row["id"]) for row in needs],
        "typos": [(row["query"], row["question_id"]) for row in read(SETS / "typos.jsonl")],
        "names": [(row["query"], row["id"]) for row in names],
        "answer": [(row["query"], row["id"]) for row in replies],
    }
    for industry in dict.fromkeys(row["industry"] for row in needs):
        slices[industry] = [
            (row[part], row["id"])
            for row in needs
            if row["industry"] == industry
            for part in ("near", "dialect")
        ]
    return Task(archive, slices, [row["query"] for row in read(SETS / "unanswerable.jsonl")])


def dev_task(distractors: int, held_out: bool = False) -> Task:
    """The development set among generated questions; `held_out`: only the rows that no lexicon has seen."""
    from search.grammar import pairs

    rows = [row for row in read(ROOT / "search" / "dev.jsonl") if not (held_out and row["id"][0] == "d")]
    asked = [row for row in rows if "question" in row]
    archive = {row["id"]: Case(row["id"], row["question"]) for row in asked}
    archive |= {f"g{n}": Case(f"g{n}", pair.one) for n, pair in enumerate(pairs(distractors, seed=1))}
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


def tf_idf(questions: Sequence[str], ids: Sequence[str], split: Callable[[str], list[str]]) -> Ranker:
    """Cosine of TF-IDF vectors, over tokens of the given kind."""
    lists = [split(question) for question in questions]
    frequency = Counter(token for text in lists for token in set(text))
    weights = {token: log((1 + len(lists)) / (1 + count)) + 1 for token, count in frequency.items()}
    holders: dict[str, list[tuple[int, float]]] = {}
    for row, text in enumerate(lists):
        values = {token: count * weights[token] for token, count in Counter(text).items()}
        length = sqrt(sum(value * value for value in values.values())) or 1.0
        for token, value in values.items():
            holders.setdefault(token, []).append((row, value / length))

    def rank(text: str) -> list[str]:
        scores = np.zeros(len(lists), np.float32)
        for token, count in Counter(split(text)).items():
            for row, value in holders.get(token, ()):
                scores[row] += value * count * weights[token]
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


def systems(segment: Segment, encoder: Encoder, cases: Sequence[Case]) -> dict[str, Ranker]:
    """What ships, its halves, and the baselines. Those read question and reply, as what ships does."""
    ids = [case.id for case in cases]
    texts = [f"{case.question} {case.answer}" for case in cases]
    return {
        "hybrid (shipped)": hybrid(segment, encoder),
        "dense only": dense(segment, encoder, ids),
        "BM25 chars+bigrams": bm25(texts, ids, tokens),
        "BM25 jieba words": bm25(texts, ids, words),
        "TF-IDF chars+bigrams": tf_idf(texts, ids, tokens),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--encoder", help="path or name of a sentence-transformers model")
    parser.add_argument("--dev", action="store_true", help="the development set instead of the blind sets")
    parser.add_argument("--held-out", action="store_true", help="only its rows that no lexicon has seen")
    parser.add_argument("--alone", action="store_true", help="leave the further questions out of the archive")
    parser.add_argument(
        "--calibrate", action="store_true", help="fit the confidence anew, on --dev --held-out"
    )
    options = parser.parse_args()
    if options.calibrate or options.dev or options.held_out:
        task = dev_task(2000, options.held_out or options.calibrate)
    else:
        task = blind_task(options.alone)
    encoder = Encoder(options.encoder)
    cases = list(task.archive.values())
    segment = in_memory(cases, encoder.encode([case.question for case in cases]))
    print(f"{len(cases)} questions in the archive, encoder {encoder.id}")
    if options.calibrate:
        from search.calibrate import calibrate

        calibrate(
            segment, encoder, [text for part in task.slices.values() for text in part], task.unanswerable
        )
        return
    heads = ("R@1", "R@5", "R@10", "MRR", "nDCG")
    print(f"{'':<24}{'slice':<10}{'n':>5}" + "".join(f"{head:>8}" for head in heads))
    same = {case.id: fold_key(case.question) for case in cases}
    for name, rank in systems(segment, encoder, cases).items():
        for part, queries in task.slices.items():
            if queries:
                print(line(name, part, quality(ranks(rank, queries, same))))
    _print_abstention(task, segment, encoder)


def confidences(texts: Iterable[str], segment: Segment, encoder: Encoder) -> list[float]:
    """How sure the best case of each query is, 0 when nothing was found."""
    nothing = (frozenset[str](),)
    found = (search((segment,), make_query(text, encoder), 1, nothing) for text in texts)
    return [ranked[0].confidence if ranked else 0.0 for ranked in found]


def _print_abstention(task: Task, segment: Segment, encoder: Encoder) -> None:
    """Silence as a class of its own: precision is the share of silences that were right, recall the share of
    questions without an answer that met with silence."""
    silent = answerable = 0
    for part, queries in task.slices.items():
        scores = confidences((text for text, _ in queries), segment, encoder)
        refused = sum(score < CUT for score in scores)
        print(f"abstention: {part} refused {refused} of {len(scores)} ({refused / max(1, len(scores)):.1%})")
        if part.isascii():  # the slices by industry repeat these
            silent, answerable = silent + refused, answerable + len(scores)
    scores = confidences(task.unanswerable, segment, encoder)
    right = sum(score < CUT for score in scores)
    spoke = len(scores) - right
    print(f"abstention: unanswerable answered {spoke} of {len(scores)} ({spoke / max(1, len(scores)):.1%})")
    print(
        f"abstention: of {answerable} answerable refused {silent / max(1, answerable):.1%}; "
        f"precision {right / max(1, right + silent):.1%}, recall {right / max(1, len(scores)):.1%}"
    )


if __name__ == "__main__":
    main()
