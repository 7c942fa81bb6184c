"""From what is asked to a call; sessions, plans and masks have their own tests."""

import msgspec
import pytest

from narrows.engine.judging import NOTHING, Caller, call_id, choose, make_call, recordable
from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Connected
from narrows.model.call import Asked, Call, Source
from narrows.model.principal import Credential, Identity, Principal, Scope
from narrows.model.refusal import Code
from narrows.model.text import Role, Text
from narrows.model.verdict import Deny
from narrows.policy.tokens import EstimatingCounter
from unit.engine.world import World

ALICE = Identity(Principal("corp", "alice", groups=frozenset({"research"})), Credential("oidc", "c-alice", 2e9))
CALLER = Caller(ALICE, Source("192.0.2.7", justification="why"), "req_7", 12, "POST")
ASKED = Asked("chat", "small-1", {"model": "small-1"}, texts=(Text(Role.USER, "$.messages[0].content", "Hi there"),))


def test_a_call_is_made_of_who_asks_and_what() -> None:
    snapshot = World(openai={"aliases": {"small-1": "vendor/x"}}).snapshots.current
    connected, plan = choose(snapshot, CALLER, [snapshot.connections["openai"]], ASKED)
    call = make_call(CALLER, ASKED, connected, plan, "/v1/x", 40, EstimatingCounter(), SessionIds(b"key"))
    assert (call.id, call.request_id, call.at, call.path) == (call_id("req_7"), "req_7", 12, "/v1/x")
    assert (call.principal.subject, call.credential.id, call.connection) == ("alice", "c-alice", "openai")
    assert (call.asked.model, call.model, call.plan) == ("small-1", "vendor/x", plan)
    assert call.prompt_tokens == EstimatingCounter().prompt(ASKED.texts)
    assert call.session.startswith("sess_")


def test_a_person_in_the_headers_stands_before_the_one_in_the_body() -> None:
    snapshot = World().snapshots.current
    asked = msgspec.structs.replace(ASKED, end_user="dave")
    connected, plan = choose(snapshot, CALLER, [snapshot.connections["openai"]], asked)
    named = msgspec.structs.replace(CALLER, end_user="carol")
    tokens, sessions = EstimatingCounter(), SessionIds(b"k")
    made = [make_call(who, asked, connected, plan, "/", 40, tokens, sessions) for who in (CALLER, named)]
    assert [call.end_user for call in made] == ["dave", "carol"]
    assert [call.output_cap for call in made] == [None, None]


def test_of_several_connections_the_first_that_may_be_used_serves_the_model() -> None:
    snapshot = World(second={"dialect": "openai"}).snapshots.current
    first, second = snapshot.connections["openai"], snapshot.connections["second"]
    first = msgspec.structs.replace(first, serves=lambda model: model == "large-1")
    assert choose(snapshot, CALLER, [first, second], ASKED)[0] is second
    nobody = msgspec.structs.replace(second, serves=lambda model: False)
    _, plan = choose(snapshot, CALLER, [first, nobody], ASKED)
    assert plan.refusal is not None
    assert plan.refusal.code is Code.MODEL_NOT_ALLOWED


@pytest.mark.parametrize("fails", [False, True])
def test_what_masks_can_t_hide_is_not_recorded(fails: bool, caplog: pytest.LogCaptureFixture) -> None:
    def masked(call: Call, deny: Deny) -> tuple[Call, Deny]:
        if fails:
            raise ValueError("quotes the prompt")
        return call, msgspec.structs.replace(deny, message="[X]")

    snapshot = World().snapshots.current
    connected, plan = choose(snapshot, CALLER, [snapshot.connections["openai"]], ASKED)
    call = make_call(CALLER, ASKED, connected, plan, "/", 40, EstimatingCounter(), SessionIds(b"key"))
    deny = Deny(Code.PROMPT_DENIED, "a secret", policy="p", rule="r")
    assert recordable(snapshot, call, deny) == (call, deny)
    kept, told = recordable(msgspec.structs.replace(snapshot, recordable=masked), call, deny)
    assert (told.code, told.policy, told.rule) == (Code.PROMPT_DENIED, "p", "r")
    assert "secret" not in told.message
    if fails:
        assert kept.asked == msgspec.structs.replace(NOTHING, operation="chat")
        assert kept.source.justification is None
        assert "quotes" not in caplog.text
    else:
        assert kept is call


def test_a_scope_refuses_what_policies_permit_and_permits_nothing() -> None:
    world = World(second={"dialect": "openai"})
    snapshot = world.snapshots.current
    first, second = snapshot.connections["openai"], snapshot.connections["second"]

    def chosen(scope: Scope, *candidates: Connected) -> tuple[str, Code | None]:
        identity = msgspec.structs.replace(ALICE, scope=scope)
        caller = msgspec.structs.replace(CALLER, identity=identity)
        connected, plan = choose(snapshot, caller, candidates, ASKED)
        call = make_call(caller, ASKED, connected, plan, "/", 40, EstimatingCounter(), SessionIds(b"key"))
        assert call.scope == scope
        return connected.name, None if plan.refusal is None else plan.refusal.code

    everything = Scope(("*",), ("*",), ("*",))
    assert chosen(everything, first) == ("openai", None)
    assert chosen(Scope(("second",), ("*",), ("*",)), first) == ("openai", Code.SCOPE_EXCEEDED)
    assert chosen(Scope(("second",), ("*",), ("*",)), first, second) == ("second", None)
    assert chosen(Scope(("*",), ("small-2",), ("*",)), first) == ("openai", Code.SCOPE_EXCEEDED)
    assert chosen(Scope(("*",), ("*",), ("embeddings",)), first) == ("openai", Code.SCOPE_EXCEEDED)
    stranger = msgspec.structs.replace(ALICE, principal=Principal("corp", "eve"), scope=everything)
    _, plan = choose(snapshot, msgspec.structs.replace(CALLER, identity=stranger), [first], ASKED)
    assert plan.refusal is not None
    assert plan.refusal.code is Code.NOT_PERMITTED
