"""Looks sentences up by key.

One flat JSON object for each language, with the same keys and the same {placeholders} in all of them
(tests/server/console/test_catalogue.py). A key reads `<page>.<what>`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

DEFAULT_LANGUAGE = "zh-CN"
LANGUAGES = (DEFAULT_LANGUAGE, "en")


@cache
def _sentences(language: str) -> dict[str, str]:
    path = Path(__file__).with_name(f"{language}.json")
    sentences: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return sentences


def keys(language: str = DEFAULT_LANGUAGE) -> frozenset[str]:
    """Every key of one language."""
    return frozenset(_sentences(language))


def has(key: str) -> bool:
    """Whether there is such a sentence: for keys that are put together from data, such as `state.<state>`."""
    return key in _sentences(DEFAULT_LANGUAGE)


def text(key: str, language: str = DEFAULT_LANGUAGE, **values: object) -> str:
    """The sentence of a key with its {placeholders} filled in.

    A language that we do not have reads as Chinese. Raises KeyError for an unknown key or a value
    that the sentence needs and did not get: both are faults of the caller, found by the tests.
    """
    sentences = _sentences(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    return sentences[key].format(**values)
