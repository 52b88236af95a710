"""How sure to be that the best case answers the question: the ground on which find similar speaks or stays
silent.

A logistic model over plain facts about the question and its best case. Its weights and the cut stand in
``confidence.json``, fitted by `search.fit` on the development rows.
"""

import json
from dataclasses import dataclass
from math import exp
from pathlib import Path

FITTED = Path(__file__).with_name("confidence.json")

FACTS = (
    "base",
    "strength",
    "words",
    "reply",
    "known",
    "length",
    "other_subject",
    "added_subject",
    "missed_subject",
)
"""The names of the facts, in order."""

LONG = 30
"""Characters of a question from which on its length says no more: a short question is near to many cases."""

WEIGHTS: dict[str, float] = json.loads(FITTED.read_text("utf-8"))

CUT = WEIGHTS["cut"]
"""Below this the answer is 'nothing similar'."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a question and a case found for it.

    `strength` of the evidence without what only orders near equals (`search.boosts`); cosine, shares of the
    best possible BM25 over the case's question and over its reply, share of the question's words that the
    encoder knows (each 0 to 1); `length` of the question in characters, punctuation aside; the crops and
    animals that question and case name.
    """

    strength: float
    cosine: float
    words: float
    reply: float
    known: float
    length: int
    asked: frozenset[str]
    named: frozenset[str]


def facts(evidence: Evidence) -> tuple[float, ...]:
    """The numbers that the model weighs, in the order of FACTS."""
    asked, named = evidence.asked, evidence.named
    return (
        1.0,
        evidence.strength,
        evidence.words,
        evidence.reply,
        evidence.known,
        min(evidence.length, LONG) / LONG,
        float(bool(asked and named) and not asked & named),
        float(bool(named) and not asked),
        float(bool(asked - named)),
    )


def confidence(evidence: Evidence) -> float:
    """0 to 1. A case on the same crop or animal may differ much in words; one on another crop hardly ever
    helps."""
    total = sum(WEIGHTS[name] * fact for name, fact in zip(FACTS, facts(evidence), strict=True))
    return 1 / (1 + exp(-total))
