"""Which texts of a request are new: not sent before in this session.

Agents send their whole history and all their tool definitions again with every call; what was judged once is not
judged again. A text is known by its role and a keyed digest of its value, wherever it stands: history may be reordered
or trimmed. A text that was changed, shortened or summed up is another text, so it is new. A known text under another
role is new as well: a tool's result is not a user's word.

What the gate delivered as a reply comes back as history as well, and is known when it comes back as the model's own
words or calls. That is remembered of the principal, whichever session it was in: an agent that trims or sums up its
history, or writes the time into its system prompt, begins a new session as far as the gate can tell, and the model's
words are no more the caller's than before.

What is remembered is bounded. A text that has been forgotten is new again, so the bound makes rules stricter, never
weaker. Only what passed may be remembered: a refused text must be judged again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from hashlib import blake2b, sha256
from typing import Final

from narrows.model.text import Role, Text

DIGEST: Final = 16
"""Bytes of the keyed digest of a value."""

TAG: Final = DIGEST + 1
"""Bytes by which a text is known: the digest of its value, and its role."""

MOST_TEXTS: Final = 8_192
"""Texts that are remembered of one session: about 100 bytes each."""

MOST_SESSIONS: Final = 4_096
"""Sessions that are remembered at least; never more than twice as many."""

MOST_IN_ALL: Final = 2_000_000
"""Texts that are remembered of all sessions together, about 200 MB: many sessions of many texts do not fill a gate."""

MOST_SENT_ON: Final = 16_384
"""Texts of one principal that another process is told of, those of the sessions used last."""

MEMORY: Final = 2_000_000
"""Characters of the instructions and tools whose digests are at hand, and LONGEST of one: applications send the same
ones with every call. Nothing of what people say is kept for it, and being at hand is not being known."""

LONGEST: Final = 16_384
ENTRY: Final = 64
"""Characters that each of them counts for besides."""

SESSION_COSTS: Final = 8
"""What a session counts for beside its texts when another process is told of it."""

Name = tuple[str, str]
"""A session: the key of its principal, and its id, with the policies that its texts have passed (`scoped`)."""

_BETWEEN: Final = "\0"

_LETTERS: Final[dict[Role, bytes]] = {role: bytes([index]) for index, role in enumerate(Role)}
_SYSTEM: Final = Role.SYSTEM
_TOOL: Final = Role.TOOL_DEFINITION
_NOTHING: Final[frozenset[bytes]] = frozenset()
_NOWHERE: Final[frozenset[int]] = frozenset()


def scoped(policies: Iterable[str]) -> str:
    """What stands behind a session's id, to say which policies have looked at its texts."""
    return _BETWEEN + _BETWEEN.join(dict.fromkeys(policies))


