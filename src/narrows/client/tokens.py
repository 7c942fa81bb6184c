"""Tokens as they are kept: secrets with an end, by this machine's clock."""

import base64
import binascii
from typing import Final

import msgspec

from narrows.identity.documents import Json, strict_object
from narrows.model.secret import Secret

_EARLY: Final = 300
_SHARE: Final = 5
"""A token is renewed that many seconds before it ends, or with a fifth of its life left if that is less."""


class Tokens(msgspec.Struct, frozen=True):
    """`access` is what the gate is sent; `id_token` is used once and not kept. Times are Unix seconds."""

    access: Secret
    expires: int
    received: int
    refresh: Secret | None = None
    id_token: Secret | None = None

    def due(self, now: int) -> bool:
        """Whether it should be renewed."""
        return self.expires - now <= min(_EARLY, (self.expires - self.received) // _SHARE)

    def ended(self, now: int) -> bool:
        """Whether nobody takes it any more."""
        return self.expires <= now


def claims_of(token: Secret) -> Json | None:
    """What a JWT says, nothing of it verified; None for any other token."""
    parts = token.reveal().split(".")
    if len(parts) != 3:
        return None
    try:
        return strict_object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return None
