"""Who providers are to the console, and that they are it."""

from typing import Any

from litestar.connection import ASGIConnection

from narrows.console.providers import Caller, presents
from narrows.model.secret import Secret

NEW, OLD = Secret("n" * 40), Secret("o" * 40)


def connection(*values: str) -> ASGIConnection[Any, Any, Any, Any]:
    headers = [(b"authorization", value.encode()) for value in values]
    return ASGIConnection({"type": "http", "headers": headers})  # type: ignore[arg-type,typeddict-item]


def test_one_of_its_tokens_is_enough_and_nothing_else_is() -> None:
    for good in (f"Bearer {'n' * 40}", f"bearer  {'o' * 40} "):
        assert presents(connection(good), (NEW, OLD, None))
    for bad in ((), ("",), ("Bearer ",), ("n" * 40,), (f"Basic {'n' * 40}",), (f"Bearer {'n' * 39}",)):
        assert not presents(connection(*bad), (NEW, OLD, None))
    assert not presents(connection(*[f"Bearer {'n' * 40}"] * 2), (NEW,))
    assert not presents(connection(f"Bearer {'n' * 40}"), ())
    assert not presents(connection("Bearer "), (None,))


def test_what_is_made_for_a_request_is_named_by_it() -> None:
    assert Caller("corp", "192.0.2.7", "req_0001").ident == "0001"
