"""The encoder as it travels to phones: the shipped table in whole steps, so coarse that it packs small.

A step is worth the same in every row. Beside one of its own for each row that costs nothing in likeness
(measured: docs/pack.md), and a text's vector is then a sum of whole numbers: the same on every machine, to
the last bit, whatever order it is added up in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from search.encoder import SHIPPED
from search.errors import PackBroken
from search.pack.container import Section
from search.pack.difference import digest
from search.pack.rules import rules
from search.static import Static

Floats = NDArray[np.float32]

STEPS = 7.5
"""Steps in the root mean square of the table's values. Entropy is then about 5 bits a value, and gzip comes
near it. Eight would leave no room for tokens and rules to grow within 4,000,000 bytes."""

MOST = 127

RULES, TOKENS, SCALES, TABLE = SECTIONS = ("rules", "tokens", "scales", "table")


@dataclass(frozen=True)
class Packed:
    """A language ready to be sent: `id` is a digest of what the four sections hold."""

    id: str
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Language:
    """`contents`: the four sections, unpacked, by name; `id`: a digest of them."""

    contents: Mapping[str, bytes]

    @cached_property
    def id(self) -> str:
        return digest(b"".join(digest(self.contents[name]).encode() for name in SECTIONS))

    def packed(self) -> Packed:
        """The sections by gzip, in order. Takes half a second."""
        return Packed(
            self.id, tuple(Section.of(name, self.contents[name], name == TABLE) for name in SECTIONS)
        )

    def model(self) -> Static:
        """The encoder that these sections are. Raises PackBroken where they do not fit together."""
        try:
            tokens = self.contents[TOKENS].decode().split("\n")
            scales = np.frombuffer(self.contents[SCALES], "<f4")
            table = np.frombuffer(self.contents[TABLE], np.int8).reshape(len(tokens), -1)
            values = (table * scales[:, None]).astype(np.float32)
        except (KeyError, ValueError) as error:
            raise PackBroken(f"the language of the pack does not fit together: {error}") from error
        return Static("pack", {token: row for row, token in enumerate(tokens)}, values)


def shipped() -> Language:
    """The language of this release: always the encoder that ships, whichever the server itself uses."""
    return quantised(Static.load(SHIPPED))


def quantised(model: Static, steps: float = STEPS) -> Language:
    """A model as sections, its tokens in their order (frequent ones first, which packs best)."""
    tokens = sorted(model.vocabulary, key=model.vocabulary.__getitem__)
    table = model.table[[model.vocabulary[token] for token in tokens]]
    step = max(float(np.sqrt(np.square(table).mean())) / steps, float(np.abs(table).max()) / MOST)
    return Language(
        {
            RULES: rules(),
            TOKENS: "\n".join(tokens).encode(),
            SCALES: np.ones(len(tokens), "<f4").tobytes(),
            TABLE: np.rint(table / np.float32(step)).astype(np.int8).tobytes(),
        }
    )


@cache
def spoken() -> Packed:
    """The language of this release, ready to be sent: made once in a process."""
    return shipped().packed()
