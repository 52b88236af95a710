"""The store for several nodes: documents live in CouchDB, each node keeps an index that can be made anew."""

from sync.couchdb.address import Address
from sync.couchdb.store import CouchStore

__all__ = ["Address", "CouchStore"]
