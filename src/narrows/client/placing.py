"""Writing a tool's settings file: a backup first, whole or not at all, with the permissions that it had."""

import contextlib
import os
import time
from collections.abc import Set as AbstractSet
from pathlib import Path

from narrows.client.failure import SignInFailed
from narrows.client.merging import NotMerged, merged


def place(path: Path, kind: str, text: str, kept: AbstractSet[str] = frozenset()) -> Path | None:
    """Puts settings into the file at `path`, as `merged` does; the backup of what was there, None where there was
    nothing. Raises SignInFailed, and AlreadyThere where they are in it."""
    target = path.resolve()
    old = _read(target)
    try:
        fresh = merged(kind, old or "", text, kept)
    except NotMerged as problem:
        raise SignInFailed(f"{path} is left alone: {problem}; put these settings into it yourself:\n\n{text}") from None
    if fresh == old:
        raise AlreadyThere(str(path))
    backup = None if old is None else _backed_up(target)
    draft = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = 0o600 if old is None else target.stat().st_mode & 0o777
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(fresh)
            file.flush()
            os.fsync(descriptor)
        draft.chmod(mode)
        draft.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise SignInFailed(f"{path} can't be written: {error.strerror}") from None
    return backup


class AlreadyThere(Exception):
    """The settings are in the file already."""


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SignInFailed(f"{path} can't be read: {error}") from None


def _backed_up(path: Path) -> Path:
    """A copy beside it that nobody else may read more of than the file itself."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(100):
        backup = path.with_name(f"{path.name}.before-narrows-{stamp}" + (f"-{number}" if number else ""))
        try:
            descriptor = os.open(backup, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        except OSError as error:
            raise SignInFailed(f"{backup} can't be written, so {path} is left alone: {error.strerror}") from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(path.read_bytes())
        return backup
    raise SignInFailed(f"{path} has a hundred backups of this second; it is left alone")
