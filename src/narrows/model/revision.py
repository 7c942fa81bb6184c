"""The policies that were in force, as they are kept. Times are Unix time in microseconds."""

import msgspec


class InForce(msgspec.Struct, frozen=True):
    """From `at` on, policies of this revision were in force. `document` is what they say, in full and without secrets,
    compressed; `digest` is the SHA-256 of that, in hex."""

    at: int
    revision: str
    digest: str
    document: bytes
