"""Every rule on what a request is: broken alone, broken behind a good one, and with a request smuggled behind it."""

import logging

import pytest

from e2e.edge.conftest import Serve
from e2e.edge.malformed import ALL, SMUGGLED, Bad
from e2e.edge.wire import GOOD, Witness, read_answers, talk

each_bad = pytest.mark.parametrize("bad", ALL, ids=[bad.name for bad in ALL])


@each_bad
async def test_is_refused_and_the_connection_closed(bad: Bad, serve: Serve, witness: Witness) -> None:
    server = await serve(witness)

    (answer,) = read_answers(await talk(server.port, bad.raw), head_only=False)

    assert answer.status == bad.status
    assert answer.headers["connection"] == "close"
    assert "content-type" in answer.headers
    assert witness.heads == []


@each_bad
async def test_behind_a_good_one_only_the_good_one_is_served(bad: Bad, serve: Serve, witness: Witness) -> None:
    server = await serve(witness)

    first, second = read_answers(await talk(server.port, GOOD + bad.raw + SMUGGLED))

    assert (first.status, first.body) == (200, b"/first 5")
    assert second.status == bad.status
    assert second.headers["connection"] == "close"
    assert witness.paths == ["/first"]


@each_bad
async def test_in_small_segments_it_is_refused_alike(bad: Bad, serve: Serve, witness: Witness) -> None:
    server = await serve(witness)
    raw = bad.raw[:3000]
    pieces = [raw[at : at + 7] for at in range(0, len(raw), 7)] + [bad.raw[3000:]]

    (answer,) = read_answers(await talk(server.port, *pieces))

    assert answer.status == bad.status
    assert witness.heads == []


async def test_a_refusal_of_the_edge_names_itself_and_no_content(
    serve: Serve, witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve(witness)
    with caplog.at_level(logging.DEBUG):
        (answer,) = read_answers(await talk(server.port, b"GET /?key=canary HTTP/1.1\r\nHost: a b canary\r\n\r\n"))

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"] == "req_1"
    assert b'"code":"request_malformed"' in answer.body
    assert b"canary" not in answer.body
    assert "canary" not in caplog.text
