"""The hashes that evidence rests on. Pure functions of bytes; what they are stored in is not known here."""

from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Final

SALT_BYTES: Final = 16
LEAF_BYTES: Final = 32
_LEAF: Final = b"\x00"
_LIST: Final = b"\x02"


def digest(data: bytes) -> bytes:
    """BLAKE2b-256 (RFC 7693) of a content: the one time that its bytes are hashed, at half of SHA-256's cost. Not to
    be stored: whoever guesses a text could see from it that the guess is right."""
    return blake2b(data, digest_size=32).digest()


def commit(salt: bytes, data: bytes) -> bytes:
    """BLAKE2b-256(BLAKE2b-256(data)) keyed by the salt, a MAC as HMAC is: says nothing of the data once the salt is
    destroyed."""
    return commit_digest(salt, digest(data))


def commit_digest(salt: bytes, digest: bytes) -> bytes:
    """The same commitment, of a content whose digest is known."""
    return blake2b(digest, digest_size=32, key=salt).digest()


def commit_list(commitments: Sequence[bytes]) -> bytes:
    """One hash over an ordered list of commitments: SHA-256(0x02 ‖ c0 ‖ c1 ‖ …).

    A request names its whole history each turn; through this, the entry of turn n is as short as that of turn 1.
    """
    return sha256(_LIST + b"".join(commitments)).digest()


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of a log entry's canonical bytes, RFC 6962 §2.1: SHA-256(0x00 ‖ entry)."""
    return sha256(_LEAF + entry).digest()
