"""Which texts of a request are new: not sent before in this session.

Agents send their whole history and all their tool definitions again with every call; what was judged once is not
judged again. A text is known by a keyed digest of its role and its value, wherever it stands: history may be reordered
or trimmed. A text that was changed, shortened or summed up is another text, so it is new. A known text under another
role is new as well: a tool's result is not a user's word.

What is remembered is bounded. A text that has been forgotten is new again, so the bound makes rules stricter, never
weaker. Only what passed may be remembered: a refused text must be judged again.
"""

from collections.abc import Callable, Sequence
from typing import Final

from narrows.model.text import Text

MOST_TEXTS: Final = 8_192
"""Texts that are remembered of one session: about 100 bytes each."""

MOST_SESSIONS: Final = 4_096
"""Sessions that are remembered at least; never more than twice as many."""

Digest = Callable[[bytes], bytes]
"""A keyed hash of 16 bytes or more. Keyed, so that what is kept of a text tells nobody what it was."""


def tag(text: Text, digest: Digest) -> bytes:
    """By which a text is known: the digest of its role and value."""
    return digest(text.role.encode() + b"\0" + text.value.encode("utf-8", "surrogatepass"))


class Seen:
    """The texts of one session, the most recently used MOST_TEXTS and never more than twice as many.

    Two generations instead of a linked list: a full young one becomes the old one, and the old one is dropped.
    """

    __slots__ = ("_limit", "_old", "_young")

    def __init__(self, limit: int = MOST_TEXTS // 2) -> None:
        self._limit = limit
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, tag: object) -> bool:
        return tag in self._young or tag in self._old

    def add(self, tag: bytes) -> None:
        """Remembers a text, or that it is still in use."""
        if tag in self._young:
            return
        if len(self._young) >= self._limit:
            self._old, self._young = self._young, set()
        self._young.add(tag)

    def __len__(self) -> int:
        return len(self._young | self._old)


class Novelty:
    """What is new in one request, and what is to be remembered once it has passed."""

    __slots__ = ("_tags", "fresh")

    def __init__(self, texts: Sequence[Text], digest: Digest, known: Callable[[bytes], bool]) -> None:
        """`known` says whether the session has sent a text of this tag."""
        self._tags = [tag(text, digest) for text in texts]
        self.fresh = frozenset(index for index, one in enumerate(self._tags) if not known(one))
        """Indexes of the texts that are new."""

    @property
    def tags(self) -> tuple[bytes, ...]:
        """The tags of all texts of the request, for `Sessions.passed`."""
        return tuple(self._tags)


class Sessions:
    """What the sessions of a gate have sent. The key of a session must name its principal, too."""

    __slots__ = ("_digest", "_limit", "_old", "_texts", "_young")

    def __init__(self, digest: Digest, sessions: int = MOST_SESSIONS, texts: int = MOST_TEXTS) -> None:
        self._digest = digest
        self._limit = sessions
        self._texts = texts
        self._young: dict[str, Seen] = {}
        self._old: dict[str, Seen] = {}

    def judge(self, session: str, texts: Sequence[Text]) -> Novelty:
        """What of these texts is new in the session. Remembers nothing."""
        seen = self._young.get(session) or self._old.get(session)
        return Novelty(texts, self._digest, seen.__contains__ if seen is not None else _nothing)

    def passed(self, session: str, novelty: Novelty) -> None:
        """Remembers the texts of a request that has passed every rule."""
        seen = self._young.get(session)
        if seen is None:
            seen = self._old.pop(session, None) or Seen(max(1, self._texts // 2))
            if len(self._young) >= self._limit:
                self._old, self._young = self._young, {}
            self._young[session] = seen
        for one in novelty.tags:
            seen.add(one)

    def forget(self, session: str) -> None:
        """Everything in the session is new again: its policy has changed."""
        self._young.pop(session, None)
        self._old.pop(session, None)

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


def _nothing(_tag: bytes) -> bool:
    return False
