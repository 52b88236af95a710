"""How sure to be that the best case answers the question: the ground on which find similar speaks or stays
silent.

A logistic model over plain facts about the question and its best case. Its weights and the cut stand in
``confidence.json``, fitted by `search.fit` on the development rows.
"""

import json
from dataclasses import dataclass
from math import exp, log
from pathlib import Path

FITTED = Path(__file__).with_name("confidence.json")

FACTS = (
    "base",
    "meaning",
    "reply",
    "rare",
    "common",
    "known",
    "length",
    "crowd",
    "other_subject",
    "missed_subject",
)
"""The names of the facts, in order."""

LONG = 30
"""Characters of a question from which on its length says no more: a short question is near to many cases."""

CROWD_LEAST, CROWD_MOST = 50, 1_500
"""Cases between which an archive's size counts: the more there are, the nearer comes the best of those that
have nothing to do with the question. Beyond, a county's cases are mostly other wordings of needs that are
there already."""

WEIGHTS: dict[str, float] = json.loads(FITTED.read_text("utf-8"))

CUT = WEIGHTS["cut"]
"""Below this the answer is 'nothing similar'."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a question and a case found for it.

    `meaning` and `reply`: two of the three parts of the evidence (`search.ranking.Scored`). The third, the
    words of the question, orders cases but says nothing of whether the best one helps. `rare`: the weight of
    the rarest word of the question that the case has and the encoder does not know, 0 to 1; a name of a drug
    or a variety decides by itself. `common`: the weight of the rarest of all words that both questions
    have, 0 to 1: vectors are alike because of it, and say the less of what is meant. `known`: the share of
    the question that the encoder knows; `length`: its characters, punctuation aside; the crops and animals
    that question and case name; and among how many cases it was found.
    """

    meaning: float
    reply: float
    rare: float
    common: float
    known: float
    length: int
    asked: frozenset[str]
    named: frozenset[str]
    crowd: int


def facts(evidence: Evidence) -> tuple[float, ...]:
    """The numbers that the model weighs, in the order of FACTS."""
    asked, named = evidence.asked, evidence.named
    return (
        1.0,
        evidence.meaning,
        evidence.reply,
        evidence.rare,
        evidence.common,
        evidence.known,
        min(evidence.length, LONG) / LONG,
        log(min(max(evidence.crowd, CROWD_LEAST), CROWD_MOST)),
        float(bool(asked and named) and not asked & named),
        float(bool(asked - named)),
    )


def confidence(evidence: Evidence) -> float:
    """0 to 1. A case on the same crop or animal may differ much in words; one on another crop hardly ever
    helps."""
    total = sum(WEIGHTS[name] * fact for name, fact in zip(FACTS, facts(evidence), strict=True))
    return 1 / (1 + exp(-total))
