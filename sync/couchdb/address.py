"""Where a deployment's CouchDB is: couchdb://user:password@host:5984/name, or couchdbs:// over TLS."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_SCHEMES = {"couchdb": ("http", 5984), "couchdbs": ("https", 6984)}


@dataclass(frozen=True)
class Address:
    """`url`: the server's root without credentials, so that logs may have it; `name`: the deployment's."""

    url: str
    name: str
    user: str | None = None
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Address:
        """ValueError, with a sentence for whoever wrote it, when it is not an address.

        User, password and name may be percent-encoded; a ":" in a password must be.
        """
        parts = urlsplit(text)
        if parts.scheme not in _SCHEMES:
            raise ValueError("CouchDB 的地址要写成 couchdb://用户:密码@主机:5984/名字")
        scheme, port = _SCHEMES[parts.scheme]
        name = unquote(parts.path.strip("/"))
        if not parts.hostname or not name:
            raise ValueError("CouchDB 的地址里缺主机或名字：couchdb://用户:密码@主机:5984/名字")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return cls(
            f"{scheme}://{host}:{parts.port or port}",
            name,
            None if parts.username is None else unquote(parts.username),
            unquote(parts.password or ""),
        )

    @property
    def ledger(self) -> str:
        """The CouchDB database of all but documents: quarantine, `_local` documents, databases."""
        return f"{self.name}$$ledger"

    def database(self, name: str) -> str:
        """The CouchDB database that holds the documents of the database `name`."""
        return name if name == self.name else f"{self.name}${name}"
