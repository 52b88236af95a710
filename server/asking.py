"""The index in use, asked by many threads: what is similar, with which scores, and why.

torch and FAISS are imported where the index is loaded, so that the server answers everything else at once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.cases import Where
from server.errors import Unacceptable, Unavailable

if TYPE_CHECKING:
    from search.boosts import Circumstances
    from search.explain import Explanation
    from search.finder import Finder, Similar
    from search.ranking import Ranked


class Asking:
    """One finder, loaded once, by whoever comes first."""

    def __init__(self, folder: Path, encoder: str | None) -> None:
        self._folder = folder
        self._encoder = encoder
        self._finder: Finder | None = None
        self._opening = threading.Lock()
        self._fault = ""

    def open(self) -> Finder:
        """The loaded finder, loading it here where nobody has. For commands."""
        with self._opening:
            if self._finder is None:
                from search.finder import Finder

                finder = Finder(self._folder, self._encoder)
                finder.load()
                self._finder = finder
            return self._finder

    def status(self) -> dict[str, Any]:
        """state, version, count, created, duration_s, encoder, message (search/finder.py)."""
        if self._finder is not None:
            return self._finder.status()
        state = "broken" if self._fault else "loading"
        return {
            "state": state, "version": None, "count": 0, "created": None, "duration_s": None,
            "encoder": None, "message": self._fault,
        }  # fmt: skip

    def similar(
        self,
        text: str,
        k: int = 10,
        industry: str | None = None,
        crop: str | None = None,
        where: Where = Where(),
    ) -> Similar:
        """Blocking. `industry` and `crop` filter, `where` raises. Unavailable while loading or
        without an index; Unacceptable for an empty question."""
        with self._asked() as finder:
            return finder.similar(text, k, industry, crop, _circumstances(where))

    def ranked(self, text: str, where: Where, k: int = 10) -> list[Ranked]:
        """Blocking. The best cases with score and confidence, also where phones see nothing. Raises as
        `similar`."""
        with self._asked() as finder:
            return finder.ranked(text, k, _circumstances(where))

    def explain(self, text: str, case: str, where: Where) -> Explanation | None:
        """Blocking. The parts of a case's score; None where it is not in the index. Raises as `similar`."""
        with self._asked() as finder:
            from search.errors import CaseMissing

            try:
                return finder.explain(text, case, circumstances=_circumstances(where))
            except CaseMissing:
                return None

    @contextmanager
    def _asked(self) -> Iterator[Finder]:
        finder = self._loaded()
        from search.errors import EmptyQuery, IndexMissing

        try:
            yield finder
        except EmptyQuery:
            raise Unacceptable("写几个字，说说是什么问题。") from None
        except IndexMissing:
            raise Unavailable("找类似在修，照常请专家。", error="search_missing") from None

    def _loaded(self) -> Finder:
        if self._finder is None:
            if self._fault:
                raise Unavailable("找类似在修，照常请专家。", error="search_missing")
            raise Unavailable("找类似正在准备，过一会儿再试。", error="search_loading")
        return self._finder


def _circumstances(where: Where) -> Circumstances:
    from search.boosts import Circumstances

    return Circumstances(*where)
