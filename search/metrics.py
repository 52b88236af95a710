"""Measures of a ranking, for one relevant case a query."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2


@dataclass(frozen=True)
class Quality:
    """Means over queries, each 0 to 1."""

    queries: int
    recall_1: float
    recall_5: float
    recall_10: float
    mrr_10: float
    ndcg_10: float


def quality(ranks: Sequence[int | None]) -> Quality:
    """From the rank of the relevant case in each query, 1 for the first, None when it was not found."""
    count = len(ranks)
    found = [rank for rank in ranks if rank is not None]

    def share(worth: float) -> float:
        return worth / count if count else 0.0

    return Quality(
        count,
        share(sum(rank <= 1 for rank in found)),
        share(sum(rank <= 5 for rank in found)),
        share(sum(rank <= 10 for rank in found)),
        share(sum(1 / rank for rank in found if rank <= 10)),
        share(sum(1 / log2(rank + 1) for rank in found if rank <= 10)),
    )
