"""Session ids: which calls belong to one conversation or one client run.

A declared `Narrows-Session` wins. Without one, a conversation is known by how it begins: agents send the whole history
again on every turn, so the first system and user texts stay. Without texts, one client run is one session. Ids are
keyed, so that a record tells nothing of a prompt once its content is erased, and scoped to the principal, so that
nobody can join another's session.
"""

import hashlib
from typing import Final

from narrows.model.call import Asked, Source
from narrows.model.principal import Identity
from narrows.model.text import Role, Text

_OPENING: Final = 512
"""Characters of each opening text that take part, beside its length."""


class SessionIds:
    """Derives session ids under a key of the data directory."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, identity: Identity, connection: str, source: Source, asked: Asked) -> str:
        """The session id of a call, `sess_` and 24 hexadecimal digits."""
        principal = identity.principal
        if source.declared_session is not None:
            parts: tuple[str, ...] = ("declared", principal.issuer, principal.subject, source.declared_session)
        else:
            opening = _opening(asked.texts) or ("run", identity.credential.id, source.address, source.agent)
            parts = ("derived", principal.issuer, principal.subject, connection, *opening)
        # Lengths keep parts from running into each other.
        lengths = ",".join([str(len(part)) for part in parts])
        framed = f"{lengths};{''.join(parts)}".encode("utf-8", "surrogatepass")
        return f"sess_{hashlib.blake2b(framed, key=self._key, digest_size=12).hexdigest()}"


def _opening(texts: tuple[Text, ...]) -> tuple[str, ...]:
    """The first user text and the first system text before it."""
    system = ""
    for text in texts:
        if text.role is Role.SYSTEM and not system:
            system = f"{len(text.value)}:{text.value[:_OPENING]}"
        elif text.role is Role.USER:
            return ("conversation", system, f"{len(text.value)}:{text.value[:_OPENING]}")
    return ()
