"""People and their passwords (MISSION S1.9, S1.10).

Login is the phone number, found by its blind index; the number itself is sealed. The first password must be
changed before anything else works. Passwords are kept as argon2id.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from models.access import ROLES, channels_of
from models.ids import new_ulid
from server.errors import Unacceptable
from server.tables import Tables
from server.tries import TRIES_SCHEMA, Tries, utc_now
from server.vault import Vault, mask

PASSWORD_LENGTH = 8
CHECKS_AT_ONCE = 4
PROFILE_FIELDS = ("sex", "birth_date", "work_unit", "email", "village", "id_number", "bank_card")

MIGRATIONS = [
    """
    CREATE TABLE people (
      id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, phone TEXT NOT NULL, name TEXT NOT NULL,
      role TEXT NOT NULL, region TEXT NOT NULL, title TEXT NOT NULL, industries TEXT NOT NULL,
      level TEXT NOT NULL, active INTEGER NOT NULL DEFAULT 1, password TEXT NOT NULL,
      must_change INTEGER NOT NULL, profile TEXT NOT NULL, profile_complete INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0, locked_until TEXT, created TEXT NOT NULL
    ) STRICT;
    CREATE INDEX people_by_role ON people(role, region);
    """,
    TRIES_SCHEMA,
]


@dataclass(frozen=True)
class Person:
    """Somebody with an account. `region` is the 12-digit code of the place that they are responsible for;
    `level` grades experts: county, city or province."""

    id: str
    name: str
    role: str
    region: str
    title: str = ""
    industries: tuple[str, ...] = ()
    level: str = "county"
    active: bool = True
    must_change_password: bool = True
    profile_complete: bool = False
    phone_masked: str = ""

    @property
    def channels(self) -> frozenset[str]:
        return channels_of(self.id, self.role, self.region)


@dataclass(frozen=True)
class NewPerson:
    """What the county centre registers (MISSION S1.9). `login` is a phone number, or a machine's name."""

    login: str
    password: str
    name: str
    role: str
    region: str
    title: str = ""
    industries: tuple[str, ...] = ()
    level: str = "county"
    must_change_password: bool = True


