"""Text to vectors, with any sentence-transformers model."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from search.errors import EncoderMissing
from search.static import Known, Static, is_static

Floats = NDArray[np.float32]

SHIPPED = Path(__file__).with_name("encoder")
VARIABLE = "TIANWEN_ENCODER"


class Model(Protocol):
    """What ranking needs of a model."""

    id: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32 [n, d], rows of length one (or zero)."""

    def known(self, text: str) -> Known:
        """How much of the text the model has seen."""


class SentenceModel:
    """Any other sentence-transformers model, through the library."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            self._model: Any = SentenceTransformer(name, device="cpu")
        except Exception as error:  # the library raises whatever its file readers raise
            raise EncoderMissing(
                f"no sentence-transformers model could be loaded from {name!r}: {error}"
            ) from error
        digest = hashlib.sha256()
        for weights in self._model.state_dict().values():
            digest.update(weights.detach().float().contiguous().numpy().tobytes())
        self.id = f"{Path(name).name}:{digest.hexdigest()[:16]}"
        self.dimension = int(self._model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32 [n, d], rows of length one."""
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32).reshape(len(texts), self.dimension)

    def known(self, text: str) -> Known:
        """Subword models know every text."""
        return Known(1.0, ())


class Encoder:
    """The encoder in use: a path or a model name, else `TIANWEN_ENCODER`, else the shipped model.

    `id` names the model and its weights, so that vectors of two models are never compared; `dimension` is
    the length of a vector. Raises EncoderMissing when nothing can be loaded.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or os.environ.get(VARIABLE) or str(SHIPPED)
        folder = Path(self.name)
        self._model: Model
        if is_static(folder):
            self._model = Static.load(folder)
        elif folder.is_absolute() and not folder.exists():
            raise EncoderMissing(f"no encoder at {folder}")
        else:
            self._model = SentenceModel(self.name)
        self.id = self._model.id
        self.dimension = self._model.dimension

    def encode(self, texts: Sequence[str]) -> Floats:
        """float32 [n, dimension], L2-normalised; a row is zero where nothing of the text is known."""
        return self._model.encode(texts)

    def known(self, text: str) -> Known:
        """How much of the text the model was trained on; a rare name lowers it."""
        return self._model.known(text)
