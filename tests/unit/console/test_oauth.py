"""Forms have one meaning or none, and what is refused is said as the RFCs say it."""

import pytest

from narrows.console.oauth import FORM, Misasked, OAuthError, Wrong, read_form, refused
from narrows.model.refusal import Code
from narrows.model.verdict import Deny


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=%3A%20x+y", {"a": ": x y"}),
        (b"a=&b=2", {"b": "2"}),
        (b"", {}),
        (b"a=%C3%A9", {"a": "\xe9"}),
    ],
)
@pytest.mark.parametrize("kind", [FORM, f"{FORM}; charset=UTF-8", FORM.upper()])
def test_a_form_is_read(body: bytes, form: dict[str, str], kind: str) -> None:
    assert read_form(kind, body) == form


@pytest.mark.parametrize(
    "body",
    [
        b"a=1&a=1",
        b"a=1&a=",
        b"a",
        b"a=1;b=2&&",
        b"a=%ff",
        "a=\xe9".encode(),
        b'{"a": "1"}',
        b"&".join(b"a%d=1" % number for number in range(40)),
    ],
)
def test_a_body_that_two_readers_could_read_differently_is_none(body: bytes) -> None:
    with pytest.raises(Misasked) as wrong:
        read_form(FORM, body)
    assert wrong.value.error.error is Wrong.INVALID_REQUEST


@pytest.mark.parametrize(
    "kind", ["", "application/json", f"{FORM}; charset=latin-1", "multipart/form-data; boundary=x"]
)
def test_nothing_else_is_a_form(kind: str) -> None:
    with pytest.raises(Misasked, match="the body must be"):
        read_form(kind, b"a=1")


@pytest.mark.parametrize("code", [Code.CREDENTIAL_EXPIRED, Code.NOT_PERMITTED, Code.IDENTITY_CONTAINED])
def test_a_token_that_is_refused_is_an_invalid_request_whatever_the_reason(code: Code) -> None:
    said = refused(Deny(code, "no"))
    assert said == OAuthError(Wrong.INVALID_REQUEST, "no", code.value)
    assert said.status == 400


def test_who_cannot_be_asked_is_another_matter() -> None:
    said = refused(Deny(Code.IDENTITY_UNAVAILABLE, "no"))
    assert (said.error, said.status) == (Wrong.TEMPORARILY_UNAVAILABLE, 503)
