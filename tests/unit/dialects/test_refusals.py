"""Error shapes, exactly as each API has them; the official SDKs raise their right classes for them."""

from typing import Any

import anthropic
import httpx
import msgspec
import openai
import pytest

from narrows.dialects import refusals
from narrows.model.refusal import REGISTRY, Code
from narrows.model.verdict import Deny

decode = msgspec.json.decode
DENY = Deny(Code.MODEL_NOT_ALLOWED, "no policy allows gpt-5", param="$.model")


def test_the_three_shapes() -> None:
    assert decode(refusals.openai_refusal(DENY)) == {
        "error": {
            "message": "no policy allows gpt-5",
            "type": "permission_error",
            "param": "$.model",
            "code": "model_not_allowed",
        }
    }
    assert decode(refusals.anthropic_refusal(DENY, "req_1")) == {
        "type": "error",
        "error": {"type": "permission_error", "message": "no policy allows gpt-5"},
        "request_id": "req_1",
    }
    assert decode(refusals.problem(DENY, "req_1")) == {
        "type": "urn:narrows:code:model_not_allowed",
        "title": REGISTRY[Code.MODEL_NOT_ALLOWED].summary,
        "status": 403,
        "detail": "no policy allows gpt-5",
        "code": "model_not_allowed",
        "request_id": "req_1",
    }


@pytest.fixture(scope="module")
def clients() -> Any:
    return {"openai": openai.OpenAI(api_key="k"), "anthropic": anthropic.Anthropic(api_key="k")}


@pytest.mark.parametrize("code", list(Code))
def test_the_sdks_raise_their_class_for_every_code(code: Code, clients: Any) -> None:
    deny = Deny(code, "why")
    status = deny.meaning.status
    for name, body in (("openai", refusals.openai_refusal(deny)), ("anthropic", refusals.anthropic_refusal(deny, "r"))):
        sdk: Any = {"openai": openai, "anthropic": anthropic}[name]
        raised = raised_by(clients[name], status, body)
        expected = {
            400: sdk.BadRequestError,
            401: sdk.AuthenticationError,
            403: sdk.PermissionDeniedError,
            409: sdk.ConflictError,
        }
        assert isinstance(raised, expected.get(status, sdk.APIStatusError))
        assert raised.status_code == status
        assert "why" in str(raised)
        if name == "openai":
            assert raised.code == code.value


def raised_by(client: Any, status: int, body: bytes) -> Any:
    response = httpx.Response(status, content=body, request=httpx.Request("POST", "http://gate"))
    return client._make_status_error_from_response(response)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"too long","type":"x","code":"context_length_exceeded"}}', "too long"),
        (b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', "busy"),
        (b'{"error":"plain"}', "plain"),
        (b'{"detail":"Not Found"}', "Not Found"),
        (b'{"object":"error","message":"vllm says","code":400}', "vllm says"),
        (b"<html>Bad Gateway</html>", "the model server answered 502 Bad Gateway"),
        (b'{"error":{"message":["odd"]}}', "the model server answered 502 Bad Gateway"),
        (b"\xff\xfe", "the model server answered 502 Bad Gateway"),
        (b"", "the model server answered 502 Bad Gateway"),
        (b"[1]", "the model server answered 502 Bad Gateway"),
    ],
)
def test_an_upstreams_error_is_rendered_anew(body: bytes, message: str) -> None:
    assert decode(refusals.openai_upstream(502, body))["error"]["message"] == message
    assert decode(refusals.anthropic_upstream(502, body, "r"))["error"]["message"] == message
    assert decode(refusals.problem_upstream(502, body, "r"))["detail"] == message


def test_only_known_members_of_an_error_pass() -> None:
    body = b'{"error":{"message":"m","debug":"internal","headers":{"authorization":"Bearer x"}},"trace":"t"}'
    for rendered in (refusals.openai_upstream(500, body), refusals.anthropic_upstream(500, body, "r")):
        assert b"internal" not in rendered
        assert b"Bearer" not in rendered


def test_type_words_follow_the_status_where_the_upstream_has_none() -> None:
    assert decode(refusals.anthropic_upstream(529, b"", "r"))["error"]["type"] == "overloaded_error"
    assert decode(refusals.anthropic_upstream(404, b"", "r"))["error"]["type"] == "not_found_error"
    assert decode(refusals.openai_upstream(404, b""))["error"]["type"] == "invalid_request_error"
    assert decode(refusals.openai_upstream(599, b""))["error"]["type"] == "server_error"


def test_a_long_message_is_cut() -> None:
    body = msgspec.json.encode({"error": {"message": "x" * 100_000}})
    assert len(refusals.openai_upstream(500, body)) < 5000
