"""Calls, plans and replies for the tests of controls."""

from typing import Any

from narrows.model.call import Asked, Call, Source
from narrows.model.plan import Plan
from narrows.model.principal import Credential, Principal
from narrows.model.reply import Delta, Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed
from narrows.ports.control import Control, Guard


def call(plan: Plan | None = None, *, asked: dict[str, Any] | None = None, **facts: Any) -> Call:
    """A chat call under this plan."""
    return Call(
        id="call_1",
        request_id="req_1",
        session="s",
        at=0,
        principal=Principal("corp", "alice"),
        credential=Credential("oidc", "jti", 1.0),
        source=Source("127.0.0.1"),
        connection="openai",
        dialect="openai",
        method="POST",
        path="/v1/chat/completions",
        asked=Asked(**{"operation": "chat", "model": "gpt", "body": {}, **(asked or {})}),
        model="gpt",
        plan=plan or Plan("r"),
        **facts,
    )


def begun(control: Control, about: Call) -> Guard:
    """The guard, which must be there."""
    guard = control.begin(about)
    assert guard is not None
    return guard


def judged(control: Control, about: Call) -> Call | Deny:
    """What a control makes of a request: the call as it goes on, or the refusal."""
    guard = control.begin(about)
    if guard is None:
        return about
    verdict = guard.on_request(about)
    if isinstance(verdict, Proceed):
        return verdict.call or about
    assert isinstance(verdict, Deny)
    return verdict


def event(*texts: str, completion: int | None = None) -> Event:
    """An event of a reply with these deltas."""
    usage = None if completion is None else Usage(completion=completion)
    return Event(data={}, deltas=[Delta(0, "content", text) for text in texts], usage=usage)
