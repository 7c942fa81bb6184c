"""Commitments and leaf hashes, against values computed independently."""

import hashlib

from narrows.evidence.commitments import commit, commit_digest, commit_list, digest, leaf_hash


def test_a_commitment_is_the_datas_digest_hashed_under_the_salt() -> None:
    # BLAKE2b-256 of "data", as `b2sum -l 256` gives it.
    known = bytes.fromhex("a035872d6af8639ede962dfe7536b0c150b590f3234a922fb7064cd11971b58e")
    assert digest(b"data") == known
    assert commit(b"salt", b"data") == hashlib.blake2b(known, digest_size=32, key=b"salt").digest()
    assert commit(b"salt", b"data") != known
    assert commit(b"salt", b"data") == commit_digest(b"salt", known)
    assert commit(b"salt", b"data") != commit(b"tlas", b"data")


def test_the_leaf_of_the_empty_entry_is_rfc_6962s() -> None:
    """RFC 6962 §2.1.3 / RFC 9162: the hash of an empty leaf, as in the public test vectors."""
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"


def test_a_list_commits_to_members_and_order() -> None:
    a, b = b"a" * 32, b"b" * 32
    assert commit_list([a, b]) == hashlib.sha256(b"\x02" + a + b).digest()
    assert len({commit_list(c) for c in ([], [a], [b], [a, b], [b, a])}) == 5


def test_a_list_is_never_a_leaf() -> None:
    assert commit_list([b"x" * 32]) != leaf_hash(b"x" * 32)
