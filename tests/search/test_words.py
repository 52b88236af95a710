import numpy as np
import pytest

from search import words
from search.lexical import Lexical
from search.words import gather

TEXTS = [[f"c{row % 3}", f"r{row % 50}", "all"] for row in range(500)]
QUERY = ["all", "c1", "r7", "missing"]


@pytest.fixture
def lexical() -> Lexical:
    return Lexical.build(TEXTS)


class TestGather:
    @pytest.mark.parametrize("most", [1, 20, 300, 10_000])
    def test_scores_are_whole_however_few_postings_are_read(
        self, lexical: Lexical, most: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(words, "MOST", most)
        found = gather(lexical.postings(QUERY), lexical.count, 5)
        rows = np.arange(lexical.count, dtype=np.int32)
        assert found.complete(rows) == pytest.approx(lexical.scores(QUERY), abs=1e-4)
        # the rarest word chooses
        assert {row % 50 for row in found.rows.tolist()} == {7}

    def test_only_what_the_filter_allows(self, lexical: Lexical) -> None:
        mask = np.arange(lexical.count) < 60
        assert set(gather(lexical.postings(["r7"]), lexical.count, 5, mask).rows.tolist()) == {7, 57}

    def test_nothing_asked(self, lexical: Lexical) -> None:
        assert len(gather([], lexical.count, 5).rows) == 0
