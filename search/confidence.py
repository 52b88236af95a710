"""How sure to be that the best case answers the question: the ground on which find similar speaks or stays
silent.

A logistic model over five plain facts about the question and its best case. The weights were fitted on the
held-out rows (h..., u...) of ``search/dev.jsonl``, whose words never went into the lexicon; the cut was
chosen there so that about one answerable question in twenty is refused.
"""

from dataclasses import dataclass
from math import exp

CUT = 0.38
"""Below this the answer is 'nothing similar'."""

_BASE = -5.35
_COSINE = 5.1
_WORDS = 4.5
_KNOWN = 1.5
_SAME_SUBJECT = 2.9
_OTHER_SUBJECT = -3.1
_ADDED_SUBJECT = 1.5


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


def confidence(evidence: Evidence) -> float:
    """0 to 1. A case on the same crop or animal may differ much in words; one on another crop hardly ever
    helps."""
    total = _BASE + _COSINE * evidence.cosine + _WORDS * evidence.words + _KNOWN * evidence.known
    if evidence.asked & evidence.named:
        total += _SAME_SUBJECT
    elif evidence.asked and evidence.named:
        total += _OTHER_SUBJECT
    elif evidence.named:
        total += _ADDED_SUBJECT
    return 1 / (1 + exp(-total))