class Accounts:
    """The accounts of a deployment, in `accounts.sqlite3`. `now` is the clock of locks."""

    def __init__(self, folder: Path, vault: Vault, now: Callable[[], datetime] = utc_now) -> None:
        self._tables = Tables(folder / "accounts.sqlite3", MIGRATIONS)
        self._tries = Tries(self._tables, now)
        self._vault = vault
        self._hasher = PasswordHasher()
        # Each check takes 64 MiB: a county that logs in at eight in the morning must not fill the memory.
        self._checking = threading.Semaphore(CHECKS_AT_ONCE)
        # A phone's basic credentials come with every request; argon2 takes 50 ms each time.
        self._known: dict[str, tuple[str, str]] = {}
        self._known_lock = threading.Lock()

    @property
    def tables(self) -> Tables:
        return self._tables

    def close(self) -> None:
        self._tables.close()

    def add(self, people: Sequence[NewPerson]) -> list[Person]:
        """Register people; those whose login exists already are left as they are. Returns all of them."""
        hashes: dict[str, str] = {}
        # Lists of people go by id: those who are registered together stay in their order.
        identifiers = sorted(new_ulid() for _ in people)
        with self._tables.transaction() as connection:
            for identifier, person in zip(identifiers, people, strict=True):
                if person.role not in ROLES:
                    raise ValueError(f"no such role: {person.role}")
                known = connection.execute(
                    "SELECT 1 FROM people WHERE login = ?", (self._login(person.login),)
                ).fetchone()
                if not known:
                    # Demo people share one first password: hash each distinct one once.
                    if person.password not in hashes:
                        hashes[person.password] = self._hasher.hash(person.password)
                    self._insert(connection, identifier, person, hashes[person.password])
        return [found for person in people if (found := self.by_login(person.login))]

    def _insert(
        self, connection: sqlite3.Connection, identifier: str, person: NewPerson, secret: str
    ) -> None:
        connection.execute(
            "INSERT INTO people (id, login, phone, name, role, region, title, industries, level, password,"
            " must_change, profile, created) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                identifier, self._login(person.login), self._vault.seal(person.login), person.name,
                person.role, person.region, person.title,
                json.dumps(person.industries, ensure_ascii=False), person.level, secret,
                int(person.must_change_password), self._vault.seal("{}"), utc_now().isoformat(),
            ),
        )  # fmt: skip

    def ensure_administrator(self, login: str, password: str, region: str) -> Person:
        """Create that administrator, or reset the password (TIANWEN_ADMIN). ValueError where one is empty."""
        if not login or not password:
            raise ValueError("管理员要写成 名字:密码（TIANWEN_ADMIN）。")
        self.add([NewPerson(login, password, login, "administrator", region, must_change_password=False)])
        with self._tables.transaction() as connection:
            connection.execute(
                "UPDATE people SET password = ?, role = 'administrator', active = 1, must_change = 0"
                " WHERE login = ?",
                (self._hasher.hash(password), self._login(login)),
            )
        self._tries.clear(self._login(login))
        found = self.by_login(login)
        assert found is not None
        return found

    def person(self, identifier: str) -> Person | None:
        row = self._tables.row("SELECT * FROM people WHERE id = ?", identifier)
        return self._person(row) if row else None

    def by_login(self, login: str) -> Person | None:
        row = self._tables.row("SELECT * FROM people WHERE login = ?", self._login(login))
        return self._person(row) if row else None

    def people(
        self, role: str | None = None, county: str | None = None, limit: int = 100, after: str = ""
    ) -> list[Person]:
        """People by id after `after`, of a role and within a county (12 digits) where given."""
        rows = self._tables.rows(
            "SELECT * FROM people WHERE id > ?1 AND (?2 IS NULL OR role = ?2)"
            " AND (?3 IS NULL OR substr(region, 1, 6) = substr(?3, 1, 6)) ORDER BY id LIMIT ?4",
            after, role, county, limit,
        )  # fmt: skip
        return [self._person(row) for row in rows]

    def experts(self, county: str) -> list[Person]:
        """Active experts whom a county may ask: its own, and those graded city or province."""
        rows = self._tables.rows(
            "SELECT * FROM people WHERE role = 'expert' AND active = 1 AND"
            " (substr(region, 1, 6) = substr(?1, 1, 6) OR level <> 'county') ORDER BY id",
            county,
        )
        return [self._person(row) for row in rows]

    def phone(self, identifier: str) -> str:
        """The unmasked phone number. Whoever shows it writes it into the audit log."""
        row = self._tables.row("SELECT phone FROM people WHERE id = ?", identifier)
        return self._vault.open(row["phone"]) if row else ""

    def login(self, login: str, password: str) -> Person:
        """The person with these credentials; LoginRefused with what is left to try.

        Nobody learns who has an account: a login that nobody has takes as long and is locked as soon.
        """
        blind = self._login(login)
        self._tries.refuse_while_locked(blind)
        cached = self._cached(login, password)
        if cached is not None:
            return cached
        row = self._tables.row("SELECT * FROM people WHERE login = ?", blind)
        if not self._verified(row, password) or row is None or not row["active"]:
            raise self._tries.count(blind)
        # Other guesses may have locked the login while this one was being checked.
        self._tries.refuse_while_locked(blind)
        self._tries.clear(blind)
        self._remember(login, password, row)
        return self._person(row)

    def _verified(self, row: sqlite3.Row | None, password: str) -> bool:
        with self._checking:
            if row is None:
                self._hasher.hash(password)
                return False
            try:
                return self._hasher.verify(row["password"], password)
            except (VerificationError, InvalidHashError):
                return False

    def change_password(self, person: Person, old: str, new: str) -> Person:
        """Set a new password; Unacceptable with what is wrong with it."""
        row = self._tables.row("SELECT * FROM people WHERE id = ?", person.id)
        assert row is not None
        self._tries.refuse_while_locked(row["login"])
        if not self._verified(row, old):
            raise self._tries.count(row["login"])
        fault = password_fault(old, new, self._vault.open(row["phone"]))
        if fault:
            raise Unacceptable(fault)
        with self._tables.transaction() as connection:
            connection.execute(
                "UPDATE people SET password = ?, must_change = 0 WHERE id = ?",
                (self._hasher.hash(new), person.id),
            )
        self._tries.clear(row["login"])
        return replace(person, must_change_password=False)

    def complete_profile(self, person: Person, fields: Mapping[str, Any]) -> Person:
        """Add fields of the roster (MISSION S1.10); they are sealed. Unknown fields are Unacceptable."""
        unknown = set(fields) - set(PROFILE_FIELDS)
        if unknown:
            raise Unacceptable(f"没有这一项：{sorted(unknown)[0][:40]}")
        if any(not isinstance(value, str) or len(value) > 100 for value in fields.values()):
            raise Unacceptable("每一项最多写 100 个字。")
        row = self._tables.row("SELECT profile FROM people WHERE id = ?", person.id)
        assert row is not None
        known = {**json.loads(self._vault.open(row["profile"])), **fields}
        with self._tables.transaction() as connection:
            connection.execute(
                "UPDATE people SET profile = ?, profile_complete = 1 WHERE id = ?",
                (self._vault.seal(json.dumps(known, ensure_ascii=False)), person.id),
            )
        return replace(person, profile_complete=True)

    def profile(self, person: Person) -> dict[str, str]:
        row = self._tables.row("SELECT profile FROM people WHERE id = ?", person.id)
        opened: dict[str, str] = json.loads(self._vault.open(row["profile"])) if row else {}
        return opened

    def _login(self, login: str) -> str:
        return self._vault.blind(normal_login(login))

    def _person(self, row: sqlite3.Row) -> Person:
        return Person(
            id=row["id"], name=row["name"], role=row["role"], region=row["region"], title=row["title"],
            industries=tuple(json.loads(row["industries"])), level=row["level"], active=bool(row["active"]),
            must_change_password=bool(row["must_change"]), profile_complete=bool(row["profile_complete"]),
            phone_masked=mask(self._vault.open(row["phone"])),
        )  # fmt: skip

    def _cached(self, login: str, password: str) -> Person | None:
        with self._known_lock:
            found = self._known.get(_digest(login, password))
        if found is None:
            return None
        row = self._tables.row("SELECT * FROM people WHERE id = ?", found[0])
        valid = row is not None and row["active"] and row["password"] == found[1]
        return self._person(row) if row is not None and valid else None

    def _remember(self, login: str, password: str, row: sqlite3.Row) -> None:
        with self._known_lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[_digest(login, password)] = (row["id"], row["password"])


def normal_login(login: str) -> str:
    """A phone number without blanks and hyphens, in ASCII digits (a Chinese keyboard may write １３８);
    names of machines in lower case."""
    plain = unicodedata.normalize("NFKC", login).lower()
    return "".join(character for character in plain if character not in " -\t")


def password_fault(old: str, new: str, phone: str) -> str | None:
    """What is wrong with a new password, as a sentence; None where it will do."""
    if len(new) < PASSWORD_LENGTH:
        return f"新密码要 {PASSWORD_LENGTH} 位以上，还差 {PASSWORD_LENGTH - len(new)} 位。"
    if len(new) > 200:
        return "新密码太长了，最多 200 位。"
    if new == old:
        return "新密码不能和原来的一样。"
    if normal_login(new) == normal_login(phone):
        return "密码不能就是手机号。"
    if len(set(new)) == 1:
        return "密码不能全是一样的字。"
    return None


def _digest(login: str, password: str) -> str:
    return hashlib.sha256(f"{normal_login(login)}\x1f{password}".encode()).hexdigest()
