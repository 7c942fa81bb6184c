"""A set of phrases as bytes: built once, kept anywhere, and looked into as it lies there.

Kept are 64-bit hashes of the phrases, sorted, those of what phrases begin with in a second row, and before both a
filter of one bit out of 16 or more, so that a phrase that is not there costs one checksum. Some eleven bytes a phrase;
the chance that one of them is taken for another text is 1 in 10¹³ for a million. The bytes hold no phrase.
"""

import struct
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final
from zlib import crc32

FORMAT: Final = f"1-{sys.byteorder}"
"""Changes with the layout; part of the name under which the bytes are kept."""

ENTRY: Final = 1
BEGUN: Final = 2
"""What is known of a phrase: it is one of the set, another one begins with it, or both, added up."""

_HEAD: Final = struct.Struct("=IIQQ")
"""The words of the longest phrase, the filter's bits as a power of two, phrases, beginnings."""

_LEAST_BITS: Final = 10
_SPREAD: Final = 16
_FROM_BYTES: Final = int.from_bytes


class PhrasesUnreadable(ValueError):
    """The bytes are no set of phrases."""


class Phrases:
    """Immutable; threads may share it."""

    __slots__ = ("_begun", "_entries", "_filter", "_mask", "most_words")

    def __init__(self, data: bytes) -> None:
        """What `build` gave. Raises PhrasesUnreadable."""
        view = memoryview(data)
        try:
            self.most_words, bits, entries, begun = _HEAD.unpack_from(view)
        except struct.error as error:
            raise PhrasesUnreadable(str(error)) from None
        first, second = _HEAD.size + 8 * entries, _HEAD.size + 8 * (entries + begun)
        if not 3 <= bits <= 32 or len(data) != second + (1 << bits >> 3):
            raise PhrasesUnreadable("the sizes do not fit")
        self._entries = view[_HEAD.size : first].cast("Q")
        self._begun = view[first:second].cast("Q")
        self._filter = view[second:]
        self._mask = (1 << bits) - 1

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, phrase: str) -> int:
        """ENTRY, BEGUN, both added up, or 0."""
        data = phrase.encode("utf-8", "surrogatepass")
        place = crc32(data) & self._mask
        if not self._filter[place >> 3] >> (place & 7) & 1:
            return 0
        value = _hash(data)
        return ENTRY * _holds(self._entries, value) + BEGUN * _holds(self._begun, value)

    def holds_any(self, words: Iterable[bytes]) -> bool:
        """Whether one of the words, in UTF-8, is a phrase or begins one. For many at once."""
        filter_, mask = self._filter, self._mask
        passed = [word for word in words if filter_[(check := crc32(word) & mask) >> 3] >> (check & 7) & 1]
        return any(_holds(self._entries, value) or _holds(self._begun, value) for value in map(_hash, passed))


def build(phrases: Iterable[list[str]]) -> bytes:
    """The set of these phrases, each given as its words."""
    entries, begun = array("Q"), set[int]()
    checks = array("L")
    most = 0
    for words in phrases:
        most = max(most, len(words))
        data = words[0].encode("utf-8", "surrogatepass")
        for word in words[1:]:
            begun.add(_hash(data))
            checks.append(crc32(data))
            data = b"%b %b" % (data, word.encode("utf-8", "surrogatepass"))
        entries.append(_hash(data))
        checks.append(crc32(data))
    distinct = array("Q", sorted(set(entries)))
    begins = array("Q", sorted(begun))
    bits = min(32, max(_LEAST_BITS, ((len(distinct) + len(begins)) * _SPREAD).bit_length()))
    mask, places = (1 << bits) - 1, bytearray(1 << bits >> 3)
    for check in checks:
        place = check & mask
        places[place >> 3] |= 1 << (place & 7)
    head = _HEAD.pack(most, bits, len(distinct), len(begins))
    return b"".join((head, distinct.tobytes(), begins.tobytes(), places))


def _hash(data: bytes) -> int:
    return _FROM_BYTES(blake2b(data, digest_size=8).digest(), "little")


def _holds(values: memoryview, value: int) -> bool:
    at = bisect_left(values, value)
    return at < len(values) and values[at] == value
