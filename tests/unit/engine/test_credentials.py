import pytest

from narrows.engine.credentials import presented
from narrows.model.refusal import Code
from narrows.model.verdict import Deny


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer abc"},
        {b"authorization": b"bearer abc"},
        {b"authorization": b"Bearer  abc "},
        {b"x-api-key": b"abc"},
        {b"authorization": b"Bearer abc", b"x-api-key": b"abc"},
    ],
)
def test_a_token_is_found_in_either_header(headers: dict[bytes, bytes]) -> None:
    assert presented(headers) == "abc"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, Code.CREDENTIAL_MISSING),
        ({b"x-api-key": b""}, Code.CREDENTIAL_MISSING),
        ({b"authorization": b"Bearer "}, Code.CREDENTIAL_MISSING),
        ({b"authorization": b"Basic abc"}, Code.CREDENTIAL_INVALID),
        ({b"authorization": b"abc"}, Code.CREDENTIAL_INVALID),
        ({b"authorization": b"Bearer abc", b"x-api-key": b"other"}, Code.CREDENTIAL_INVALID),
        ({b"authorization": b"Bearer \xc3\xa9"}, Code.CREDENTIAL_INVALID),
    ],
)
def test_anything_else_is_refused_without_quoting_it(headers: dict[bytes, bytes], code: Code) -> None:
    deny = presented(headers)
    assert isinstance(deny, Deny)
    assert deny.code is code
    assert "abc" not in deny.message
