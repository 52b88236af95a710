"""server/accounts.py: people, passwords, locks (MISSION S1.9, S1.10)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from argon2 import PasswordHasher

from server.accounts import Accounts, NewPerson, Person, password_fault
from server.deployment import Deployment, Settings
from server.errors import LoginRefused, Unacceptable
from server.vault import Vault

PHONE, PASSWORD = "138-0000-7001", "first password"
NOBODY = "138-0000-7999"
VILLAGE, COUNTY = "510726105201", "510726000000"


class Clock:
    """A moment that tests move on."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 5, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(tmp_path: Path, clock: Clock) -> Iterator[Accounts]:
    accounts = Accounts(tmp_path, Vault(tmp_path / "secret.key"), clock)
    accounts.add([NewPerson(PHONE, PASSWORD, "周演示", "informant", VILLAGE)])
    yield accounts
    accounts.close()


@pytest.fixture
def somebody(accounts: Accounts) -> Person:
    return accounts.login(PHONE, PASSWORD)


def refused(accounts: Accounts, login: str, password: str = "wrong") -> LoginRefused:
    with pytest.raises(LoginRefused) as caught:
        accounts.login(login, password)
    return caught.value


def deactivate(accounts: Accounts, person: Person) -> None:
    with accounts.tables.transaction() as connection:
        connection.execute("UPDATE people SET active = 0 WHERE id = ?", (person.id,))


