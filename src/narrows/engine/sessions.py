"""Session ids: which calls belong to one conversation or one client run.

A declared `Narrows-Session` wins. Without one, a conversation is known by how it begins: agents send the whole history
again on every turn, so the first system and user texts stay. Without texts, one client run is one session. Ids are
keyed, so that a record tells nothing of a prompt once its content is erased, and scoped to the principal, so that
nobody can join another's session.
"""

import struct
from hashlib import blake2b, sha256
from typing import Final

from narrows.model.call import Asked, Source
from narrows.model.principal import Identity
from narrows.model.text import Role

_OPENING: Final = 512
"""Characters of each opening text that take part, beside its length."""

_DIGITS: Final = 24
_SYSTEM: Final = Role.SYSTEM
_USER: Final = Role.USER
_lengths: Final = struct.Struct(">5Q").pack


class SessionIds:
    """Derives session ids under a key of the data directory: SHA-256 behind a secret block, of which less than a half
    is shown. Processors compute it themselves, at half of the cost of a keyed BLAKE2b."""

    __slots__ = ("_conversation", "_declared", "_run")

    def __init__(self, key: bytes) -> None:
        self._declared = blake2b(key=key, person=b"declared").digest()
        self._conversation = blake2b(key=key, person=b"conversation").digest()
        self._run = blake2b(key=key, person=b"run").digest()

    def of(self, identity: Identity, connection: str, source: Source, asked: Asked) -> str:
        """The session id of a call, `sess_` and 24 hexadecimal digits."""
        declared = source.declared_session
        if declared is not None:
            return _named(self._declared, identity, "", declared, "", "")
        system = ""
        for text in asked.texts:
            if text.role is _USER:
                return _named(self._conversation, identity, connection, system, text.value, "")
            if text.role is _SYSTEM and not system:
                system = text.value
        return _named(self._run, identity, connection, identity.credential.id, source.address, source.agent)


def _named(key: bytes, identity: Identity, connection: str, first: str, second: str, third: str) -> str:
    """The id of what these parts name. Their lengths, of a fixed width, keep them from running into each other."""
    principal = identity.principal
    issuer, subject = principal.issuer, principal.subject
    parts = f"{issuer}{subject}{connection}{first[:_OPENING]}{second[:_OPENING]}{third}"
    lengths = _lengths(len(issuer), len(subject), len(connection), len(first), len(second))
    return "sess_" + sha256(key + lengths + parts.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
