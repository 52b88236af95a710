"""The CouchDB replication protocol over a store, as PouchDB and CouchDB speak it."""

from sync.protocol.app import couch_app

__all__ = ["couch_app"]
