"""The CouchDB replication protocol over a store, as PouchDB and CouchDB speak it."""

from sync.protocol.app import couch_app, couch_mount

__all__ = ["couch_app", "couch_mount"]
