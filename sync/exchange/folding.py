"""gzip for answers. Pure; no I/O. Its counterpart for requests is `sync.unfolding`."""

from __future__ import annotations

import gzip

# Below this gzip's own frame eats what it gains.
_WORTH_FOLDING = 150


def fold(body: bytes, accepted: str) -> tuple[bytes, dict[str, str]]:
    """`body` as one that accepts `accepted` (Accept-Encoding) may get it, with the headers that say so."""
    names = {part.partition(";")[0].strip().lower() for part in accepted.split(",")}
    if len(body) < _WORTH_FOLDING or "gzip" not in names:
        return body, {}
    return gzip.compress(body, 6, mtime=0), {"content-encoding": "gzip"}
