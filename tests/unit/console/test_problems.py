"""Problems: each has its meaning, and nothing unexpected says anything."""

import pytest
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from narrows.console.problems import MEANINGS, FieldError, Problem, Refused, details, refusal
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.audit import AuditUnavailable


def test_each_has_a_meaning_and_a_status() -> None:
    assert set(MEANINGS) == set(Problem)
    assert all(400 <= meaning.status < 600 and meaning.title and meaning.remedy for meaning in MEANINGS.values())


def test_the_body_is_that_of_the_standard() -> None:
    body = details(Refused(Problem.OWN_CALL, "because"), "req_1")
    assert (body.type, body.status, body.code) == ("urn:narrows:problem:own_call", 403, Problem.OWN_CALL)
    assert (body.instance, body.detail) == ("urn:narrows:request:req_1", "because")


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NotFoundException(), Problem.ROUTE_UNKNOWN),
        (MethodNotAllowedException(), Problem.METHOD_UNKNOWN),
        (ClientException(status_code=413), Problem.BODY_TOO_LARGE),
        (ClientException(), Problem.BODY_MALFORMED),
        (HTTPException(status_code=415), Problem.BODY_MALFORMED),
        (HTTPException(status_code=500, detail="secret"), Problem.INTERNAL),
        (ApprovalsUnavailable("secret"), Problem.STORE_UNAVAILABLE),
        (AuditUnavailable("secret"), Problem.STORE_UNAVAILABLE),
        (ValueError("secret"), Problem.INTERNAL),
        (Refused(Problem.OWN_CALL), Problem.OWN_CALL),
    ],
)
def test_any_exception_is_some_problem(error: Exception, problem: Problem) -> None:
    refused = refusal(error)
    assert refused.problem is problem
    assert "secret" not in str(details(refused, "req_1"))


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"message": "Expected `int`", "key": "repeats", "source": "body"}, "repeats"),
        ({"message": "Object contains unknown field `forever`", "key": "data", "source": "body"}, "forever"),
        ({"message": "Object missing required field `reason`", "key": "data"}, "reason"),
        ({"message": "Object missing required field `to`", "key": "who"}, "who.to"),
        ({"message": "Expected `object`", "key": "data"}, "body"),
        ({}, "body"),
    ],
)
def test_a_field_is_named(entry: dict[str, str], field: str) -> None:
    (error,) = refusal(ValidationException(extra=[entry])).errors
    assert error == FieldError(field, entry.get("message", "is not valid"))
