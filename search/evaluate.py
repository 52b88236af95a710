"""Measure find similar: ``python -m search.evaluate``.

Prints how well what ships, its halves and the baselines find a known question asked in other words, how names
of pests and drugs fare, and how often what ships is silent when it should speak or speaks when it should be
silent. Without an option it takes both blind sets; ``--dev`` the development rows, the only ones that weights
and the threshold may be chosen on; ``--judged FILE`` what informants marked (``tianwen feedback export``).
"""

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from search import sets
from search.baselines import Ranker, bm25, dense, hybrid, tf_idf, words
from search.cases import Case
from search.confidence import CUT
from search.encoder import Encoder
from search.metrics import Quality, quality
from search.ranking import make_query, search
from search.segment import Segment, in_memory
from search.sets import Asked, Task
from search.text import fold_key, tokens

HEADS = ("R@1", "R@5", "R@10", "MRR", "nDCG")


def systems(segment: Segment, encoder: Encoder, cases: Sequence[Case]) -> dict[str, Ranker]:
    """What ships, its dense half, and the baselines. Those read question and reply, as what ships does."""
    ids = [case.id for case in cases]
    texts = [f"{case.question} {case.answer}" for case in cases]
    return {
        "hybrid (shipped)": hybrid(segment, encoder),
        "dense only": dense(segment, encoder, ids),
        "BM25 chars+bigrams": bm25(texts, ids, tokens),
        "BM25 jieba words": bm25(texts, ids, words),
        "TF-IDF chars+bigrams": tf_idf(texts, ids, tokens),
    }


def ranks(rank: Ranker, queries: Asked, same: dict[str, str]) -> list[int | None]:
    """Where each right question came; a question that differs only in punctuation is as good."""
    places: list[int | None] = []
    for text, wanted in queries:
        found = [same[case_id] for case_id in rank(text)]
        places.append(found.index(same[wanted]) + 1 if same[wanted] in found else None)
    return places


def line(name: str, part: str, measured: Quality) -> str:
    """One line of the table, in per cent."""
    values = (measured.recall_1, measured.recall_5, measured.recall_10, measured.mrr_10, measured.ndcg_10)
    return f"{name:<24}{part:<14}{measured.queries:>5}" + "".join(f"{value * 100:>8.1f}" for value in values)


def confidences(texts: Iterable[str], segment: Segment, encoder: Encoder) -> list[float]:
    """How sure the best case of each query is, 0 when nothing was found."""
    nothing = (frozenset[str](),)
    found = (search((segment,), make_query(text, encoder), 1, nothing) for text in texts)
    return [ranked[0].confidence if ranked else 0.0 for ranked in found]


def report(task: Task, encoder: Encoder) -> None:
    """Print the table of one task."""
    cases = list(task.archive.values())
    segment = in_memory(cases, encoder.encode([case.question for case in cases]))
    print(f"\n{task.name}: {len(cases)} questions in the archive, encoder {encoder.id}")
    print(f"{'':<24}{'slice':<14}{'n':>5}" + "".join(f"{head:>8}" for head in HEADS))
    same = {case.id: fold_key(case.question) for case in cases}
    for name, rank in systems(segment, encoder, cases).items():
        for part, queries in task.slices.items():
            if queries:
                print(line(name, part, quality(ranks(rank, queries, same))))
    _print_abstention(task, segment, encoder)


def _print_abstention(task: Task, segment: Segment, encoder: Encoder) -> None:
    """Silence as a class of its own: precision is the share of silences that were right, recall the share of
    questions without an answer that met with silence."""
    silent = answerable = 0
    for part, queries in task.slices.items():
        scores = confidences((text for text, _ in queries), segment, encoder)
        refused = sum(score < CUT for score in scores)
        print(f"abstention: {part} refused {refused} of {len(scores)} ({refused / max(1, len(scores)):.1%})")
        if part in task.kinds:
            silent, answerable = silent + refused, answerable + len(scores)
    scores = confidences(task.unanswerable, segment, encoder)
    right = sum(score < CUT for score in scores)
    spoke = len(scores) - right
    print(f"abstention: unanswerable answered {spoke} of {len(scores)} ({spoke / max(1, len(scores)):.1%})")
    print(
        f"abstention: of {answerable} answerable refused {silent / max(1, answerable):.1%}; "
        f"precision {right / max(1, right + silent):.1%}, recall {right / max(1, len(scores)):.1%}"
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--encoder", help="path or name of a sentence-transformers model")
    parser.add_argument("--alone", action="store_true", help="leave the further questions out of the archive")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--dev", action="store_true", help="the development rows instead of the blind sets")
    other.add_argument(
        "--judged", type=Path, help="what informants marked, as `tianwen feedback export` wrote it"
    )
    options = parser.parse_args()
    if options.judged:
        tasks = [sets.judged(options.judged)]
    elif options.dev:
        tasks = [sets.development(), sets.large()]
    else:
        tasks = [sets.first(options.alone), sets.second(options.alone)]
    encoder = Encoder(options.encoder)
    for task in tasks:
        report(task, encoder)


if __name__ == "__main__":
    main()
