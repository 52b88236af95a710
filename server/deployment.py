"""One deployment: everything that lies under one folder, composed once and closed in order.

DIR/tianwen.sqlite3        documents (sync); with --store couchdb://... they are in CouchDB, and
                           DIR/couchdb-index.sqlite3 is this node's index, which is made anew when deleted
DIR/accounts.sqlite3       people, sessions
DIR/audit.sqlite3          who saw what, and why
DIR/consultations.sqlite3  the read model; can be deleted, is made anew
DIR/index/                 find similar: its builds
DIR/packs/                 offline packs, a folder for each county; can be deleted, is made anew
DIR/secret.key             the key of protected data; keep a copy elsewhere
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from models.programme import Programme, load_programme
from server.accounts import Accounts
from server.actions import Actions
from server.audit import Audit
from server.consultations import Consultations
from server.finding import FinderService
from server.packs import Packs
from server.policy import DomainPolicy
from server.sessions import Sessions
from server.vault import Vault
from sync.opening import open_store
from sync.policy import Policy
from sync.sqlite import SQLiteStore
from sync.store import Database, Store

DATABASE = "tianwen"


@dataclass(frozen=True)
class Settings:
    """`folder` holds everything; `encoder` any sentence-transformers model by path or name (TIANWEN_ENCODER);
    `administrator` is "name:password" (TIANWEN_ADMIN); `now` is the clock of receipts; pages of
    the origins `cors` may replicate from browsers (TIANWEN_CORS, separated by commas). `store` is where the
    documents are, "couchdb://user:password@host:5984/name" or "sqlite:///path" (TIANWEN_STORE); None: in
    `folder`."""

    folder: Path
    encoder: str | None = None
    administrator: str | None = None
    programme: str = "beichuan"
    now: Callable[[], datetime] | None = None
    cors: tuple[str, ...] = ()
    store: str | None = None

    @classmethod
    def from_environment(cls, folder: Path) -> Settings:
        cors = tuple(os.environ.get("TIANWEN_CORS", "").replace(",", " ").split())
        return cls(
            folder,
            os.environ.get("TIANWEN_ENCODER"),
            os.environ.get("TIANWEN_ADMIN"),
            cors=cors,
            store=os.environ.get("TIANWEN_STORE") or None,
        )


def _opened(settings: Settings, policies: Mapping[str, Policy]) -> Store:
    if settings.store is None:
        return SQLiteStore(settings.folder / "tianwen.sqlite3", policies)
    return open_store(settings.store, policies, settings.folder / "couchdb-index.sqlite3")


class Deployment:
    """The parts of a running service. `open` for commands; `start` and `stop` around a server's life."""

    def __init__(self, settings: Settings) -> None:
        folder = settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.programme: Programme = load_programme(settings.programme)
        self.vault = Vault(folder / "secret.key")
        self.accounts = Accounts(folder, self.vault)
        self.sessions = Sessions(self.accounts.tables, self.accounts)
        self.audit = Audit(folder)
        policy = DomainPolicy(self.accounts, self.programme, settings.now)
        self.store: Store = _opened(settings, {DATABASE: policy})
        self.database: Database = self.store.database(DATABASE)
        self.consultations = Consultations(folder, self.database, self.programme)
        self.actions = Actions(self.database, self.consultations, self.accounts, self.programme)
        self.finder = FinderService(
            folder / "index", settings.encoder, self.database, self.consultations, self.programme
        )
        self.packs = Packs(folder / "packs", self.consultations, self.programme)
        if settings.administrator:
            name, _, password = settings.administrator.partition(":")
            self.accounts.ensure_administrator(name, password, self.programme.county)

    def start(self) -> None:
        """Begin to follow the store, and to load find similar in the background."""
        self.consultations.start()
        self.finder.start(asyncio.get_running_loop())

    def close(self) -> None:
        """Stop the threads, then the files. What was acknowledged is on disk already."""
        self.packs.close()
        self.finder.close()
        self.consultations.close()
        self.store.close()
        self.audit.close()
        self.accounts.close()

    def __enter__(self) -> Deployment:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
