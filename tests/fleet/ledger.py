"""What the phones were told, noted outside of them, and the story of each document."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Doc = dict[str, Any]
STORY_LINES = 12


@dataclass
class Ledger:
    """`stored`: {id: revision} that some phone was told is stored. `refused`: {receipt: id}."""

    moment: str = ""
    stored: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    _known: dict[tuple[str, str], Doc] = field(default_factory=dict)
    _stories: dict[str, list[str]] = field(default_factory=dict)

    def tell(self, identifier: str, what: str) -> None:
        """Another line in the story of a document; the same line twice is one."""
        story = self._stories.setdefault(identifier, [])
        line = f"{self.moment} {what}"
        if line not in story[-3:]:
            story.append(line)

    def told_stored(self, identifier: str, rev: str, by: str) -> None:
        self.stored[identifier] = rev
        self.counts["told stored"] += 1
        self.tell(identifier, f"{by} is told that {rev[:8]} is stored")

    def told_refused(self, identifier: str, receipt: str, code: str, by: str) -> None:
        self.refused[receipt] = identifier
        self.counts["told refused"] += 1
        self.tell(identifier, f"{by} is told that it is refused ({code}), receipt {receipt}")

    def same(self, doc: Doc) -> Doc:
        """One object for all copies of a revision. AssertionError where two phones got two contents."""
        known = self._known.setdefault((doc["_id"], doc["_rev"]), doc)
        assert known == doc, f"two contents of one revision:\n{known}\n{doc}\n{self.story(doc['_id'])}"
        return known

    def story(self, identifier: str) -> str:
        """The shortest account of a document: its first and last lines."""
        lines = self._stories.get(identifier, ["no phone ever had it"])
        if len(lines) > STORY_LINES:
            half = STORY_LINES // 2
            lines = [*lines[:half], f"... {len(lines) - STORY_LINES} more ...", *lines[-half:]]
        return "\n".join([identifier, *(f"  {line}" for line in lines)])
