"""The embedded store: all databases of a deployment in one SQLite file."""

from sync.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
