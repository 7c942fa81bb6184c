"""Stand-ins with a way back, for one call: the model sees `[US_SSN:kbtfr…]`, and the caller gets what it stands for.

A stand-in is a keyed hash of the principal, the entity and the value as it was written. So it is the same in every turn
of a conversation and each time the value comes up, and another principal's is another. What it stands for is known only
from the texts of the call at hand: who did not send a value is never given it, whatever stand-in a model writes.
`restoring` is the way back.
"""

import hashlib
from typing import Final

from narrows.masking import standins
from narrows.model.originals import Originals

_PURPOSE: Final = b"narrows token"


class Tokens:
    """Makes the stand-ins of one call, and keeps what they stand for."""

    __slots__ = ("_made", "originals")

    def __init__(self, key: bytes, principal: str) -> None:
        """`key`: 16 to 64 bytes; `principal`: whose call it is."""
        if not 16 <= len(key) <= 64:
            raise ValueError("tokens need a key of 16 to 64 bytes")
        owner = principal.encode("utf-8", "surrogatepass")
        self._made = hashlib.blake2b(b"%d:%b" % (len(owner), owner), digest_size=16, key=key, person=_PURPOSE)
        self.originals = Originals()

    def stand_in(self, entity: str, value: str) -> str:
        """The stand-in of a value. What is no text, because half a character is missing, can't be given back."""
        made = self._made.copy()
        made.update(entity.encode() + b"\0" + value.encode("utf-8", "surrogatepass"))
        token = standins.token(entity, made.digest())
        if value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value):
            self.originals.add(token, value)
        return token
