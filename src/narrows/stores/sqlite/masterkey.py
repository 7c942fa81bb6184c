"""The master key's file: made once, read at each start, never replaced. What the key does is evidence.sealing's."""

import os
import stat

from narrows.evidence.sealing import KEY_BYTES, MasterKey
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError, create_private


def load_or_create(directory: DataDirectory) -> MasterKey:
    """The gate's way: the key, made on the very first start. Raises DataDirectoryError.

    A key that is missing while journals exist is never made anew: what they hold would be lost without a word.
    """
    path = directory.key_path
    if not path.exists() and not path.is_symlink():
        if directory.journals():
            raise DataDirectoryError(
                f"{path}: missing, but journals exist that can only be read with it; restore it from a backup, "
                "or move the journals away to begin anew"
            )
        _create(directory)
    return load(directory)


def load(directory: DataDirectory) -> MasterKey:
    """The reader's way: the key that is there. Raises DataDirectoryError."""
    path = directory.key_path
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise DataDirectoryError(f"{path}: the master key can't be read: {error.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise DataDirectoryError(f"{path}: not a regular file")
        if status.st_mode & 0o077:
            raise DataDirectoryError(f"{path}: others may read the master key; run `chmod 600 {path}`")
        secret = os.read(descriptor, KEY_BYTES + 1)
    finally:
        os.close(descriptor)
    if len(secret) != KEY_BYTES:
        raise DataDirectoryError(f"{path}: not a master key: it must have exactly {KEY_BYTES} bytes")
    return MasterKey(secret)


def _create(directory: DataDirectory) -> None:
    """Written beside its place and linked into it whole, so that a crash leaves no half key."""
    path = directory.key_path
    draft = path.with_suffix(".new")
    try:
        draft.unlink(missing_ok=True)
        create_private(draft, os.urandom(KEY_BYTES))
        draft.rename(path)
        directory.sync()
    except OSError as error:
        raise DataDirectoryError(f"{path}: the master key can't be made: {error.strerror}") from None
