"""server/vault.py: protected data (MISSION S1.10, S2.8)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from server.vault import Vault, mask


class TestSealing:
    def test_what_was_sealed_can_be_opened_again_after_a_restart(self, tmp_path: Path) -> None:
        sealed = Vault(tmp_path / "secret.key").seal("138-0000-0001")
        assert Vault(tmp_path / "secret.key").open(sealed) == "138-0000-0001"

    def test_the_sealed_text_does_not_show_what_it_is(self, tmp_path: Path) -> None:
        vault = Vault(tmp_path / "secret.key")
        assert "0000" not in vault.seal("0000")
        assert vault.seal("0000") != vault.seal("0000")

    def test_another_key_does_not_open_it(self, tmp_path: Path) -> None:
        sealed = Vault(tmp_path / "one.key").seal("62220000")
        with pytest.raises(ValueError, match=r"secret\.key"):
            Vault(tmp_path / "two.key").open(sealed)

    def test_a_damaged_seal_is_told_apart_from_a_text(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="another key"):
            Vault(tmp_path / "secret.key").open("138-0000-0001")


class TestBlindIndex:
    def test_the_same_text_is_found_again_and_another_is_not(self, tmp_path: Path) -> None:
        vault = Vault(tmp_path / "secret.key")
        assert vault.blind("13800000001") == Vault(tmp_path / "secret.key").blind("13800000001")
        assert vault.blind("13800000001") != vault.blind("13800000002")

    def test_it_says_nothing_without_the_key(self, tmp_path: Path) -> None:
        one, two = Vault(tmp_path / "one.key"), Vault(tmp_path / "two.key")
        assert one.blind("13800000001") != two.blind("13800000001")


class TestTheKey:
    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        Vault(tmp_path / "secret.key")
        assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0

    def test_a_damaged_key_is_named_rather_than_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "secret.key").write_bytes(b"cut sho")
        with pytest.raises(ValueError, match=r"secret\.key"):
            Vault(tmp_path / "secret.key")
        assert (tmp_path / "secret.key").read_bytes() == b"cut sho"

    def test_those_who_start_at_once_agree_on_one_key(self, tmp_path: Path) -> None:
        path, start, blind = tmp_path / "secret.key", threading.Barrier(8), []

        def begin() -> None:
            start.wait()
            blind.append(Vault(path).blind("13800000001"))

        threads = [threading.Thread(target=begin) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert blind == [Vault(path).blind("13800000001")] * 8
        assert os.listdir(tmp_path) == ["secret.key"]


class TestMask:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("138-0000-0001", "138-****-0001"),
            ("13800000001", "138****0001"),
            ("510726198001011234", "510***********1234"),
            ("admin", "a****"),
            ("1234567", "1******"),
            ("", ""),
        ],
    )
    def test_the_middle_is_hidden(self, text: str, shown: str) -> None:
        assert mask(text) == shown
