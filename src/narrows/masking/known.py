"""Texts in which nothing was found lately: agents send their history again with every turn, and replies say the same
few words.

Only clean texts are ever remembered, a short one as it is, of a long one (a system prompt, the tools' descriptions) a
keyed digest alone. What is known takes no more than a megabyte or two, however long texts are. It belongs to one plan
and engine, and is gone with them. The module knows no detectors.
"""

from hashlib import blake2b
from typing import Final, TypeAlias

KNOWN: Final = 4096
"""So many texts at most: those of the last half are there still when the next half comes."""

SHORT: Final = 256
"""Characters of a text that is kept as it is: a digest would take as much room, and more time."""

DIGEST: Final = 16
"""Bytes. With a key that nobody knows no text can be made to pass for another one."""

Key: TypeAlias = str | tuple[str, str] | bytes


class Known:
    """Threads may share it: all they could lose is what is remembered."""

    __slots__ = ("_key", "_new", "_old")

    def __init__(self, key: bytes) -> None:
        """`key`: up to 64 bytes; without one, long texts are not known."""
        self._key = key
        self._new: set[Key] = set()
        self._old: set[Key] = set()

    def __len__(self) -> int:
        return len(self._new) + len(self._old)

    def has_short(self, text: str, before: str = "") -> bool:
        """`has`, of what is quickly looked up."""
        return len(text) <= SHORT and len(before) <= SHORT and self.has((before, text) if before else text)

    def key(self, text: str, before: str = "") -> Key | None:
        """By what a text behind its context is known; None if it is not to be."""
        if len(text) <= SHORT and len(before) <= SHORT:
            return (before, text) if before else text
        if not self._key:
            return None
        digest = blake2b(before.encode("utf-8", "surrogatepass"), digest_size=DIGEST, key=self._key, person=b"known")
        digest.update(len(before).to_bytes(8))
        digest.update(text.encode("utf-8", "surrogatepass"))
        return digest.digest()

    def has(self, key: Key) -> bool:
        if key in self._new:
            return True
        if key not in self._old:
            return False
        self.add(key)
        return True

    def add(self, key: Key) -> None:
        if len(self._new) >= KNOWN // 2:
            self._old, self._new = self._new, set()
        self._new.add(key)
