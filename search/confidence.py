"""How sure to be that the best case answers the question: the ground on which find similar speaks or stays
silent.

A logistic model over plain facts about the question and its best case. Its weights and the cut stand in
``confidence.json``, fitted by `search.calibrate` on the held-out rows of ``search/dev.jsonl``, whose words
never went into the lexicon.
"""

import json
from dataclasses import dataclass
from math import exp
from pathlib import Path

FITTED = Path(__file__).with_name("confidence.json")

FACTS = ("base", "cosine", "words", "known", "same_subject", "other_subject", "added_subject")
"""The names of the facts, in order."""

WEIGHTS: dict[str, float] = json.loads(FITTED.read_text("utf-8"))

CUT = WEIGHTS["cut"]
"""Below this the answer is 'nothing similar'."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a case found: cosine, share of the best possible BM25, share of the question's
    words that the encoder knows (each 0 to 1), and the crops and animals that the question and the case
    name."""

    cosine: float
    words: float
    known: float
    asked: frozenset[str]
    named: frozenset[str]


def facts(evidence: Evidence) -> tuple[float, ...]:
    """The numbers that the model weighs, in the order of FACTS."""
    same = bool(evidence.asked & evidence.named)
    other = bool(evidence.asked and evidence.named) and not same
    added = bool(evidence.named) and not evidence.asked
    return (1.0, evidence.cosine, evidence.words, evidence.known, float(same), float(other), float(added))


def confidence(evidence: Evidence) -> float:
    """0 to 1. A case on the same crop or animal may differ much in words; one on another crop hardly ever
    helps."""
    total = sum(WEIGHTS[name] * fact for name, fact in zip(FACTS, facts(evidence), strict=True))
    return 1 / (1 + exp(-total))
