"""The shipped kind of model, served with NumPy alone.

A `sentence_transformers` StaticEmbedding is a table: a text's vector is the mean of its tokens' rows.
Reading the table directly starts in a tenth of a second and needs neither torch nor 500 MB; the numbers
equal the library's own.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.errors import EncoderMissing
from search.text import is_bigram, tokens

Floats = NDArray[np.float32]

MARKER = "tianwen.json"
"""A file with this name in a model folder says that its tokens are those of `search.text`."""

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class Known:
    """How much of a text a model knows: the share, 0 to 1, of its bigrams and words, and those that it does
    not know, each once, in order."""

    share: float
    strange: tuple[str, ...]


def is_static(folder: Path) -> bool:
    """Whether the folder holds a model that `Static.load` can serve."""
    return (folder / MARKER).is_file()


class Static:
    """A table of token vectors."""

    def __init__(self, name: str, vocabulary: dict[str, int], table: Floats) -> None:
        self.vocabulary = vocabulary
        self.table = table
        digest = hashlib.sha256(np.ascontiguousarray(table).tobytes())
        digest.update("\n".join(vocabulary).encode())
        self.id = f"{name}:{digest.hexdigest()[:16]}"
        self.dimension: int = table.shape[1]

    @classmethod
    def load(cls, folder: Path) -> "Static":
        """Read a model folder. Raises EncoderMissing when a file is missing or damaged."""
        from safetensors.numpy import load_file

        try:
            marker = json.loads((folder / MARKER).read_text("utf-8"))
            vocabulary = json.loads((folder / TOKENIZER).read_text("utf-8"))["model"]["vocab"]
            table = load_file(folder / WEIGHTS)["embedding.weight"].astype(np.float32)
        except Exception as error:
            raise EncoderMissing(f"{folder} is not a readable encoder: {error}") from error
        unknown = vocabulary.pop("[UNK]", None)
        if unknown is not None and table[unknown].any():
            raise EncoderMissing(f"{folder}: unknown tokens must have a zero vector")
        return cls(marker["name"], vocabulary, table)

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32 [n, d], each row of length one, or zero where the table knows no token of the text."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            known = [self.vocabulary[token] for token in tokens(text) if token in self.vocabulary]
            if known:
                vectors[row] = self.table[known].sum(axis=0)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(lengths > 0, lengths, 1)
        return vectors

    def known(self, text: str) -> Known:
        """How much of the text's bigrams and words the table knows: a single character says too little."""
        wide = [token for token in tokens(text) if is_bigram(token)]
        strange = [token for token in wide if token not in self.vocabulary]
        return Known(1 - len(strange) / len(wide) if wide else 0.0, tuple(dict.fromkeys(strange)))
