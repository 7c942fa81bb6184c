"""A control behind a webhook is told what is known of a call, and believed where it says one of two things."""

import json
from typing import Any

import pytest

from narrows.model.principal import Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.text import Role, Text
from narrows.model.verdict import PROCEED, Deny
from narrows.plugins.webhook import Service
from narrows.plugins.webhook_control import LONGEST, WebhookControl
from narrows.ports.control import Wait
from narrows.ports.plugin import PluginFailed
from unit.controls.calls import begun, call, event
from unit.engine.world import Ticking
from unit.plugins.test_webhook import KEY, Posted

TEXTS = (Text(Role.SYSTEM, "$.a", "be kind"), Text(Role.USER, "$.b", "hi \ud800"))


async def ruled(answer: Any) -> tuple[Any, Posted]:
    post = Posted(answer)
    about = call(asked={"texts": TEXTS}, known=frozenset({0}))
    guard = begun(WebhookControl("quota", Service(post, KEY, Ticking()), 3.0), about)
    wait = guard.on_request(about)
    assert isinstance(wait, Wait)
    assert wait.seconds == 3.0
    assert guard.on_event(event("x")) is None
    assert guard.on_finish() is None
    guard.on_end(Outcome.DONE, None)
    return await wait.until(), post


async def test_it_is_told_who_asks_what_and_no_credential() -> None:
    verdict, post = await ruled({"decision": "proceed"})
    assert verdict is PROCEED
    ((_, told),) = post.sent
    assert told["type"] == "narrows.request"
    data = told["data"]
    assert data["control"] == "quota"
    assert data["principal"] == {"issuer": "corp", "subject": "alice", "kind": "user", "groups": []}
    assert data["call"]["id"] == "call_1"
    assert data["texts"] == [
        {"role": "system", "path": "$.a", "text": "be kind", "new": False},
        {"role": "user", "path": "$.b", "text": "hi ?", "new": True},
    ]
    assert "jti" not in json.dumps(told)


async def test_it_denies_with_a_message_of_its_own() -> None:
    verdict, _ = await ruled({"decision": "deny", "message": "m" * 900})
    assert verdict == Deny(Code.PROMPT_DENIED, "m" * LONGEST)
    verdict, _ = await ruled({"decision": "deny"})
    assert verdict == Deny(Code.PROMPT_DENIED, "The control quota denies this call.")


@pytest.mark.parametrize(
    "answer", [b"", {}, {"decision": "maybe"}, {"decision": "proceed", "more": 1}, PluginFailed("answered late")]
)
async def test_anything_else_is_a_failure(answer: Any) -> None:
    verdict, _ = await ruled(answer)
    assert isinstance(verdict, Deny)
    assert verdict.code is Code.CONTROL_FAILED
    assert "the control 'quota'" in verdict.message


def test_lists_of_models_are_not_its_business() -> None:
    control = WebhookControl("quota", Service(Posted(), KEY, Ticking()), 3.0)
    about = call(asked={"operation": "models"})
    assert control.begin(about) is None
    assert about.principal == Principal("corp", "alice")
