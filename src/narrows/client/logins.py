"""The sign-ins of a person on this machine: one for each gate, what is known of it, and which one is meant.

Owns the folder `logins`: `<key>.json` says where and who, and holds no token; a vault holds those. `current` names the
last gate that somebody signed in for. A lock a gate keeps two commands from renewing at once: many providers end a
whole sign-in when a refresh token comes twice.
"""

import contextlib
import fcntl
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from narrows.client.failure import SignInFailed
from narrows.client.tokens import Tokens
from narrows.client.vault import FileVault, Vault, system_keyring, write_private
from narrows.model.secret import Secret

_CURRENT: Final = "current"
_SUFFIX: Final = ".json"


class Login(msgspec.Struct, frozen=True):
    """A sign-in. `issuer` and `provider` are as `gate.Issuer` and `provider.Provider` say, in plain data: a command
    that only prints a token need not know them. `at` is in Unix seconds."""

    url: str
    issuer: dict[str, Any]
    provider: dict[str, Any]
    subject: str
    name: str
    at: int
    kept: Literal["file", "keyring"] = "file"
    console: str | None = None
    ca_bundle: str | None = None

    @property
    def key(self) -> str:
        """Its name in files."""
        return key_of(self.url)

    def in_keyring(self) -> "Login":
        """The same, with its tokens in the system's keyring."""
        return msgspec.structs.replace(self, kept="keyring")


def key_of(url: str) -> str:
    """The name of a gate's sign-in in files."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


class Logins:
    """Reads and writes them. Every method raises SignInFailed where files or the keyring can't be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "logins"

    def all(self) -> list[Login]:
        """Every sign-in, the latest last."""
        found = (self._read(path) for path in self._folder.glob(f"*{_SUFFIX}"))
        return sorted((login for login in found if login is not None), key=lambda login: (login.at, login.url))

    def find(self, url: str | None) -> Login | None:
        """The sign-in for a gate, or for the current one."""
        if url is not None:
            return self._read(self._folder / f"{key_of(url)}{_SUFFIX}")
        try:
            key = (self._folder / _CURRENT).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return None
        return self._read(self._folder / f"{key}{_SUFFIX}") if key.isalnum() else None

    def keep(self, login: Login, tokens: Tokens) -> None:
        """Keeps a new sign-in and makes it the current one."""
        before = self.find(login.url)
        if before is not None and before.kept != login.kept:
            self._vault(before).remove(before.key)
        self.renewed(login, tokens)
        write_private(self._folder / f"{login.key}{_SUFFIX}", msgspec.json.format(msgspec.json.encode(login)))
        write_private(self._folder / _CURRENT, login.key.encode())

    def renewed(self, login: Login, tokens: Tokens) -> None:
        """Keeps new tokens of a sign-in."""
        self._vault(login).put(login.key, _packed(tokens))

    def tokens(self, login: Login) -> Tokens | None:
        """Its tokens; None if they are gone."""
        content = self._vault(login).get(login.key)
        if content is None:
            return None
        try:
            return _unpacked(content)
        except (msgspec.MsgspecError, TypeError):
            raise SignInFailed(f"what is kept of the sign-in for {login.url} can't be read; sign in again") from None

    def remove(self, login: Login) -> None:
        """Forgets a sign-in."""
        self._vault(login).remove(login.key)
        for name in (f"{login.key}{_SUFFIX}", f"{login.key}.lock"):
            (self._folder / name).unlink(missing_ok=True)
        left = self.all()
        if self.find(None) is None:
            if left:
                write_private(self._folder / _CURRENT, left[-1].key.encode())
            else:
                (self._folder / _CURRENT).unlink(missing_ok=True)

    @contextlib.contextmanager
    def renewing(self, login: Login) -> Iterator[None]:
        """Within it, no other command renews this sign-in."""
        path = self._folder / f"{login.key}.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise SignInFailed(f"{path}: can't be opened: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _vault(self, login: Login) -> Vault:
        if login.kept == "file":
            return FileVault(self._folder)
        keyring = system_keyring()
        if keyring is None:
            raise SignInFailed("the tokens are in the system's keyring, which can't be used now; sign in again")
        return keyring

    def _read(self, path: Path) -> Login | None:
        try:
            return msgspec.json.decode(path.read_bytes(), type=Login)
        except (OSError, msgspec.MsgspecError):
            return None


def _packed(tokens: Tokens) -> bytes:
    return msgspec.json.encode(
        {
            "access": tokens.access.reveal(),
            "expires": tokens.expires,
            "received": tokens.received,
            "refresh": None if tokens.refresh is None else tokens.refresh.reveal(),
        }
    )


def _unpacked(content: bytes) -> Tokens:
    return msgspec.json.decode(content, type=Tokens, dec_hook=_secret)


def _secret(kind: type, value: object) -> Secret:
    if kind is not Secret or not isinstance(value, str):
        raise TypeError("not a secret")
    return Secret(value)
