"""What a phone does with packs, by the server's own ranking code: the measure that the phone is held to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

from search.asking import Asker
from search.cases import Case
from search.encoder import Encoder
from search.errors import PackBroken
from search.pack import difference
from search.pack.container import DIFFERENCE, Pack
from search.pack.language import SECTIONS, Language
from search.segment import in_memory

Floats = NDArray[np.float32]
Bytes = NDArray[np.int8]

MOST = 127


@dataclass(frozen=True)
class Held:
    """What a phone has: the cases of a county at a version (id -> line, newest first), and a language."""

    county: str
    version: str
    language: Language
    lines: Mapping[str, bytes]

    def cases(self) -> tuple[Case, ...]:
        """The cases, newest first."""
        return tuple(Case(*orjson.loads(line)) for line in self.lines.values())


class PackEncoder(Encoder):
    """The encoder of a pack in the place of one from a folder."""

    def __init__(self, language: Language) -> None:
        self._model = language.model()
        self.name = self.id = f"pack:{language.id}"
        self.dimension = self._model.dimension


def applied(pack: Pack, held: Held | None = None) -> Held:
    """What a phone has after a pack. Raises PackBroken where the pack does not stand on what it had, or does
    not lead to the version that it promises."""
    header = pack.header
    changed = difference.unpack_lines(pack.content("cases"))
    before: Mapping[str, bytes] = {}
    gone: tuple[str, ...] = ()
    if header.kind == DIFFERENCE:
        if held is None or (held.county, held.version) != (header.county, header.since):
            raise PackBroken(f"the difference stands on {header.since}, which is not held")
        before, gone = held.lines, difference.unpack_gone(pack.content("gone"))
    lines = difference.applied(difference.Difference(changed, gone), before)
    if len(lines) != header.count or difference.version_of(difference.catalogue(lines)) != header.version:
        raise PackBroken(f"the pack does not lead to version {header.version}")
    return Held(header.county, header.version, _language(pack, held), lines)


def asker(held: Held) -> Asker:
    """The questions go through the code of the server, over the cases and the encoder of the phone."""
    encoder, cases = PackEncoder(held.language), held.cases()
    vectors = kept(encoder.encode([case.question for case in cases]))
    return Asker(encoder, (in_memory(cases, vectors),) if cases else (), (frozenset(),) if cases else ())


def kept(vectors: Floats) -> Floats:
    """Vectors float32 [n, d] as they are once they were kept in steps of one 127th of their largest value."""
    steps, scales = stepped(vectors)
    return (steps * scales[:, None]).astype(np.float32)


def stepped(vectors: Floats) -> tuple[Bytes, Floats]:
    """int8 [n, d], and float32 [n]: what one step of a row is worth."""
    scales = (np.abs(vectors).max(axis=1, initial=0).astype(np.float64) / MOST).astype(np.float32)
    safe = np.where(scales > 0, scales, 1).astype(np.float64)
    return np.rint(vectors / safe[:, None]).astype(np.int8), scales


def _language(pack: Pack, held: Held | None) -> Language:
    present: Sequence[str] = [name for name in SECTIONS if name in pack.contents]
    if not present and held is not None and held.language.id == pack.header.language:
        return held.language
    language = Language({name: pack.content(name) for name in SECTIONS})
    if language.id != pack.header.language:
        raise PackBroken(f"the pack's language is not {pack.header.language}")
    return language
