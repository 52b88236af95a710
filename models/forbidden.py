"""Text with forbidden words is refused (MISSION S3.7). The words are a list in the programme."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

# What people write by hand; everything else in a document is picked from lists.
WRITTEN = ("text", "diagnosis", "reason", "caption", "name", "crop", "part", "industry")


class ForbiddenWords:
    """Finds forbidden words, also in full width, in other case, or with spaces and marks between."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._words = {_plain(word): word for word in words}
        if "" in self._words:
            raise ValueError("a forbidden word must have letters")
        longest_first = sorted(self._words, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def find(self, document: Mapping[str, Any]) -> str | None:
        """The first forbidden word of a document, as the list spells it."""
        if self._pattern is None:
            return None
        for name in WRITTEN:
            value = document.get(name)
            if isinstance(value, str) and (found := self._pattern.search(_plain(value))):
                return self._words[found[0]]
        return None


NONE = ForbiddenWords()


def _plain(text: str) -> str:
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))
