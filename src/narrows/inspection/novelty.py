"""Which texts of a request are new: not sent before in this session.

Agents send their whole history and all their tool definitions again with every call; what was judged once is not
judged again. A text is known by a keyed digest of its role and its value, wherever it stands: history may be reordered
or trimmed. A text that was changed, shortened or summed up is another text, so it is new. A known text under another
role is new as well: a tool's result is not a user's word.

What the gate delivered as a reply comes back as history as well, and is known when it comes back as the model's own
words or calls. That is remembered of the principal, whichever session it was in: an agent that trims or sums up its
history, or writes the time into its system prompt, begins a new session as far as the gate can tell, and the model's
words are no more the caller's than before.

What is remembered is bounded. A text that has been forgotten is new again, so the bound makes rules stricter, never
weaker. Only what passed may be remembered: a refused text must be judged again.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from narrows.model.text import Role, Text

TAG: Final = 16
"""Bytes of the digest by which a text is known."""

MOST_TEXTS: Final = 8_192
"""Texts that are remembered of one session: about 100 bytes each."""

MOST_SESSIONS: Final = 4_096
"""Sessions that are remembered at least; never more than twice as many."""

MOST_IN_ALL: Final = 2_000_000
"""Texts that are remembered of all sessions together, about 200 MB: many sessions of many texts do not fill a gate."""

MOST_SENT_ON: Final = 16_384
"""Texts of one principal that another process is told of, those of the sessions used last."""

Name = tuple[str, str]
"""A session: the key of its principal, and its id."""


class Seen:
    """The texts of one session, the most recently used and never more than twice `limit`.

    Two generations instead of a linked list: a full young one becomes the old one, and the old one is dropped.
    """

    __slots__ = ("_limit", "_old", "_young")

    def __init__(self, limit: int = MOST_TEXTS // 2) -> None:
        self._limit = limit
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, tag: object) -> bool:
        return tag in self._young or tag in self._old

    def add(self, tags: Iterable[bytes]) -> int:
        """Remembers texts, or that they are still in use; gives of how many it had not heard lately."""
        fresh = 0
        for tag in tags:
            if tag not in self._young:
                if len(self._young) >= self._limit:
                    self._old, self._young = self._young, set()
                self._young.add(tag)
                fresh += 1
        return fresh

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def tags(self) -> frozenset[bytes]:
        """All that is remembered."""
        return frozenset(self._young | self._old)


class Sessions:
    """What the sessions of a gate have sent."""

    __slots__ = ("_hash", "_held", "_in_all", "_limit", "_old", "_texts", "_young")

    def __init__(
        self, key: bytes, sessions: int = MOST_SESSIONS, texts: int = MOST_TEXTS, in_all: int = MOST_IN_ALL
    ) -> None:
        """`key`, of 16 to 64 bytes, is that of the digests: what is kept of a text tells nobody what it was."""
        self._hash = hashlib.blake2b(key=key, digest_size=TAG, person=b"novelty")
        self._limit = sessions
        self._texts = max(1, texts // 2)
        self._in_all = max(1, in_all // 2)
        self._held = 0
        self._young: dict[Name, Seen] = {}
        self._old: dict[Name, Seen] = {}

    def tags(self, texts: Sequence[Text]) -> list[bytes]:
        """By which texts are known: the digests of role and value."""
        return self.digests([(text.role, text.value) for text in texts])

    def digests(self, said: Iterable[tuple[Role, str]]) -> list[bytes]:
        """The same for roles and values that are no texts of a request."""
        found = []
        for role, value in said:
            digest = self._hash.copy()
            digest.update(f"{role}\0{value}".encode("utf-8", "surrogatepass"))
            found.append(digest.digest())
        return found

    def known(self, session: Name, tags: Sequence[bytes]) -> frozenset[int]:
        """The indexes of the texts that the session has sent before."""
        seen = self._young.get(session) or self._old.get(session)
        if seen is None:
            return frozenset()
        return frozenset([index for index, tag in enumerate(tags) if tag in seen])

    def passed(self, session: Name, tags: Iterable[bytes]) -> None:
        """Remembers the texts of a request that has passed every rule, or of the reply to one."""
        seen = self._young.pop(session, None)
        if seen is None:
            seen = self._old.pop(session, None) or Seen(self._texts)
            self._held += len(seen)
        if len(self._young) >= self._limit or self._held >= self._in_all:
            self._old, self._young, self._held = self._young, {}, len(seen)
        self._young[session] = seen  # last, as the one used last
        self._held += seen.add(tags)

    def of(self, principal: str, most: int = MOST_SENT_ON) -> dict[str, frozenset[bytes]]:
        """What the sessions of a principal have sent, by the session's id: those used last, and of all of them about
        so many texts at most."""
        found: dict[str, frozenset[bytes]] = {}
        for sessions in (self._young, self._old):
            for (who, session), seen in reversed(sessions.items()):
                if who == principal:
                    found[session] = seen.tags()
                    most -= len(found[session])
                    if most <= 0:
                        return found
        return found

    def replace(self, principal: str, sent: Mapping[str, Iterable[bytes]]) -> None:
        """Takes over what is known elsewhere of a principal's sessions."""
        for session, tags in sent.items():
            self.passed((principal, session), tags)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)
