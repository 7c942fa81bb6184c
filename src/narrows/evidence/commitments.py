"""The hashes that evidence rests on. Pure functions of bytes; what they are stored in is not known here."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

SALT_BYTES: Final = 16
_LEAF: Final = b"\x00"
_LIST: Final = b"\x02"


def commit(salt: bytes, data: bytes) -> bytes:
    """HMAC-SHA256(salt, data): says nothing of the data once the salt is destroyed."""
    return hmac.digest(salt, data, "sha256")


def commit_list(commitments: Sequence[bytes]) -> bytes:
    """One hash over an ordered list of commitments: SHA-256(0x02 ‖ c0 ‖ c1 ‖ …).

    A request names its whole history each turn; through this, the entry of turn n is as short as that of turn 1.
    """
    return hashlib.sha256(_LIST + b"".join(commitments)).digest()


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of a log entry's canonical bytes, RFC 6962 §2.1: SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(_LEAF + entry).digest()
