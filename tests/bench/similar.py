"""One query of find similar over the demo county, beside the bare encoder + FAISS call within it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from statistics import median

import orjson

from search.cases import Case
from search.encoder import Encoder
from search.finder import Finder
from tests.bench.table import Measured

QUERIES = (
    "苞谷叶子发黄",
    "猪儿拉稀不吃食",
    "茶树嫩芽卷起来有小虫",
    "蜂子飞出去不回来",
    "洋芋叶子起黑斑",
) * 40


def cases() -> list[Case]:
    rows = []
    for name in ("history_crops.jsonl", "history_animals.jsonl"):
        text = files("server.demo").joinpath(name).read_bytes()
        rows += [orjson.loads(line) for line in text.splitlines() if line]
    return [
        Case(
            id=str(number), question=row["question"], answer=row["answer"], industry=row["industry"],
            crop=row["crop"], region=row["region"], date=row["date"],
        )
        for number, row in enumerate(rows)
    ]  # fmt: skip


def measure() -> list[Measured]:
    import faiss

    with tempfile.TemporaryDirectory() as folder:
        finder = Finder(Path(folder))
        finder.load()
        finder.build(cases())
        encoder = Encoder()
        vectors = encoder.encode([case.question for case in cases()])
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        ours = milliseconds(lambda text: finder.similar(text, 10))
        bare = milliseconds(lambda text: index.search(encoder.encode([text]), 10))
        return [Measured(f"find similar, {len(cases())} cases, p50", ours, "ms", "bare encode + FAISS", bare)]


def milliseconds(ask: Callable[[str], object]) -> float:
    """The median time of a query, after a warm-up."""
    for text in QUERIES[:20]:
        ask(text)
    spent = []
    for text in QUERIES:
        begun = time.perf_counter()
        ask(text)
        spent.append(time.perf_counter() - begun)
    return median(spent) * 1000
