"""Which store an address names: sqlite:///path, or couchdb://user:password@host:5984/name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sync.policy import Policy
from sync.sqlite import SQLiteStore
from sync.store import Store


def open_store(address: str, policies: Mapping[str, Policy], index: Path) -> Store:
    """`index`: where a node of a CouchDB keeps its index; an embedded store has none.

    ValueError, with a sentence for whoever wrote it, when it is no address.
    """
    parts = urlsplit(address)
    if parts.scheme == "sqlite":
        if parts.netloc or not parts.path.strip("/"):
            raise ValueError("SQLite 文件的地址要写成 sqlite:///路径/tianwen.sqlite3")
        # sqlite:////path is how others write an absolute path.
        return SQLiteStore(Path("/" + unquote(parts.path).lstrip("/")), policies)
    if parts.scheme in ("couchdb", "couchdbs"):
        from sync.couchdb import Address, CouchStore

        return CouchStore(Address.parse(address), index, policies)
    raise ValueError("存储的地址要写成 couchdb://用户:密码@主机:5984/名字，或 sqlite:///路径/tianwen.sqlite3")


def without_password(address: str) -> str:
    """The address as it may be printed."""
    parts = urlsplit(address)
    if parts.password is None:
        return address
    return address.replace(f":{parts.password}@", ":…@", 1)
