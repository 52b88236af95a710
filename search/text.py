"""Text to tokens: one road for training, for indexing and for queries, here and on the phone.

The whole contract, so that another language can repeat it exactly:

1. Unicode NFKC, then lower case.
2. Anything that looks like an HTML tag, ``</?[a-z][^<>]*>``, becomes a space.
3. Each traditional character listed in ``traditional.json`` becomes its simplified form.
4. Runs are the longest stretches of Chinese characters, or of ``a-z0-9``. All else separates runs.
5. A Latin or digit run is one token. A Chinese run gives, from left to right, each character followed by the
   bigram that it begins: 玉米叶 -> 玉 玉米 米 米叶 叶.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_TAG = re.compile(r"</?[a-z][^<>]*>")
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_RUN = re.compile(f"[{_HAN}]+|[a-z0-9]+")


@cache
def traditional() -> dict[int, str]:
    """Traditional code point -> simplified character, for `str.translate`."""
    path = Path(__file__).with_name("traditional.json")
    table: dict[str, str] = json.loads(path.read_text("utf-8"))
    return {ord(old): new for old, new in table.items()}


@cache
def _traditional_characters() -> frozenset[str]:
    """Most texts have none, which is sooner seen than translated."""
    return frozenset(map(chr, traditional()))


def normalise(text: str) -> str:
    """Steps 1-3 of the contract, white space collapsed. Idempotent for text without nested tags."""
    plain = unicodedata.normalize("NFKC", text).lower()
    if "<" in plain:
        plain = _TAG.sub(" ", plain)
    if not _traditional_characters().isdisjoint(plain):
        plain = plain.translate(traditional())
    return " ".join(plain.split())


def runs(text: str) -> list[str]:
    """The stretches of Chinese characters, letters and digits of the normalised text."""
    return _RUN.findall(normalise(text))


def tokens(text: str) -> list[str]:
    """Overlapping characters and character bigrams; repeated tokens stay repeated."""
    return tokens_of(runs(text))


def tokens_of(said: Iterable[str]) -> list[str]:
    """The same of a text that is in runs already."""
    found: list[str] = []
    for run in said:
        if run[0].isascii():
            found.append(run)
            continue
        for place, character in enumerate(run):
            found.append(character)
            if place + 1 < len(run):
                found.append(run[place : place + 2])
    return found


def prepare(text: str) -> str:
    """Tokens joined by single spaces: the form in which the shipped encoder takes its text."""
    return " ".join(tokens(text))


def is_bigram(token: str) -> bool:
    """Whether the token is a Chinese bigram or a Latin or digit run, i.e. carries more than one character."""
    return len(token) > 1


def fold_key(text: str) -> str:
    """Equal for two questions that differ only in case, width, punctuation, spaces or script."""
    return "".join(runs(text))
