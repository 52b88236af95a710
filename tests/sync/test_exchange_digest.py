"""Comparing sets by digests: its laws, and the vectors that the phone's own implementation is held to."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sync.exchange.digest import Digest, Listing, fingerprint, marks_to_text, parse_marks, size_for

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "exchange.json").read_text("utf-8"))

# A fingerprint of zeros (one of 2^64) would add nothing to an exclusive or.
marks = st.frozensets(st.binary(min_size=8, max_size=8).filter(any), max_size=40)
sizes = st.sampled_from([1, 2, 16, 256])


class TestVectors:
    def test_fingerprints(self):
        for each in VECTORS["fingerprints"]:
            assert fingerprint(each["id"], each["rev"]).hex() == each["fingerprint"]

    def test_digests_and_listings(self):
        held = [fingerprint(each["id"], each["rev"]) for each in VECTORS["fingerprints"]]
        for each in VECTORS["digests"]:
            assert Digest.of(held, each["size"]).to_text() == each["digest"]
            assert Listing.of(held, each["size"], each["buckets"]).to_json() == each["listing"]

    def test_sizes(self):
        assert [size_for(count) for count in VECTORS["sizes"]["counts"]] == VECTORS["sizes"]["sizes"]


class TestDigest:
    @given(marks, sizes)
    def test_equal_sets_have_equal_digests_in_any_order(self, held, size):
        assert Digest.of(held, size) == Digest.of(sorted(held), size)

    @given(marks, marks, sizes)
    def test_a_single_difference_is_always_seen(self, held, more, size):
        for mark in more - held:
            assert Digest.of(held, size).differing(Digest.of(held | {mark}, size))

    @given(marks, sizes)
    def test_goes_over_the_wire(self, held, size):
        digest = Digest.of(held, size)
        assert Digest.parse(digest.to_text()) == digest
        assert parse_marks(marks_to_text(held)) == sorted(held)


class TestListing:
    @given(marks, marks, sizes)
    def test_finds_both_sides_of_every_difference_that_the_digest_shows(self, here, there, size):
        buckets = Digest.of(here, size).differing(Digest.of(there, size))
        listing = Listing.parse(Listing.of(there, size, buckets).to_json())
        lacking = {mark for mark in here if listing.lacks(mark)}
        unknown = set(listing.unknown(here))
        assert (there | lacking) - unknown == here or not _is_seen(here ^ there, size)

    def test_lists_only_what_was_asked(self):
        held = [bytes([0, n]) + b"......" for n in range(4)]
        assert Listing.of(held, 2, [1]).buckets == {1: frozenset(held[1::2])}


def _is_seen(difference, size):
    """Whether no bucket's differences cancel out: with real hashes they never do, made up ones may."""
    digest = Digest.of(difference, size)
    touched = {int.from_bytes(mark[:2], "big") % size for mark in difference}
    return all(digest.buckets[bucket] for bucket in touched)
