"""A searchable set of cases: vectors, words and columns side by side. A build is one; the cases since then
another."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.bulk import Counter
from search.cases import Case
from search.columns import Columns, Flags, Table, about, fold_number
from search.concepts import concept_tokens, concepts
from search.dense import flat, load_faiss
from search.lexical import Lexical
from search.text import is_bigram, tokens

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]

FEW = 4096
"""A filter that leaves so few cases is searched one by one; lists would miss some."""

_threads = threading.local()


def question_terms(text: str) -> list[str]:
    """What the lexical index holds of a question, and asks for: characters, bigrams and the names in it."""
    return tokens(text) + concept_tokens(concepts(text))


def answer_terms(text: str) -> list[str]:
    """What it holds of a reply: bigrams and words, and each name once; single characters match everything."""
    return [token for token in tokens(text) if is_bigram(token)] + concept_tokens(
        dict.fromkeys(concepts(text))
    )


@dataclass(frozen=True)
class Segment:
    """`vectors` is a FAISS inner-product index; `row(n)` fetches case n; all parts have the same n rows."""

    vectors: Any
    questions: Lexical
    answers: Lexical
    columns: Columns
    row: Callable[[int], Case]

    @property
    def count(self) -> int:
        """How many cases."""
        return self.questions.count

    def nearest(self, vector: Floats, k: int, mask: Flags | None = None) -> Longs:
        """The rows nearest to a vector float32 [d], at most k, in no order, of those that `mask` allows."""
        if not self.count:
            return np.zeros(0, np.int64)
        faiss = load_faiss()
        if not getattr(_threads, "single", False):
            # More threads make a single query slower, not faster (measured); the setting is a thread's own.
            faiss.omp_set_num_threads(1)
            _threads.single = True
        chosen = None
        if mask is not None:
            allowed = np.flatnonzero(mask)
            if len(allowed) <= FEW:
                near = self.cosine(allowed, vector)
                return allowed if len(allowed) <= k else allowed[np.argpartition(near, -k)[-k:]]
            selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
            chosen = self._parameters(selector)
        _, rows = self.vectors.search(vector[None], min(k, self.count), params=chosen)
        kept: Longs = rows[0][rows[0] >= 0]
        return kept

    def _parameters(self, selector: Any) -> Any:
        faiss = load_faiss()
        if isinstance(self.vectors, faiss.IndexIVF):
            visited = min(4 * self.vectors.nprobe, self.vectors.nlist)
            return faiss.SearchParametersIVF(sel=selector, nprobe=visited)
        return faiss.SearchParameters(sel=selector)

    def cosine(self, rows: NDArray[np.integer], vector: Floats) -> Floats:
        """The exact cosine of these rows with a vector of length one, float32 [len(rows)]."""
        if not len(rows):
            return np.zeros(0, np.float32)
        found: Floats = self.vectors.reconstruct_batch(rows.astype(np.int64)) @ vector
        return found


class Collector:
    """Words and columns of cases that are added batch by batch."""

    def __init__(self) -> None:
        self._questions = Counter()
        self._answers = Counter(characters=False)
        self._table = Table()

    def add(self, cases: Sequence[Case]) -> None:
        """Analyse some more cases."""
        asked = [concepts(case.question) for case in cases]
        replied = [dict.fromkeys(concepts(case.answer)) for case in cases]
        self._questions.add([case.question for case in cases], [concept_tokens(found) for found in asked])
        self._answers.add([case.answer for case in cases], [concept_tokens(found) for found in replied])
        self._table.add(cases, asked)

    def questions(self, like: Lexical | None = None) -> Lexical:
        """The index of the questions' words."""
        return Lexical.assemble(self._questions.counts(), like)

    def answers(self, like: Lexical | None = None) -> Lexical:
        """The index of the replies' words."""
        return Lexical.assemble(self._answers.counts(), like)

    def columns(self) -> Columns:
        """The columns."""
        return self._table.columns()


def in_memory(cases: Sequence[Case], vectors: Floats, like: Segment | None = None) -> Segment:
    """A small segment; with `like` its lexical weights are those of the larger one."""
    collector = Collector()
    collector.add(cases)
    return Segment(
        flat(vectors),
        collector.questions(like.questions if like else None),
        collector.answers(like.answers if like else None),
        collector.columns(),
        cases.__getitem__,
    )


__all__ = [
    "Collector",
    "Columns",
    "Segment",
    "about",
    "answer_terms",
    "flat",
    "fold_number",
    "in_memory",
    "load_faiss",
    "question_terms",
]
