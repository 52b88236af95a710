"""A county for the fleet: people with accounts and device tokens, made before the server first starts."""

from __future__ import annotations

import random
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from models.access import ADMINISTRATOR, CENTRE, EXPERT, INFORMANT, TOWNSHIP_LEAD, channels_of
from models.programme import load_programme
from models.regions import township_of
from server.accounts import Accounts, NewPerson
from server.sessions import Sessions
from server.vault import Vault

PASSWORD = "fleet of phones"
PROGRAMME = load_programme("beichuan")


@dataclass(frozen=True)
class Member:
    """Somebody with a phone: their account, and the token and name of the device."""

    id: str
    login: str
    name: str
    role: str
    region: str
    token: str
    device: str

    @property
    def channels(self) -> frozenset[str]:
        return channels_of(self.id, self.role, self.region)


class County:
    """The people of one deployment. `members` are as they are now: roles and places change."""

    def __init__(self, folder: Path, phones: int, random_source: random.Random) -> None:
        self._folder = folder
        self._random = random_source
        self.villages = [village.code for township in PROGRAMME.townships for village in township.villages]
        folder.mkdir(parents=True, exist_ok=True)
        accounts = Accounts(folder, Vault(folder / "secret.key"))
        sessions = Sessions(accounts.tables, accounts)
        self.members: dict[str, Member] = {}
        roles = [*self._roles(phones), ADMINISTRATOR]
        newcomers = [self._newcomer(number, role) for number, role in enumerate(roles)]
        for newcomer, person in zip(newcomers, accounts.add(newcomers), strict=True):
            token, device = sessions.begin(person, "device", "fleet")
            member = Member(person.id, newcomer.login, person.name, person.role, person.region, token, device)
            self.members[person.id] = member
        accounts.close()
        self.administrator = next(each for each in self.members.values() if each.role == ADMINISTRATOR)
        self.experts = [each for each in self.members.values() if each.role == EXPERT]

    def _roles(self, phones: int) -> list[str]:
        """Of a hundred: two at the centre at most, eight experts, ten who lead a township."""
        centre = min(5, max(2, phones // 50))
        experts, leads = max(3, phones * 8 // 100), max(3, phones // 10)
        named = [CENTRE] * centre + [EXPERT] * experts + [TOWNSHIP_LEAD] * leads
        return named + [INFORMANT] * (phones - len(named))

    def _newcomer(self, number: int, role: str) -> NewPerson:
        village = self._random.choice(self.villages)
        region = {INFORMANT: village, TOWNSHIP_LEAD: township_of(village)}.get(role, PROGRAMME.county)
        return NewPerson(
            f"139{number:08d}", PASSWORD, f"第{number}人", role, region, must_change_password=False
        )

    def move(self, member: Member) -> Member:
        """A lead gets another township or becomes an informant again; an informant moves, or leads."""
        village = self._random.choice(self.villages)
        role = self._random.choice([INFORMANT, TOWNSHIP_LEAD])
        moved = replace(member, role=role, region=township_of(village) if role == TOWNSHIP_LEAD else village)
        with sqlite3.connect(self._folder / "accounts.sqlite3", timeout=30) as connection:
            connection.execute(
                "UPDATE people SET role = ?, region = ? WHERE id = ?", (moved.role, moved.region, moved.id)
            )
        connection.close()
        self.members[member.id] = moved
        return moved
