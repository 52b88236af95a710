from pathlib import Path

import numpy as np
import pytest

from search.encoder import SHIPPED, Encoder
from search.errors import EncoderMissing
from search.static import MARKER, TOKENIZER, WEIGHTS, Known
from search.text import prepare

TEXTS = ["苞谷叶子黄焦焦的", "玉米叶片发黄", "ABC 123", "", "😀", "猪儿不吃食" * 60]


class TestShipped:
    def test_vectors_have_length_one(self, encoder: Encoder) -> None:
        vectors = encoder.encode(TEXTS)
        assert vectors.shape == (len(TEXTS), encoder.dimension)
        assert vectors.dtype == np.float32
        lengths = np.linalg.norm(vectors, axis=1)
        assert lengths[[0, 1, 5]] == pytest.approx(1, abs=1e-5)
        assert lengths[[3, 4]] == pytest.approx(0)

    def test_a_dialect_name_is_near_its_crop(self, encoder: Encoder) -> None:
        corn, maize, potato = encoder.encode(["苞谷叶子发黄", "玉米叶片发黄", "洋芋叶子发黄"])
        assert corn @ maize > corn @ potato

    def test_known_share(self, encoder: Encoder) -> None:
        assert encoder.known("玉米叶子") == Known(1.0, ())
        assert encoder.known("xqzv") == Known(0.0, ("xqzv",))
        assert encoder.known("") == Known(0.0, ())

    def test_nothing_to_encode(self, encoder: Encoder) -> None:
        assert encoder.encode([]).shape == (0, encoder.dimension)

    def test_it_is_small(self) -> None:
        assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 13.5e6


class TestSentenceTransformers:
    @pytest.mark.filterwarnings("ignore::DeprecationWarning")
    def test_loads_the_shipped_folder_with_the_same_numbers(self, encoder: Encoder) -> None:
        from sentence_transformers import SentenceTransformer

        texts = ["苞谷叶子黄焦焦的", "玉米叶片发黄", "猪儿不吃食" * 60]
        model = SentenceTransformer(str(SHIPPED), device="cpu")
        theirs = model.encode([prepare(text) for text in texts], normalize_embeddings=True)
        assert np.abs(np.asarray(theirs, np.float32) - encoder.encode(texts)).max() < 1e-3


class TestMissing:
    def test_a_path_that_does_not_exist(self, tmp_path: Path) -> None:
        with pytest.raises(EncoderMissing, match="nowhere"):
            Encoder(str(tmp_path / "nowhere"))

    def test_damaged_weights(self, tmp_path: Path) -> None:
        for name in (MARKER, TOKENIZER):
            (tmp_path / name).write_bytes((SHIPPED / name).read_bytes())
        (tmp_path / WEIGHTS).write_bytes((SHIPPED / WEIGHTS).read_bytes()[:1000])
        with pytest.raises(EncoderMissing):
            Encoder(str(tmp_path))

    def test_the_environment_names_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TIANWEN_ENCODER", str(tmp_path / "nowhere"))
        with pytest.raises(EncoderMissing):
            Encoder()
