"""A searchable set of cases: vectors, words and columns side by side. A build is one; the cases since then
another."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.cases import Case
from search.concepts import concept_tokens, concepts, standard_crop, subjects
from search.lexical import Lexical
from search.text import fold_key, is_bigram, tokens

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]


def question_terms(text: str) -> list[str]:
    """What the lexical index holds of a question, and asks for: characters, bigrams and the names in it."""
    return tokens(text) + concept_tokens(concepts(text))


def answer_terms(text: str) -> list[str]:
    """What it holds of a reply: bigrams and words, and each name once; single characters match everything."""
    return [token for token in tokens(text) if is_bigram(token)] + concept_tokens(
        dict.fromkeys(concepts(text))
    )


def about(case: Case) -> frozenset[str]:
    """The crops and animals that a case is about, by its question and its crop."""
    return subjects(concepts(case.question)) | subjects(concepts(case.crop))


@dataclass(frozen=True)
class Columns:
    """What filtering and folding need of every row, n rows.

    industry, crop: int32 [n], numbers in `industries` and `crops`; fold: int64 [n], equal for equal
    questions; subject: uint8 [n, ceil(len(subjects) / 8)], one bit for each crop or animal named in the
    question.
    """

    industries: dict[str, int]
    crops: dict[str, int]
    subjects: dict[str, int]
    industry: Ints
    crop: Ints
    fold: Longs
    subject: Bytes

    @classmethod
    def build(cls, cases: Iterable[Case]) -> "Columns":
        """Read the columns off the cases."""
        industries: dict[str, int] = {}
        crops: dict[str, int] = {}
        known: dict[str, int] = {}
        industry, crop, fold, named = [], [], [], []
        for case in cases:
            industry.append(industries.setdefault(case.industry.strip(), len(industries)))
            crop.append(crops.setdefault(standard_crop(case.crop), len(crops)))
            fold.append(fold_number(case.question))
            named.append([known.setdefault(name, len(known)) for name in about(case)])
        bits = np.zeros((len(named), len(known)), np.bool_)
        for row, numbers in enumerate(named):
            bits[row, numbers] = True
        return cls(
            industries,
            crops,
            known,
            np.asarray(industry, np.int32),
            np.asarray(crop, np.int32),
            np.asarray(fold, np.int64),
            np.packbits(bits, axis=1, bitorder="little"),
        )

    def mask(self, industry: str | None, crop: str | None) -> Flags | None:
        """Rows of this industry and crop, bool [n]; None when neither is asked for."""
        asked: list[Flags] = []
        if industry:
            asked.append(np.equal(self.industry, self.industries.get(industry.strip(), -1)))
        if crop:
            asked.append(np.equal(self.crop, self.crops.get(standard_crop(crop), -1)))
        return np.logical_and.reduce(asked) if asked else None

    def about_other(self, rows: Longs, names: frozenset[str]) -> Flags:
        """Which of the rows name crops or animals, and none of these."""
        named = self.subject[rows]
        wanted = np.zeros(len(self.subjects), np.bool_)
        wanted[[self.subjects[name] for name in names if name in self.subjects]] = True
        shared = (named & np.packbits(wanted, bitorder="little")).any(axis=1)
        return np.logical_and(named.any(axis=1), np.logical_not(shared))


def fold_number(question: str) -> int:
    """A 63-bit number that is equal for questions differing only in case, width and punctuation."""
    digest = hashlib.blake2b(fold_key(question).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


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


def load_faiss() -> Any:
    """The library, imported late (its own type hints know nothing of its Python conveniences)."""
    import faiss

    return faiss


def flat(vectors: Floats) -> Any:
    """An exact FAISS inner-product index over float32 [n, d]."""
    faiss = load_faiss()
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return index


def in_memory(cases: Sequence[Case], vectors: Floats, like: Segment | None = None) -> Segment:
    """A small segment; with `like` its lexical weights are those of the larger one."""
    return Segment(
        flat(vectors),
        Lexical.build((question_terms(case.question) for case in cases), like.questions if like else None),
        Lexical.build((answer_terms(case.answer) for case in cases), like.answers if like else None),
        Columns.build(cases),
        cases.__getitem__,
    )
