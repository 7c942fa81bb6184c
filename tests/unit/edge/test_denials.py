"""The edge's own refusals."""

import json

import pytest

from narrows.edge import denials
from narrows.model.verdict import Deny


@pytest.mark.parametrize(
    ("deny", "status"),
    [
        (denials.malformed("x"), 400),
        (denials.headers_too_large("x"), 431),
        (denials.body_too_large(5), 413),
        (denials.timed_out("body"), 408),
        (denials.overloaded(), 503),
        (denials.draining(), 503),
        (denials.failed(), 503),
    ],
)
def test_each_has_its_status_and_renders_plainly(deny: Deny, status: int) -> None:
    assert deny.meaning.status == status
    content_type, body = denials.plain_refusal(deny, "/any")
    assert content_type == b"application/json"
    assert json.loads(body) == {"error": {"code": deny.code.value, "message": deny.message}}


def test_what_is_shed_may_come_back_in_a_second() -> None:
    assert denials.overloaded().retry_after == 1
