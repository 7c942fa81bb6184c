"""A valid token with any one character changed, removed or added is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.identity.jws import Compact, check, take_apart
from narrows.identity.keys import KeySet, read_key_set
from unit.identity.world import Provider, key_set

ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"]
BASE64URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."


def signed(algorithm: str) -> tuple[str, KeySet]:
    provider = Provider(algorithm=algorithm)
    keys = read_key_set(key_set(provider.key))
    assert keys is not None
    return provider.token(), keys


def authentic(token: str, keys: KeySet) -> bool:
    parts = take_apart(token)
    return isinstance(parts, Compact) and check(parts, keys, frozenset(ALGORITHMS)) is None


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(data=st.data())
def test_any_one_change_is_refused(algorithm: str, data: st.DataObject) -> None:
    token, keys = signed(algorithm)
    place = data.draw(st.integers(0, len(token) - 1), label="place")
    letter = data.draw(st.sampled_from(BASE64URL) | st.characters(), label="letter")
    kind = data.draw(st.sampled_from(["change", "remove", "add"]), label="kind")
    rest = token[place:] if kind == "add" else token[place + 1 :]
    mutated = token[:place] + ("" if kind == "remove" else letter) + rest
    assert authentic(mutated, keys) is (mutated == token)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_last_character_of_each_segment_has_no_spare_bits(algorithm: str) -> None:
    token, keys = signed(algorithm)
    assert authentic(token, keys)
    ends = [place for place, letter in enumerate(token) if letter == "."]
    for end in (*ends, len(token)):
        for letter in BASE64URL:
            mutated = token[: end - 1] + letter + token[end:]
            assert authentic(mutated, keys) is (mutated == token)
