"""Compression and encryption of contents. Knows keys and bytes; where either is kept is not known here.

One random data key a (principal, connection), wrapped by a key derived from the master key; contents are compressed,
then sealed with AES-256-GCM under a random 96-bit nonce. The associated data binds the data key's name and what the
store says of the contents, their commitments above all, so that sealed contents can't be passed off as others.
"""

import hashlib
import hmac
import os
from typing import Final

import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
NAME_BYTES: Final = 16
NONCE_BYTES: Final = 12
_CONTENT: Final = b"narrows content 1"
_WRAP: Final = b"narrows data key 1"
_LEVEL: Final = 1
"""On texts of some kilobytes within 2 % of level 3, for a quarter less time."""

_SHORT: Final = 64
"""What has no more bytes than this only grows."""

_PLAIN: Final = b"\x00"
"""Before what isn't compressed; no Zstandard frame begins with it."""


class Unsealable(Exception):
    """The bytes were not sealed under this key for this commitment: changed, or another's."""


class Compressor:
    """Zstandard contexts. They aren't thread-safe: make one Compressor for each thread."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=False)
        self._decompressor = zstandard.ZstdDecompressor()

    def compress(self, data: bytes) -> bytes:
        """A Zstandard frame, or the data as it is after a zero byte if it is short."""
        return _PLAIN + data if len(data) <= _SHORT else self._compressor.compress(data)

    def decompress(self, data: bytes) -> bytes:
        """What `compress` was given. Raises Unsealable."""
        if data.startswith(_PLAIN):
            return data[1:]
        try:
            return self._decompressor.decompress(data)
        except zstandard.ZstdError:
            raise Unsealable("a content can't be decompressed") from None


class DataKey:
    """The key of one principal's contents on one connection."""

    __slots__ = ("_cipher", "_tagger", "name")

    def __init__(self, name: bytes, secret: bytes) -> None:
        self.name = name
        self._cipher = AESGCM(hmac.digest(secret, b"seal", "sha256"))
        self._tagger = hashlib.blake2b(digest_size=TAG_BYTES, key=hmac.digest(secret, b"tag", "sha256"))

    def tag(self, digest: bytes) -> bytes:
        """Names equal contents, by their digest, equally to who has the key. Keyed BLAKE2b (RFC 7693): a MAC, twice as
        fast as HMAC."""
        tagger = self._tagger.copy()
        tagger.update(digest)
        return tagger.digest()

    def seal(self, data: bytes, bound: bytes, compressor: Compressor, nonce: bytes | None = None) -> bytes:
        """nonce ‖ ciphertext of the compressed data, which opens only together with `bound`: the commitments. The
        nonce is random, and used this once; without one, the kernel is asked for it."""
        if nonce is None:
            nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, compressor.compress(data), _CONTENT + self.name + bound)

    def unseal(self, sealed: bytes, bound: bytes, compressor: Compressor) -> bytes:
        """The data. Raises Unsealable."""
        try:
            packed = self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _CONTENT + self.name + bound)
        except (InvalidTag, ValueError):
            raise Unsealable("a content was changed, or belongs to another key") from None
        return compressor.decompress(packed)

    def __repr__(self) -> str:
        return "DataKey([secret])"


class MasterKey:
    """Wraps data keys and names response ids; from it no key can be read back."""

    __slots__ = ("_index", "_wrapper", "end_user_key", "mask_key", "session_key")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        self._wrapper = AESGCM(hmac.digest(secret, b"wrap", "sha256"))
        self._index = hashlib.blake2b(digest_size=TAG_BYTES, key=hmac.digest(secret, b"index", "sha256"))
        self.session_key = hmac.digest(secret, b"session", "sha256")
        self.mask_key = hmac.digest(secret, b"mask", "sha256")
        self.end_user_key = hmac.digest(secret, b"end user", "sha256")

    def new_key(self, principal: str, connection: str) -> tuple[DataKey, bytes]:
        """A new random data key, and the form of it that may be stored."""
        name, secret, nonce = os.urandom(NAME_BYTES), os.urandom(KEY_BYTES), os.urandom(NONCE_BYTES)
        wrapped = self._wrapper.encrypt(nonce, secret, _bound(name, principal, connection))
        return DataKey(name, secret), nonce + wrapped

    def unwrap(self, name: bytes, wrapped: bytes, principal: str, connection: str) -> DataKey:
        """The data key from its stored form. Raises Unsealable."""
        try:
            secret = self._wrapper.decrypt(
                wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], _bound(name, principal, connection)
            )
        except (InvalidTag, ValueError):
            raise Unsealable("a data key was changed, or the master key is not the one that wrapped it") from None
        return DataKey(name, secret)

    def reference(self, principal: str, connection: str, reference: str) -> bytes:
        """The keyed name under which it is kept that this principal owns this response id."""
        text = f"{len(principal)}:{principal}{len(connection)}:{connection}{reference}"
        index = self._index.copy()
        index.update(text.encode("utf-8", "replace"))
        return index.digest()

    def __repr__(self) -> str:
        return "MasterKey([secret])"


def _bound(name: bytes, principal: str, connection: str) -> bytes:
    head = f"{len(principal.encode('utf-8', 'replace'))}:{principal}{connection}"
    return _WRAP + name + head.encode("utf-8", "replace")
