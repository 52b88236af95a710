"""Offline packs inside the server: each county's newest cases, made when a phone asks and kept on disk.

docs/pack.md. Whatever the server itself searches with, a pack carries the encoder that ships. Making one
needs neither FAISS nor an index, and imports NumPy the first time.
"""

from __future__ import annotations

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from models.programme import Programme
from models.regions import county_of, level
from server.accounts import Person
from server.cases import case_of
from server.consultations import Consultations
from server.errors import Unavailable, WrongRole

if TYPE_CHECKING:
    from search.pack.language import Packed
    from search.pack.shelf import Current, Shelf, Source

log = logging.getLogger(__name__)

MOST = 20_000
"""Cases in a pack, the newest (docs/pack.md)."""

COUNTY = 6
"""Digits that name a county, in a pack and on disk."""

_REGION = re.compile("[0-9]{12}")


class Packs:
    """The packs of all counties, in one folder each. One is made at a time; whoever waits holds no thread."""

    def __init__(self, folder: Path, consultations: Consultations, programme: Programme) -> None:
        self._folder = folder
        self._consultations = consultations
        self._programme = programme
        self._language: Packed | None = None
        # Of its own: phones that wait here must not take the threads that answer everybody else.
        self._workshop = ThreadPoolExecutor(1, "packs")

    async def file(
        self, person: Person, since: str | None = None, language: str | None = None, etag: str | None = None
    ) -> Path:
        """The file for a phone of this person's county that has the cases of version `since` and this
        `language`. With `etag`: the file that it has half of, as long as that is kept.

        Its name ends in its strong ETag and ".pack". Raises WrongRole for whoever belongs to no county,
        Unavailable while there are no cases to tell of yet, or without the parts that find similar needs.
        """
        county = _county(person)
        asked = (county, since, language, etag)
        found = await anyio.to_thread.run_sync(self._at_hand, *asked)
        if found is not None:
            return found
        return await asyncio.wrap_future(self._workshop.submit(self._made, *asked))

    def close(self) -> None:
        """End what is being made, and begin nothing more."""
        self._workshop.shutdown(cancel_futures=True)

    def _at_hand(self, county: str, since: str | None, language: str | None, etag: str | None) -> Path | None:
        """The file where it is there and its cases are still those of the county: some queries and names."""
        if self._language is None:
            return None
        shelf = self._shelf(county)
        if etag is not None and (half := shelf.by_etag(etag)) is not None:
            return half
        current = shelf.current()
        if current is None or not self._holds(county, current):
            return None
        return shelf.file(current, since, self._language.id if language != self._language.id else None)

    def _made(self, county: str, since: str | None, language: str | None, etag: str | None) -> Path:
        """The same, made where it is not there. Takes seconds where all cases are new."""
        from search.errors import PackBroken

        speaking = self._speaking()
        shelf = self._shelf(county)
        if etag is not None and (half := shelf.by_etag(etag)) is not None:
            return half
        with shelf.lock():
            for _ in range(2):
                current = shelf.current()
                if current is None or not self._holds(county, current):
                    current = self._renewed(county, shelf)
                try:
                    return shelf.make(current, since, speaking, language != speaking.id)
                except PackBroken as fault:
                    log.warning("the packs of %s are made anew: %s", county, fault)
        raise Unavailable("离线包没能做好，过一会儿再试。", error="pack_broken")

    def _holds(self, county: str, current: Current) -> bool:
        """Whether this is still what the county has. A read model that is being made anew lacks cases: until
        it is whole, what was made before is better."""
        return not self._consultations.whole or current.stamp == self._stamp(county)

    def _renewed(self, county: str, shelf: Shelf) -> Current:
        if not self._consultations.whole:
            raise Unavailable("县里的案例正在整理，过一会儿再试。", error="pack_loading")
        return shelf.renew(self._source(county), self._line)

    def _source(self, county: str) -> Source:
        from search.pack.shelf import Source

        # The stamp first: what changes meanwhile is then looked at once more, and never missed.
        store, count, seq = self._consultations.case_stamp(county)
        wanted = self._consultations.newest_cases(county, MOST)
        origin = f"{store}/{self._maker}"
        return Source(f"{origin}/{count}/{seq}", origin, wanted, max(0, count - MOST))

    def _stamp(self, county: str) -> str:
        store, count, seq = self._consultations.case_stamp(county)
        return f"{store}/{self._maker}/{count}/{seq}"

    def _line(self, identifier: str) -> bytes | None:
        """The line of a consultation; None where it is no case, or cannot be read: that one must not keep a
        county from its pack."""
        from search.pack.difference import line_of
        from search.pack.texts import row_of

        try:
            consultation = self._consultations.documents(identifier)
            case = case_of(consultation, self._programme) if consultation is not None else None
            return line_of(row_of(case)) if case is not None and case.question.strip() else None
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            log.exception("consultation %s cannot be read", identifier)
            return None

    def _speaking(self) -> Packed:
        """The language of this release, made once."""
        if self._language is None:
            try:
                from search.errors import EncoderError
                from search.pack.language import spoken
            except ImportError as fault:
                log.warning("offline packs need find similar: %s", fault)
                raise Unavailable(
                    "县里没有装找类似的部件，手机照常报需求。", error="search_missing"
                ) from None
            try:
                self._language = spoken()
            except EncoderError:
                log.exception("the encoder that ships cannot be read")
                raise Unavailable("找类似在修，手机照常报需求。", error="search_missing") from None
        return self._language

    @cached_property
    def _maker(self) -> str:
        """What rows are made by: the rules of stripping and cutting, and the names of places."""
        from search.pack.difference import digest
        from search.pack.texts import maker

        return digest((maker() + self._programme.model_dump_json()).encode())

    def _shelf(self, county: str) -> Shelf:
        from search.pack.shelf import Shelf

        digits = county[:COUNTY]
        return Shelf(self._folder / digits, digits)


def _county(person: Person) -> str:
    """The 12 digits of the county that a person belongs to."""
    if not _REGION.fullmatch(person.region) or level(person.region) in ("province", "city"):
        raise WrongRole("您的账号不属于哪一个县，用不了离线包。")
    return county_of(person.region)
