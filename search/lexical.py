"""BM25 over token lists, kept as plain arrays so that a build can be mapped into memory.

Robertson & Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), with the idf that
stays positive: ln(1 + (N - df + 0.5) / (df + 0.5)).
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Lexical:
    """An inverted index. Postings of term t stand at ``offsets[t]:offsets[t + 1]``.

    terms: token -> its number; offsets: int64 [terms + 1]; documents: int32 [postings], ascending within a
    term; impacts: float32 [postings], each posting's whole BM25 contribution; count: documents; mean:
    tokens a document.
    """

    terms: dict[str, int]
    offsets: Longs
    documents: Ints
    impacts: Floats
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
        return cls._assemble(
            terms,
            np.asarray(numbers, np.int32),
            np.asarray(documents, np.int32),
            np.asarray(repeats, np.float32),
            np.asarray(lengths, np.float32),
            like,
        )

    @classmethod
    def _assemble(
        cls,
        terms: dict[str, int],
        numbers: Ints,
        documents: Ints,
        repeats: Floats,
        lengths: Floats,
        like: "Lexical | None",
    ) -> "Lexical":
        count = len(lengths)
        mean = like.mean if like else float(lengths.mean()) if count else 0.0
        order = np.argsort(numbers, kind="stable")
        numbers, documents, repeats = numbers[order], documents[order], repeats[order]
        frequency = np.bincount(numbers, minlength=len(terms))
        offsets = np.zeros(len(terms) + 1, np.int64)
        np.cumsum(frequency, out=offsets[1:])
        if like:
            weight = np.asarray([like.idf(token) for token in terms], np.float32)
        else:
            weight = np.log1p((count - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        spread = 1 - B + B * lengths / (mean or 1.0)
        impacts = weight[numbers] * repeats * (K1 + 1) / (repeats + K1 * spread[documents])
        return cls(terms, offsets, documents, impacts.astype(np.float32), count, mean)

    def idf(self, token: str) -> float:
        """The weight of a token; one that no document has weighs most."""
        term = self.terms.get(token)
        frequency = 0 if term is None else int(self.offsets[term + 1] - self.offsets[term])
        return float(np.log1p((self.count - frequency + 0.5) / (frequency + 0.5)))

    def scores(self, query: Iterable[str]) -> Floats:
        """BM25 of every document, float32 [count]. A token repeated in the query counts once."""
        total = np.zeros(self.count, np.float32)
        for token in dict.fromkeys(query):
            term = self.terms.get(token)
            if term is not None:
                begin, end = self.offsets[term], self.offsets[term + 1]
                # documents are unique within a term, so this is a plain scatter
                total[self.documents[begin:end]] += self.impacts[begin:end]
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
        return self.score(query, query)

    def save(self, folder: Path) -> list[str]:
        """Write into an existing folder; return the names of the files."""
        np.save(folder / "offsets.npy", self.offsets)
        np.save(folder / "documents.npy", self.documents)
        np.save(folder / "impacts.npy", self.impacts)
        head = {"count": self.count, "mean": self.mean, "terms": list(self.terms)}
        (folder / "terms.json").write_text(json.dumps(head, ensure_ascii=False), "utf-8")
        return ["offsets.npy", "documents.npy", "impacts.npy", "terms.json"]

    @classmethod
    def load(cls, folder: Path) -> "Lexical":
        """Map what `save` wrote; the arrays stay on disk until they are touched."""
        head = json.loads((folder / "terms.json").read_text("utf-8"))
        return cls(
            {token: number for number, token in enumerate(head["terms"])},
            np.load(folder / "offsets.npy", mmap_mode="r"),
            np.load(folder / "documents.npy", mmap_mode="r"),
            np.load(folder / "impacts.npy", mmap_mode="r"),
            head["count"],
            head["mean"],
        )
