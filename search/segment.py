"""A searchable set of cases: vectors, words and columns side by side. A build is one; the cases since then
another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.bulk import Counter
from search.cases import Case
from search.columns import Columns, Table
from search.concepts import concept_tokens, concepts
from search.dense import Vectors, flat
from search.lexical import Lexical
from search.text import is_bigram, tokens

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


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
    """`row(n)` fetches case n; all parts have the same n rows."""

    vectors: Vectors
    questions: Lexical
    answers: Lexical
    columns: Columns
    row: Callable[[int], Case]

    @property
    def count(self) -> int:
        """How many cases."""
        return self.questions.count


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
    "answer_terms",
    "flat",
    "in_memory",
    "question_terms",
]