class Seen:
    """The texts of one session, the most recently used and never more than twice `limit`.

    Two generations instead of a linked list: a full young one becomes the old one, and the old one is dropped.
    """

    __slots__ = ("_limit", "_old", "_young")

    def __init__(self, limit: int = MOST_TEXTS // 2) -> None:
        self._limit = limit
        self._young: set[bytes] = set()
        self._old: Collection[bytes] = _NOTHING

    def __contains__(self, tag: object) -> bool:
        return tag in self._young or tag in self._old

    def places(self, tags: Sequence[bytes]) -> frozenset[int]:
        """Where among these are those that are remembered."""
        young, old = self._young, self._old
        if not old and young.issuperset(tags):
            return frozenset(range(len(tags)))
        return frozenset([index for index, tag in enumerate(tags) if tag in young or tag in old])

    def add(self, tags: Collection[bytes]) -> int:
        """Remembers texts, or that they are still in use; gives of how many it had not heard lately."""
        young = self._young
        before = len(young)
        if before + len(tags) <= self._limit:
            young.update(tags)
            return len(young) - before
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
        return frozenset(self._young).union(self._old) if self._old else frozenset(self._young)


_Generation = dict[str, dict[str, Seen]]
"""By principal, the sessions by their ids, the one used last at the end."""


class Sessions:
    """What the sessions of a gate have sent."""

    __slots__ = ("_at_hand", "_count", "_held", "_in_all", "_key", "_limit", "_old", "_room", "_texts", "_young")

    def __init__(
        self, key: bytes, sessions: int = MOST_SESSIONS, texts: int = MOST_TEXTS, in_all: int = MOST_IN_ALL
    ) -> None:
        """`key`, of 16 to 64 bytes, is that of the digests: what is kept of a text tells nobody what it was."""
        # A secret prefix of one block, and half of the digest: nobody can go on from what is kept. Processors compute
        # SHA-256 themselves, so it costs half of what a keyed BLAKE2b does.
        self._key = _digesting(key)
        self._limit = sessions
        self._texts = max(1, texts // 2)
        self._in_all = max(1, in_all // 2)
        self._at_hand: dict[str, bytes] = {}
        self._room = MEMORY
        self._count = 0
        self._held = 0
        self._young: _Generation = {}
        self._old: _Generation = {}

    def under(self, key: bytes) -> None:
        """Takes another key, before anything is remembered."""
        if len(self):
            raise RuntimeError("texts are remembered under another key")
        self._key = _digesting(key)
        self._at_hand, self._room = {}, MEMORY

    def tags(self, texts: Sequence[Text]) -> list[bytes]:
        """By which texts are known: their roles and the digests of their values."""
        found: list[bytes] = []
        key = self._key
        for text in texts:
            role, value = text.role, text.value
            if role is _SYSTEM or role is _TOOL:
                digest = self._at_hand.get(value) or self._kept(value)
            else:
                digest = sha256(key + value.encode("utf-8", "surrogatepass")).digest()[:DIGEST]
            found.append(digest + _LETTERS[role])
        return found

    def digests(self, said: Iterable[tuple[Role, str]]) -> list[bytes]:
        """The same for roles and values that are no texts of a request."""
        return [self._digest(value) + _LETTERS[role] for role, value in said]

    def shared(self, said: Iterable[tuple[Sequence[Role], str]]) -> list[bytes]:
        """The same for values of several roles each."""
        found: list[bytes] = []
        for roles, value in said:
            digest = self._digest(value)
            for role in roles:
                found.append(digest + _LETTERS[role])  # noqa: PERF401 - most have one role
        return found

    def _digest(self, value: str) -> bytes:
        return sha256(self._key + value.encode("utf-8", "surrogatepass")).digest()[:DIGEST]

    def _kept(self, value: str) -> bytes:
        digest, size = self._digest(value), len(value) + ENTRY
        if size <= LONGEST:
            if self._room < size:
                self._at_hand, self._room = {}, MEMORY
            self._at_hand[value] = digest
            self._room -= size
        return digest

    def known(self, session: Name, tags: Sequence[bytes]) -> frozenset[int]:
        """The indexes of the texts that the session has sent before."""
        who, name = session
        sessions = self._young.get(who)
        seen = None if sessions is None else sessions.get(name)
        if seen is None:
            sessions = self._old.get(who)
            seen = None if sessions is None else sessions.get(name)
            if seen is None:
                return _NOWHERE
        return seen.places(tags)

    def passed(self, session: Name, tags: Collection[bytes]) -> None:
        """Remembers the texts of a request that has passed every rule, or of the reply to one."""
        who, name = session
        sessions = self._young.get(who)
        seen = None if sessions is None else sessions.pop(name, None)
        if seen is None:
            before = self._old.get(who)
            seen = (None if before is None else before.pop(name, None)) or Seen(self._texts)
            self._held += len(seen)
            self._count += 1
        if self._count > self._limit or self._held >= self._in_all:
            self._old, self._young, self._count, self._held = self._young, {}, 1, len(seen)
            sessions = None
        if sessions is None:
            sessions = self._young[who] = {}
        sessions[name] = seen  # last, as the one used last
        self._held += seen.add(tags)

    def of(self, principal: str, most: int = MOST_SENT_ON) -> dict[str, frozenset[bytes]]:
        """What the sessions of a principal have sent, by the session's id: those used last, and of all of them about
        so many texts at most."""
        found: dict[str, frozenset[bytes]] = {}
        for sessions in (self._young.get(principal), self._old.get(principal)):
            for session, seen in reversed(list(sessions.items())) if sessions else ():
                found[session] = tags = seen.tags()
                most -= len(tags) + SESSION_COSTS
                if most <= 0:
                    return found
        return found

    def replace(self, principal: str, sent: Mapping[str, Collection[bytes]]) -> None:
        """Takes over what is known elsewhere of a principal's sessions."""
        for session, tags in sent.items():
            self.passed((principal, session), tags)

    def __len__(self) -> int:
        return sum(map(len, self._young.values())) + sum(map(len, self._old.values()))


def _digesting(key: bytes) -> bytes:
    return blake2b(key=key, person=b"novelty").digest()
