"""Compressed request bodies, unfolded with a bound: a kilobyte may stand for a gigabyte."""

from __future__ import annotations

import zlib

from sync.errors import BadContentType, BadRequest, TooLarge

_GZIP = 16 + zlib.MAX_WBITS
_ZLIB = zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS


def unfold(body: bytes, encoding: str, limit: int) -> bytes:
    """`body` without the encodings that `Content-Encoding` names.

    BadContentType for an unknown encoding, BadRequest for a broken body, TooLarge beyond `limit` bytes.
    """
    for name in reversed([each.strip().lower() for each in encoding.split(",")]):
        if name in ("gzip", "x-gzip"):
            body = _inflate(body, _GZIP, limit)
        elif name == "deflate":
            # HTTP means zlib's format by it; some clients send the bare stream.
            bare = len(body) < 2 or body[0] & 0x0F != 8 or int.from_bytes(body[:2], "big") % 31
            body = _inflate(body, _RAW if bare else _ZLIB, limit)
        elif name not in ("identity", ""):
            raise BadContentType(f"Content-Encoding {name[:40]} is not supported: send gzip or deflate.")
    return body


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    found = bytearray()
    rest = body
    while rest:
        member = zlib.decompressobj(window)
        try:
            found += member.decompress(rest, limit + 1 - len(found))
        except zlib.error as error:
            raise BadRequest("The compressed body is broken.") from error
        if len(found) > limit:
            raise TooLarge("the request entity is too large")
        if not member.eof:
            raise BadRequest("The compressed body ends too early.")
        rest = member.unused_data  # gzip may hold several members
    return bytes(found)
