"""Tokens are kept where only their owner reads them, and are not read from where others could have."""

import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from narrows.client.failure import SignInFailed
from narrows.client.vault import FileVault, KeyringVault, Vault, system_keyring, write_private
from unit.client.world import modes


class _Errors:
    class KeyringError(Exception): ...

    class PasswordDeleteError(KeyringError): ...


class Ring(ModuleType):
    """The package `keyring`, with its passwords in memory."""

    errors = _Errors

    def __init__(self, priority: float = 5) -> None:
        super().__init__("keyring")
        self.passwords: dict[tuple[str, str], str] = {}
        self.locked = False
        self._priority = priority

    def get_keyring(self) -> Any:
        return SimpleNamespace(priority=self._priority)

    def get_password(self, service: str, name: str) -> str | None:
        if self.locked:
            raise _Errors.KeyringError("locked")
        return self.passwords.get((service, name))

    def set_password(self, service: str, name: str, value: str) -> None:
        if self.locked:
            raise _Errors.KeyringError("locked")
        self.passwords[service, name] = value

    def delete_password(self, service: str, name: str) -> None:
        if (service, name) not in self.passwords:
            raise _Errors.PasswordDeleteError("not found")
        del self.passwords[service, name]


@pytest.mark.parametrize("kind", ["file", "keyring"])
def test_what_is_put_is_there_until_it_is_removed(kind: str, tmp_path: Path) -> None:
    vault: Vault = FileVault(tmp_path / "logins") if kind == "file" else KeyringVault(Ring())
    assert vault.get("a") is None
    vault.put("a", b"one")
    vault.put("a", b"two")
    vault.put("b", b"three")
    assert (vault.get("a"), vault.get("b")) == (b"two", b"three")
    vault.remove("a")
    vault.remove("a")
    assert (vault.get("a"), vault.get("b")) == (None, b"three")


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    vault = FileVault(tmp_path / "logins")
    before = os.umask(0)
    try:
        vault.put("a", b"one")
    finally:
        os.umask(before)
    assert modes(tmp_path / "logins") == {0o600}
    assert (tmp_path / "logins").stat().st_mode & 0o777 == 0o700
    (tmp_path / "logins" / "a.secret").chmod(0o640)
    with pytest.raises(SignInFailed, match="chmod 600"):
        vault.get("a")


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("x")
    (tmp_path / "a.secret").symlink_to(tmp_path / "elsewhere")
    vault = FileVault(tmp_path)
    with pytest.raises(SignInFailed, match="can't be read"):
        vault.get("a")
    vault.put("a", b"one")
    assert (tmp_path / "elsewhere").read_text() == "x"
    assert vault.get("a") == b"one"


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SignInFailed, match="can't be written"):
        write_private(tmp_path / "file" / "a", b"")


def test_a_keyring_that_is_locked_is_told() -> None:
    ring = Ring()
    ring.locked = True
    vault = KeyringVault(ring)
    for ask in (lambda: vault.get("a"), lambda: vault.put("a", b"")):
        with pytest.raises(SignInFailed, match="locked"):
            ask()


@pytest.mark.parametrize(("priority", "taken"), [(5, True), (1, True), (0.5, False), (0, False)])
def test_only_a_keyring_that_its_authors_recommend_is_used(
    monkeypatch: pytest.MonkeyPatch, priority: float, taken: bool
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", Ring(priority))
    assert (system_keyring() is not None) is taken


def test_without_the_package_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert system_keyring() is None
