"""Commitments and leaf hashes, against values computed independently."""

import hashlib
import hmac

from narrows.evidence.commitments import commit, commit_list, leaf_hash


def test_a_commitment_is_hmac_sha256_of_the_data_under_the_salt() -> None:
    assert commit(b"salt", b"data") == hmac.new(b"salt", b"data", hashlib.sha256).digest()
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
