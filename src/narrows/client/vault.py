"""Where tokens are kept between two commands: a file that only its owner may read, or the system's keyring.

A vault keeps bytes under a name. It is never asked to show them to anyone but this program.
"""

import contextlib
import importlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

from narrows.client.failure import SignInFailed
from narrows.stores.sqlite.directory import create_private

SERVICE: Final = "narrows"
_OTHERS: Final = 0o077
_RECOMMENDED: Final = 1.0
"""The least priority of a keyring that its authors recommend; files in plain text and the like have less."""

_LIMIT: Final = 1024 * 1024


class Vault(Protocol):
    """Raises SignInFailed where it can't do what it says."""

    def get(self, name: str) -> bytes | None:
        """What is kept under a name."""

    def put(self, name: str, content: bytes) -> None:
        """Keeps it, durably, in place of what was there."""

    def remove(self, name: str) -> None:
        """Forgets it. Idempotent."""


def write_private(path: Path, content: bytes) -> None:
    """Puts a whole and durable file in its place, that only its owner may read. Raises SignInFailed."""
    draft = path.with_suffix(f".{os.getpid()}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            draft.unlink()
        create_private(draft, content)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise SignInFailed(f"{path}: can't be written: {error.strerror}") from None


class FileVault:
    """A file a name, in a folder that only its owner may enter."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> bytes | None:
        path = self._path(name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SignInFailed(f"{path}: can't be read: {error.strerror}") from None
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise SignInFailed(f"{path}: is not a file of your own")
            if status.st_mode & _OTHERS:
                raise SignInFailed(f"{path}: others may read your tokens; run `chmod 600 {path}`, and sign in again")
            return file.read(_LIMIT)

    def put(self, name: str, content: bytes) -> None:
        write_private(self._path(name), content)

    def remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.secret"


class KeyringVault:
    """The keyring of the system, by the package `keyring`."""

    def __init__(self, module: Any) -> None:
        self._module = module

    def get(self, name: str) -> bytes | None:
        found = self._ask(lambda: self._module.get_password(SERVICE, name))
        return None if found is None else str(found).encode()

    def put(self, name: str, content: bytes) -> None:
        self._ask(lambda: self._module.set_password(SERVICE, name, content.decode()))

    def remove(self, name: str) -> None:
        with contextlib.suppress(self._module.errors.PasswordDeleteError):
            self._ask(lambda: self._module.delete_password(SERVICE, name))

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except self._module.errors.PasswordDeleteError:
            raise
        except self._module.errors.KeyringError as error:
            raise SignInFailed(f"the keyring does not do what it is asked: {error}") from None


def system_keyring() -> KeyringVault | None:
    """The system's keyring, if `keyring` is installed and has one that its authors recommend."""
    try:
        module = importlib.import_module("keyring")
    except ImportError:
        return None
    priority = getattr(module.get_keyring(), "priority", 0)
    return KeyringVault(module) if isinstance(priority, int | float) and priority >= _RECOMMENDED else None
