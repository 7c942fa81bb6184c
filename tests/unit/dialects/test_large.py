"""What a worker process reads is what the gate would have read, and pickles both ways."""

import pickle

import msgspec
import pytest

from narrows.dialects.large import BATCH, Parcel, read_large, take_out
from narrows.dialects.strict_json import read as read_json
from narrows.dialects.weight import MOST
from narrows.model.call import Asked
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.dialects.payloads import PATHS, REQUESTS, dialect


@pytest.mark.parametrize("name", sorted(PATHS))
def test_the_same_as_read_here(name: str) -> None:
    kind, path = PATHS[name]
    speaks = pickle.loads(pickle.dumps(dialect(kind)))
    route = speaks.route("POST", path, "")
    data = msgspec.json.encode({**REQUESTS[name], "x_large": "y" * 100_000})
    parcel = pickle.loads(pickle.dumps(read_large(speaks, route, data)))
    body = read_json(data, speaks.governed)
    assert not isinstance(body, Deny)
    here = speaks.read(route, body)
    assert isinstance(here, Asked)
    assert isinstance(parcel, Parcel)
    assert tuple(text for batch in parcel.batches for text in take_out(batch)) == here.texts
    assert speaks.forward(parcel.asked, "other", 100) == speaks.forward(here, "other", 100)


def test_refusals_come_back() -> None:
    speaks = dialect("openai")
    route = speaks.route("POST", "/v1/chat/completions", "")
    assert route is not None
    for data, code in ((b"{", Code.BODY_MALFORMED), (b"{}", Code.BODY_INVALID)):
        deny = pickle.loads(pickle.dumps(read_large(speaks, route, data)))
        assert isinstance(deny, Deny)
        assert deny.code is code


def test_many_texts_travel_in_batches() -> None:
    speaks = dialect("openai")
    route = speaks.route("POST", "/v1/embeddings", "")
    assert route is not None
    parcel = read_large(speaks, route, msgspec.json.encode({"model": "m", "input": ["é"] * (2 * BATCH + 1)}))
    assert isinstance(parcel, Parcel)
    assert [len(take_out(batch)) for batch in parcel.batches] == [BATCH, BATCH, 1]
    assert parcel.asked.texts == ()


def test_a_body_of_more_nodes_than_any_conversation_has_is_refused_unread() -> None:
    speaks = dialect("openai")
    route = speaks.route("POST", "/v1/embeddings", "")
    assert route is not None
    deny = read_large(speaks, route, b'{"model":"m","input":[%b""]}' % (b'"",' * MOST))
    assert isinstance(deny, Deny)
    assert deny.code is Code.BODY_MALFORMED
    assert str(MOST) in deny.message
