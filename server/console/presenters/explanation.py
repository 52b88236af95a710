"""The parts of a case's score, as the playground draws them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.console.wording import Say

if TYPE_CHECKING:
    from search.explain import Explanation, Term

# Below this a part is not worth a line.
TINY = 0.0005
# The evidence that the factor for another crop applies to, and what is added to the score that it makes.
MADE_OF = ("meaning", "words", "reply")
BOOSTS = ("crop", "industry", "season", "place")
# A name of a thing, whatever it was called, begins so in `search`.
NAME = "#"


@dataclass(frozen=True)
class Part:
    """What one thing adds to the score; `share` is its part of the bar, per cent."""

    name: str
    words: str
    value: str
    share: float
    note: str


@dataclass(frozen=True)
class Word:
    """A word that matches, where, and what it adds; `share` per cent of the weightiest."""

    text: str
    place: str
    share: float


@dataclass(frozen=True)
class Explained:
    """`rank` None: not among the first fifty. `sure` and `cut` are per cent."""

    id: str
    question: str
    rank: int | None
    score: str
    sure: int
    cut: int
    shown: bool
    parts: tuple[Part, ...]
    factor: str
    words: tuple[Word, ...]


def explained(found: Explanation, say: Say) -> Explained:
    return Explained(
        id=found.id,
        question=found.question,
        rank=found.rank,
        score=f"{found.score:.2f}",
        sure=percent(found.confidence),
        cut=percent(found.cut),
        shown=found.shown,
        parts=tuple(_parts(found, say)),
        factor=_factor(found, say),
        words=tuple(_words(found.terms, say)),
    )


def percent(share: float) -> int:
    """Rounded down, so that what is below the cut never reads as if it reached it."""
    return int(share * 100 + 1e-9)


def _parts(found: Explanation, say: Say) -> Iterator[Part]:
    """Evidence adds up, and its sum is brought into 0 to 1 before boosts are added (search/ranking.py): each
    part is given the share of that which it has of the evidence, so that what is shown adds up."""
    notes = {
        "meaning": say("try.meaning_note", cosine=percent(found.cosine), known=percent(found.known)),
        "words": say("try.words_note", words=percent(found.words_share)),
        "reply": say("try.reply_note", words=percent(found.reply_share)),
    }
    evidence = {name: float(vars(found)[name]) * found.factor for name in MADE_OF}
    boosts = {name: found.boosts[name] for name in BOOSTS if name in found.boosts}
    worth = (found.score - sum(boosts.values())) / (sum(evidence.values()) or 1.0)
    for name, points in {**{name: value * worth for name, value in evidence.items()}, **boosts}.items():
        if points >= TINY or name in notes:
            # With boosts a score may be a little above 1, and the bar is no longer for it.
            share = round(max(0.0, points) / max(1.0, found.score) * 100, 1)
            yield Part(name, say(f"try.part.{name}"), f"{points:.3f}", share, notes.get(name, ""))


def _factor(found: Explanation, say: Say) -> str:
    """Why a case about another crop counts less; empty where it does not."""
    if found.factor >= 1:
        return ""
    asked, named = ("、".join(names) for names in (found.asked, found.named))
    return say("try.factor", asked=asked, named=named, n=f"{found.factor:.2f}")


def _words(terms: tuple[Term, ...], say: Say) -> Iterator[Word]:
    most = max((term.value for term in terms), default=1.0)
    for term in terms:
        place = say(f"try.term.{term.place}")
        yield Word(term.text.removeprefix(NAME), place, round(term.value / most * 100, 1))
