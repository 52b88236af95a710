"""BM25 over token lists, kept as plain arrays so that a build can be mapped into memory.

Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the idf that
stays positive: ln(1 + (N - df + 0.5) / (df + 0.5)).
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log1p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75

STEP = (K1 + 1) / 65535
"""What one unit of a stored impact is worth: a term's share of its idf is between 0 and K1 + 1."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Postings:
    """One term's documents, int32 ascending, their impacts, uint16, and what one unit of those is worth."""

    documents: Ints
    impacts: Shorts
    worth: float


@dataclass(frozen=True)
class Counts:
    """How often each term stands in each document, in no order; `lengths` has all documents.

    numbers, documents: int32 [postings]; repeats: float32 [postings]; lengths: float32 [documents], tokens.
    """

    terms: dict[str, int]
    numbers: Ints
    documents: Ints
    repeats: Floats
    lengths: Floats


@dataclass(frozen=True)
class Lexical:
    """An inverted index. Postings of term t stand at ``offsets[t]:offsets[t + 1]``.

    terms: token -> its number; offsets: int64 [terms + 1]; documents: int32 [postings], ascending within a
    term; impacts: uint16 [postings], the term's share of its weight, in steps of STEP; weights: float32
    [terms], idf; count: documents; mean: tokens a document
    that is not empty.
    """

    terms: dict[str, int]
    offsets: Longs
    documents: Ints
    impacts: Shorts
    weights: Floats
    count: int
    mean: float

    @classmethod
    def build(cls, texts: Iterable[Sequence[str]], like: "Lexical | None" = None) -> "Lexical":
        """Index token lists; document n is the n-th list.

        With `like` the weights are those of that (larger) index, so that scores of both can be compared.
        """
        terms: dict[str, int] = {}
        numbers: list[int] = []
        documents: list[int] = []
        repeats: list[int] = []
        lengths: list[int] = []
        for document, text in enumerate(texts):
            lengths.append(len(text))
            for token, repeat in Counter(text).items():
                numbers.append(terms.setdefault(token, len(terms)))
                documents.append(document)
                repeats.append(repeat)
        counts = Counts(
            terms,
            np.asarray(numbers, np.int32),
            np.asarray(documents, np.int32),
            np.asarray(repeats, np.float32),
            np.asarray(lengths, np.float32),
        )
        return cls.assemble(counts, like)

    @classmethod
    def assemble(cls, counts: Counts, like: "Lexical | None" = None) -> "Lexical":
        """Weigh and sort what was counted."""
        count = len(counts.lengths)
        mean = like.mean if like else _mean(counts.lengths)
        frequency = np.bincount(counts.numbers, minlength=len(counts.terms))
        offsets = np.zeros(len(counts.terms) + 1, np.int64)
        np.cumsum(frequency, out=offsets[1:])
        if like:
            weights = np.asarray([like.idf(token) for token in counts.terms], np.float32)
        else:
            weights = np.log1p((count - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        order = np.argsort((counts.numbers.astype(np.int64) << 32) | counts.documents)
        documents, repeats = counts.documents[order], counts.repeats[order]
        spread = (1 - B + B * counts.lengths / (mean or 1.0)).astype(np.float32)
        shares = repeats * (K1 + 1) / (repeats + K1 * spread[documents])
        impacts = np.rint(shares / STEP).astype(np.uint16)
        return cls(counts.terms, offsets, documents, impacts, weights, count, mean)

    def idf(self, token: str) -> float:
        """The weight of a token; one that no document has weighs most."""
        term = self.terms.get(token)
        return self._most if term is None else self.weights.item(term)

    @cached_property
    def _most(self) -> float:
        return log1p((self.count + 0.5) / 0.5)

    def postings(self, query: Iterable[str], weight: float = 1.0) -> list[Postings]:
        """The postings of each of the query's tokens that stand in some document, their BM25 multiplied by
        `weight`; a repeated token counts once."""
        found = []
        for token in dict.fromkeys(query):
            term = self.terms.get(token)
            if term is not None:
                place = slice(self.offsets.item(term), self.offsets.item(term + 1))
                worth = self.weights.item(term) * STEP * weight
                found.append(Postings(self.documents[place], self.impacts[place], worth))
        return found

    def holds(self, token: str, document: int) -> bool:
        """Whether a document has a token."""
        term = self.terms.get(token)
        if term is None:
            return False
        begin, end = int(self.offsets[term]), int(self.offsets[term + 1])
        place = begin + int(np.searchsorted(self.documents[begin:end], document))
        return place < end and int(self.documents[place]) == document

    def rarity(self, token: str) -> float:
        """The weight of a token as a share of what one weighs that no document has, 0 to 1."""
        return self.idf(token) / self._most

    def scores(self, query: Iterable[str]) -> Floats:
        """BM25 of every document, float32 [count]."""
        total = np.zeros(self.count, np.float32)
        for term in self.postings(query):
            # documents are unique within a term, so this is a plain scatter
            total[term.documents] += term.impacts * np.float32(term.worth)
        return total

    def score(self, query: Iterable[str], document: Sequence[str]) -> float:
        """BM25 of a document outside the index, with the index's own statistics."""
        repeats = Counter(document)
        spread = 1 - B + B * len(document) / (self.mean or len(document) or 1.0)
        return sum(
            self.idf(token) * repeats[token] * (K1 + 1) / (repeats[token] + K1 * spread)
            for token in dict.fromkeys(query)
            if token in repeats
        )

    def best_possible(self, query: Sequence[str]) -> float:
        """What a document that repeats the query word by word would score: the measure of a full match."""
        spread = K1 * (1 - B + B * len(query) / (self.mean or len(query) or 1.0))
        repeats: dict[str, int] = {}  # for so few a Counter takes longer to make than to fill
        for token in query:
            repeats[token] = repeats.get(token, 0) + 1
        total = 0.0
        for token, repeat in repeats.items():
            total += self.idf(token) * repeat / (repeat + spread)
        return total * (K1 + 1)

    def save(self, folder: Path) -> list[str]:
        """Write into an existing folder; return the names of the files."""
        arrays: dict[str, NDArray[Any]] = {
            "offsets": self.offsets,
            "documents": self.documents,
            "impacts": self.impacts,
            "weights": self.weights,
        }
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        head = {"count": self.count, "mean": self.mean, "terms": list(self.terms)}
        (folder / "terms.json").write_text(json.dumps(head, ensure_ascii=False), "utf-8")
        return [*(f"{name}.npy" for name in arrays), "terms.json"]

    @classmethod
    def load(cls, folder: Path) -> "Lexical":
        """Map what `save` wrote; the postings stay on disk until they are touched."""
        head = json.loads((folder / "terms.json").read_text("utf-8"))
        # Plain views of the map: slicing a `memmap` costs ten times as much.
        offsets, documents, impacts, weights = (
            np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
            for name in ("offsets", "documents", "impacts", "weights")
        )
        terms = {token: number for number, token in enumerate(head["terms"])}
        return cls(terms, offsets, documents, impacts, weights, head["count"], head["mean"])


def _mean(lengths: Floats) -> float:
    """Tokens a document, the empty ones aside: where few cases have a reply, each would count as long."""
    filled = lengths[lengths > 0]
    return float(filled.mean()) if len(filled) else 0.0
