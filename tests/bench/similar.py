"""One query of find similar beside the bare FAISS call plus the lexical call within it; the large builds.

python -m tests.bench similar            the demo county
python -m tests.bench similar 100000     so many generated cases: build, recall, query, memory
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from statistics import median

import numpy as np
import orjson

from search.cases import Case
from search.encoder import Encoder
from search.finder import Finder
from search.index import Progress
from tests.bench.table import Measured

QUERIES = (
    "苞谷叶子发黄",
    "猪儿拉稀不吃食",
    "茶树嫩芽卷起来有小虫",
    "蜂子飞出去不回来",
    "洋芋叶子起黑斑",
    "打了阿维菌素还是有红蜘蛛怎么办",
    "谷子抽线以后白吊吊，一扯就脱，啥子虫",
    "微耕机打不燃火，拉起来冒黑烟",
)
ROUNDS = 26
MONTHS = 12


def measure() -> list[Measured]:
    """The demo county."""
    with tempfile.TemporaryDirectory() as folder:
        return asked(Path(folder), demo())


def large(count: int) -> list[Measured]:
    """So many generated cases, built here and asked by a process of its own, as a server has it."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        finder = Finder(Path(folder))
        manifest = finder.build(generated(count), _say)
        spent = time.perf_counter() - begun
        print(f"\n{count} cases: {manifest.kind}, recall {manifest.recall:.4f}", file=sys.stderr)
        program = "import sys; from tests.bench.similar import report; report(sys.argv[1])"
        answer = subprocess.run(
            [sys.executable, "-c", program, folder], check=True, capture_output=True, text=True
        )
        ours, bare, megabytes, lost = json.loads(answer.stdout.splitlines()[-1])
        print(f"of ten best, lost against scoring every case: {lost:.2%}", file=sys.stderr)
        named = f"{count} cases"
        return [
            Measured(f"full rebuild, {named}", spent, "s", "promise", 240.0),
            Measured(f"recall of {manifest.kind}, {named}", manifest.recall, "", "exact", 1.0),
            Measured(f"find similar, {named}, p50", ours, "ms", "encode + bare FAISS + lexical", bare),
            Measured(f"resident memory, {named}", megabytes, "MB", "promise at 100,000", 200.0),
        ]


def asked(folder: Path, cases: Sequence[Case]) -> list[Measured]:
    finder = Finder(folder)
    finder.load()
    finder.build(cases)
    ours, bare = times(finder)
    return [
        Measured(f"find similar, {len(cases)} cases, p50", ours, "ms", "encode + bare FAISS + lexical", bare)
    ]


def report(folder: str) -> None:
    """Ask in a fresh process; print times (ms), resident memory (MB) and the share of results lost."""
    finder = Finder(Path(folder))
    finder.load()
    for text in QUERIES * ROUNDS:
        finder.similar(text)
    memory = resident()
    ours, bare = times(finder)
    print(json.dumps([ours, bare, memory, lost(finder)]))


def times(finder: Finder) -> tuple[float, float]:
    """The median query, and the median of its indispensable calls (the vectors, the words of questions and
    those of replies), in ms, measured in turns."""
    from search.ranking import CANDIDATES
    from search.segment import answer_terms, question_terms
    from search.words import gather

    segment, encoder = finder.trial(finder.builds.versions()[-1]).segments[0], Encoder()

    def bare(text: str) -> object:
        near = segment.vectors.nearest(encoder.encode([text])[0], CANDIDATES)
        parts = ((segment.questions, question_terms(text)), (segment.answers, answer_terms(text)))
        words = [gather(part.postings(terms), segment.count, CANDIDATES) for part, terms in parts]
        return near, words

    return milliseconds(lambda text: finder.similar(text, 10), bare)


def milliseconds(*asks: Callable[[str], object]) -> tuple[float, ...]:
    """The median time of a query by each of these ways, after a warm-up."""
    spent: tuple[list[float], ...] = tuple([] for _ in asks)
    for turn in range(ROUNDS + 1):
        for text in QUERIES:
            # Whoever asks second finds the words of the question in the processor's cache.
            for times, ask in list(zip(spent, asks, strict=True))[:: 1 if turn % 2 else -1]:
                begun = time.perf_counter()
                ask(text)
                if turn:
                    times.append(time.perf_counter() - begun)
    return tuple(median(times) * 1000 for times in spent)


def lost(finder: Finder) -> float:
    """The share of the ten best by scoring every single case that a query does not find."""
    from search import ranking
    from search.segment import Segment

    asker = finder.trial(finder.builds.versions()[-1])
    segment: Segment = asker.segments[0]
    missing = total = 0
    for text in QUERIES:
        query = ranking.make_query(text, asker.encoder)
        best, best_reply = ranking.full_match(segment, query)
        rows = np.arange(segment.count)
        cosine = np.concatenate(
            [
                segment.vectors.cosine(rows[begin : begin + 10_000], query.vector)
                for begin in range(0, segment.count, 10_000)
            ]
        )
        matches = ranking.Matches(
            cosine,
            segment.questions.scores(query.terms) / np.float32(best),
            segment.answers.scores(query.answer_terms) / np.float32(best_reply),
        )
        strength = ranking.score(segment, query, rows, matches).strength
        tenth = np.partition(strength, -10)[-10]
        found = ranking.candidates(segment, query, best, best_reply)
        missing += 10 - min(10, int((found.scored.strength >= tenth - 1e-4).sum()))
        total += 10
    return missing / total


def resident() -> float:
    """Resident memory of this process, MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def demo() -> list[Case]:
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


def generated(count: int) -> Iterator[Case]:
    """Cases drawn from the training grammar: three questions a pair, replies of two sentences."""
    from search.grammar import pairs

    number = 0
    for pair in pairs(count // 3 + 1, seed=2):
        texts = (pair.one, pair.other, pair.miss)
        for place, text in enumerate(texts):
            if number == count:
                return
            number += 1
            reply = f"{texts[(place + 1) % 3]}。{texts[(place + 2) % 3]}"
            yield Case(
                f"g{number}", text, reply, "", "", f"5107261{number % 20:02d}000",
                f"2026-{number % MONTHS + 1:02d}-01",
            )  # fmt: skip


def _say(progress: Progress) -> None:
    print(f"\r{progress.stage} {progress.done} of {progress.total}   ", end="", file=sys.stderr, flush=True)
