"""Every text that a request is read to have can be put back where it was found, and nowhere else."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.dialects.rewriting import rewrite, steps
from narrows.model.call import Asked
from narrows.model.path import child, element
from narrows.model.text import Text
from property.test_dialects_texts import KEPT_REQUEST, planted
from unit.dialects.payloads import PATHS, REQUESTS, asked, dialect, read

SEEDS = st.integers(0, 1 << 32)
KEYS = ["x", "x y", "it's", "a.b", "a\\", "[0]", "~", "", "é", "a]", "'", "\n", "x~", "$"]


def generated(name: str, seed: int) -> Asked:
    """A request with texts at every free place, some below members with awkward names."""
    chance = random.Random(seed)
    body = planted(REQUESTS[name], KEPT_REQUEST, chance.choice, [])
    for holder in [*holders(body)]:
        if chance.random() < 0.3:
            holder[f"x_{chance.choice(KEYS)}"] = {chance.choice(KEYS): chance.choice(["text", ["text", {"k": "text"}]])}
    result = read(name, body)
    assert isinstance(result, Asked), result
    return result


def holders(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [holder for inner in value for holder in holders(inner)]
    if isinstance(value, dict):
        return [value, *(holder for inner in value.values() for holder in holders(inner))]
    return []


def changeable(name: str, request: Asked) -> list[Text]:
    """Its texts, but for the names of members that the dialect itself reads."""
    governed = dialect(PATHS[name][0]).governed
    return [text for text in request.texts if not (text.path.endswith("~") and text.value in governed)]


@pytest.mark.parametrize("name", sorted(PATHS))
def test_the_payloads_keep_their_texts(name: str) -> None:
    request = asked(name, REQUESTS[name])
    same = {text.path: text.value for text in request.texts}
    assert len(same) == len(request.texts)
    assert rewrite(request.body, same) == REQUESTS[name]
    assert_marked(name, request)


@pytest.mark.parametrize("name", sorted(PATHS))
@given(seed=SEEDS)
def test_rewriting_every_text_to_itself_changes_nothing(name: str, seed: int) -> None:
    request = generated(name, seed)
    before = msgspec.json.encode(request.body)
    changed = rewrite(request.body, {text.path: text.value for text in request.texts})
    assert msgspec.json.encode(changed) == before


@pytest.mark.parametrize("name", sorted(PATHS))
@given(seed=SEEDS)
def test_other_texts_are_read_where_they_were_put(name: str, seed: int) -> None:
    assert_marked(name, generated(name, seed))


def assert_marked(name: str, request: Asked) -> None:
    texts = changeable(name, request)
    # As addresses, so that what an address stands for is one afterwards, too.
    marks = {path: f"mark://{number}" for number, path in enumerate(dict.fromkeys(text.path for text in texts))}
    again = asked(name, rewrite(request.body, marks))
    kept = [text.value for text in request.texts if text not in texts]
    assert sorted(text.value for text in again.texts) == sorted([*marks.values(), *kept])
    assert len(again.opaque) == len(request.opaque)


@given(st.lists(st.one_of(st.text(max_size=6), st.integers(0, 999)), min_size=1, max_size=8))
def test_any_path_leads_back(keys: list[str | int]) -> None:
    path = "$"
    for key in keys:
        path = child(path, key) if isinstance(key, str) else element(path, key)
    assert steps(path) == tuple(keys)