class TestLogin:
    @pytest.mark.parametrize("written", ["13800007001", "138 0000 7001", "１３８-００００-７００１", PHONE])
    def test_a_phone_number_may_be_written_in_any_way(self, accounts: Accounts, written: str) -> None:
        assert accounts.login(written, PASSWORD).name == "周演示"

    def test_the_phone_is_shown_masked(self, somebody: Person) -> None:
        assert somebody.phone_masked == "138-****-7001"

    def test_tries_are_counted_down_and_then_the_login_is_locked(self, accounts: Accounts) -> None:
        assert [refused(accounts, PHONE).tries_left for _ in range(4)] == [4, 3, 2, 1]
        last = refused(accounts, PHONE)
        assert (last.status, last.error) == (429, "locked")
        assert "15 分钟" in last.reason

    def test_the_right_password_does_not_open_a_locked_login(self, accounts: Accounts) -> None:
        accounts.login(PHONE, PASSWORD)
        for _ in range(5):
            refused(accounts, PHONE)
        assert refused(accounts, PHONE, PASSWORD).status == 429

    def test_it_opens_again_after_a_quarter_of_an_hour(self, accounts: Accounts, clock: Clock) -> None:
        for _ in range(5):
            refused(accounts, PHONE)
        clock.moment += timedelta(minutes=14, seconds=30)
        assert "1 分钟" in refused(accounts, PHONE, PASSWORD).reason
        clock.moment += timedelta(minutes=2)
        assert accounts.login(PHONE, PASSWORD).name == "周演示"

    def test_after_a_lock_there_are_five_tries_again(self, accounts: Accounts, clock: Clock) -> None:
        for _ in range(5):
            refused(accounts, PHONE)
        clock.moment += timedelta(minutes=16)
        assert refused(accounts, PHONE).tries_left == 4

    def test_the_right_password_clears_the_count(self, accounts: Accounts) -> None:
        for _ in range(3):
            refused(accounts, PHONE)
        accounts.login(PHONE, PASSWORD)
        assert refused(accounts, PHONE).tries_left == 4

    def test_guesses_side_by_side_are_all_counted(self, accounts: Accounts) -> None:
        start, answers = threading.Barrier(6), []

        def guess(number: int) -> None:
            start.wait()
            answers.append(refused(accounts, PHONE, f"guess {number}").status)

        threads = [threading.Thread(target=guess, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers.count(401) == 4
        assert answers.count(429) == 2

    def test_nobody_learns_who_has_an_account(self, accounts: Accounts) -> None:
        gone = accounts.add([NewPerson("138-0000-7002", PASSWORD, "郑演示", "informant", VILLAGE)])[0]
        deactivate(accounts, gone)

        def answers(login: str) -> list[tuple[int, str, object]]:
            refusals = [refused(accounts, login) for _ in range(6)]
            return [(each.status, each.reason, each.details) for each in refusals]

        assert answers(PHONE) == answers(NOBODY) == answers("138-0000-7002")


class TestCredentialsThatCameBefore:
    """Basic credentials come with every request and are checked once; that must not outlive them."""

    def test_not_a_new_password(self, accounts: Accounts, somebody: Person) -> None:
        accounts.change_password(somebody, PASSWORD, "second password")
        assert refused(accounts, PHONE, PASSWORD).tries_left == 4
        assert accounts.login(PHONE, "second password").id == somebody.id

    def test_not_the_person_s_leaving(self, accounts: Accounts, somebody: Person) -> None:
        deactivate(accounts, somebody)
        assert refused(accounts, PHONE, PASSWORD).status == 401

    def test_they_show_the_person_as_they_are_now(self, accounts: Accounts, somebody: Person) -> None:
        with accounts.tables.transaction() as connection:
            connection.execute("UPDATE people SET role = 'township_lead'")
        assert accounts.login(PHONE, PASSWORD).role == "township_lead"


class TestHashing:
    def test_it_is_argon2id_at_the_cost_that_its_authors_recommend(self) -> None:
        """RFC 9106, section 4: the second recommended option."""
        assert PasswordHasher().hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


class TestFirstPassword:
    def test_it_must_be_changed(self, accounts: Accounts, somebody: Person) -> None:
        assert somebody.must_change_password
        assert not accounts.change_password(somebody, PASSWORD, "second password").must_change_password
        assert not accounts.login(PHONE, "second password").must_change_password

    @pytest.mark.parametrize(
        ("new", "fault"),
        [
            ("short", "还差 3 位"),
            (PASSWORD, "和原来的一样"),
            ("13800007001", "手机号"),
            ("138 0000 7001", "手机号"),
            ("11111111", "一样的字"),
            ("x" * 201, "太长"),
        ],
    )
    def test_what_will_not_do(self, accounts: Accounts, somebody: Person, new: str, fault: str) -> None:
        with pytest.raises(Unacceptable, match=fault):
            accounts.change_password(somebody, PASSWORD, new)
        assert accounts.login(PHONE, PASSWORD).must_change_password

    def test_chinese_passwords_will_do(self) -> None:
        assert password_fault("first", "春天里的小苗苗呀", PHONE) is None

    def test_a_wrong_old_password_counts_as_a_try(self, accounts: Accounts, somebody: Person) -> None:
        for left in (4, 3, 2, 1):
            with pytest.raises(LoginRefused) as caught:
                accounts.change_password(somebody, "wrong", "second password")
            assert caught.value.tries_left == left
        assert refused(accounts, PHONE).status == 429


class TestRegistering:
    def test_who_is_known_already_stays_as_they_are(self, accounts: Accounts, somebody: Person) -> None:
        [again] = accounts.add([NewPerson("13800007001", "other password", "别人", "expert", COUNTY)])
        assert again == somebody
        assert accounts.login(PHONE, PASSWORD).name == "周演示"

    def test_an_unknown_role_registers_nobody(self, accounts: Accounts) -> None:
        good = NewPerson("138-0000-7003", PASSWORD, "甲", "expert", COUNTY)
        with pytest.raises(ValueError, match="king"):
            accounts.add([good, NewPerson("138-0000-7004", PASSWORD, "乙", "king", COUNTY)])
        assert accounts.by_login("138-0000-7003") is None

    def test_experts_whom_a_county_may_ask(self, accounts: Accounts) -> None:
        elsewhere = "510727000000"
        accounts.add(
            [
                NewPerson("1", PASSWORD, "本县", "expert", COUNTY),
                NewPerson("2", PASSWORD, "外县", "expert", elsewhere),
                NewPerson("3", PASSWORD, "市里", "expert", elsewhere, level="city"),
                NewPerson("4", PASSWORD, "走了", "expert", COUNTY),
            ]
        )
        gone = accounts.by_login("4")
        assert gone is not None
        deactivate(accounts, gone)
        assert {expert.name for expert in accounts.experts(COUNTY)} == {"本县", "市里"}

    def test_people_are_listed_in_pages(self, accounts: Accounts) -> None:
        accounts.add([NewPerson(f"p{n}", PASSWORD, f"人{n}", "informant", VILLAGE) for n in range(7)])
        seen: list[str] = []
        while page := accounts.people("informant", COUNTY, limit=3, after=seen[-1] if seen else ""):
            seen += [person.id for person in page]
        assert len(seen) == len(set(seen)) == 8
        assert accounts.people("informant", "510727000000") == []


class TestAdministratorFromTheEnvironment:
    """TIANWEN_ADMIN creates that administrator, or resets the password."""

    def open(self, folder: Path, administrator: str) -> Deployment:
        return Deployment(Settings(folder, administrator=administrator))

    def test_it_creates_and_resets(self, tmp_path: Path) -> None:
        with self.open(tmp_path, "admin:one:two") as deployment:
            person = deployment.accounts.login("Admin", "one:two")
            assert (person.role, person.must_change_password) == ("administrator", False)
        with self.open(tmp_path, "admin:three") as deployment:
            assert refused(deployment.accounts, "admin", "one:two").status == 401
            assert deployment.accounts.login("admin", "three").id == person.id

    def test_it_opens_a_lock(self, tmp_path: Path) -> None:
        with self.open(tmp_path, "admin:one") as deployment:
            for _ in range(5):
                refused(deployment.accounts, "admin")
        with self.open(tmp_path, "admin:one") as deployment:
            assert deployment.accounts.login("admin", "one").role == "administrator"

    @pytest.mark.parametrize("broken", ["admin", "admin:", ":password"])
    def test_nobody_gets_an_empty_password(self, tmp_path: Path, broken: str) -> None:
        with pytest.raises(ValueError, match="TIANWEN_ADMIN"):
            self.open(tmp_path, broken)


class TestProtectedData:
    FIELDS: ClassVar = {
        "id_number": "510726198001011234",
        "bank_card": "6222000011112222",
        "village": "青坪村三组",
    }

    def test_the_roster_s_fields_come_back(self, accounts: Accounts, somebody: Person) -> None:
        assert accounts.complete_profile(somebody, self.FIELDS).profile_complete
        accounts.complete_profile(somebody, {"village": "青坪村四组"})
        assert accounts.profile(somebody) == {**self.FIELDS, "village": "青坪村四组"}

    @pytest.mark.parametrize("fields", [{"salary": "1"}, {"village": 3}, {"village": "长" * 101}])
    def test_what_the_roster_does_not_have(
        self, accounts: Accounts, somebody: Person, fields: dict[str, object]
    ) -> None:
        with pytest.raises(Unacceptable):
            accounts.complete_profile(somebody, fields)
        assert accounts.profile(somebody) == {}

    def test_the_files_hold_neither_phones_nor_profiles(
        self, accounts: Accounts, somebody: Person, tmp_path: Path
    ) -> None:
        accounts.complete_profile(somebody, self.FIELDS)
        assert accounts.phone(somebody.id) == PHONE
        raw = b"".join(path.read_bytes() for path in tmp_path.glob("accounts.sqlite3*"))
        assert "周演示".encode() in raw
        for secret in (PHONE, "13800007001", "0000-7001", PASSWORD, *self.FIELDS.values()):
            assert secret.encode() not in raw


class TestWhatPeopleMayRead:
    def test_channels_follow_role_and_place(self, known: Callable[[str], Person]) -> None:
        informant, lead = known("informant"), known("township_lead")
        assert informant.channels == {f"person:{informant.id}", f"notice:{COUNTY}"}
        assert "region:510726105000" in lead.channels
        assert f"region:{COUNTY}" in known("centre").channels
