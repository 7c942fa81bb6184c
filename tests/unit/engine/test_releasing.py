"""A call that has waited goes on only if it would still be judged as it was."""

import asyncio
from typing import Any

import msgspec
import pytest

from narrows.engine.releasing import still, with_headers
from narrows.engine.snapshot import Snapshot
from narrows.model.approval import Release
from narrows.model.call import Call
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed, Verdict
from narrows.ports.control import Wait
from narrows.ports.http import RequestHead, UpstreamFailed
from unit.controls.calls import call
from unit.engine.world import POLICY, People, World, chat, completion

ALICE = Principal("corp", "alice", groups=frozenset({"research"}))


def waited(**facts: Any) -> Call:
    about = call(asked={"model": "small"})
    return msgspec.structs.replace(about, principal=ALICE, **facts)


def head(token: str = "alice") -> RequestHead:
    return RequestHead("POST", "/", "", {b"authorization": b"Bearer " + token.encode()}, "127.0.0.1", "gate")


def now(people: People | None = None, **policy: Any) -> Snapshot:
    world = World(({**POLICY, **policy},))
    snapshot = world.snapshots.current
    return msgspec.structs.replace(snapshot, authenticator=people) if people else snapshot


async def test_it_goes_on_where_nothing_has_changed() -> None:
    snapshot = now()
    assert await still(head(), waited(), snapshot, snapshot) is None
    assert await still(head(), waited(), snapshot, now()) is None


async def test_it_is_refused_as_a_stranger_when_its_credential_is_revoked() -> None:
    snapshot = now(People({}))
    deny = await still(head(), waited(), snapshot, snapshot)
    assert isinstance(deny, Deny)
    assert deny.code is Code.CREDENTIAL_INVALID


async def test_it_is_judged_anew_when_its_identity_is_another() -> None:
    snapshot = now(People({"alice": {"research", "admins"}}))
    deny = await still(head(), waited(), snapshot, snapshot)
    assert isinstance(deny, Deny)
    assert (deny.code, deny.retry_after) == (Code.APPROVAL_PENDING, 1)


async def test_what_no_policy_permits_any_more_is_refused() -> None:
    then = now()
    deny = await still(head(), waited(), then, now(who={"groups": ["others"]}))
    assert isinstance(deny, Deny)
    assert deny.code is Code.NOT_PERMITTED


async def test_it_is_judged_anew_when_the_policies_would_judge_it_by_anything_else() -> None:
    then = msgspec.structs.replace(now(), judged_by=lambda about: (about.connection, 1))
    same = msgspec.structs.replace(now(), judged_by=lambda about: (about.connection, 1))
    other = msgspec.structs.replace(now(), judged_by=lambda about: (about.connection, 2))
    assert await still(head(), waited(), then, same) is None
    deny = await still(head(), waited(), then, other)
    assert isinstance(deny, Deny)
    assert deny.code is Code.APPROVAL_PENDING
    assert "the policies" in deny.message


async def test_it_is_judged_anew_when_its_connection_is_gone() -> None:
    deny = await still(head(), waited(connection="gone"), now(), now())
    assert isinstance(deny, Deny)
    assert deny.code is Code.APPROVAL_PENDING


async def test_the_gate_s_own_calls_show_no_credential() -> None:
    snapshot = now(People({}))
    own = waited(credential=Credential("gate", "classifier", 0.0))
    assert await still(RequestHead("POST", "/", "", {}, "", ""), own, snapshot, snapshot) is None


async def test_without_a_credential_nothing_goes_on() -> None:
    snapshot = now()
    deny = await still(RequestHead("POST", "/", "", {}, "", ""), waited(), snapshot, snapshot)
    assert isinstance(deny, Deny)
    assert deny.code is Code.CREDENTIAL_MISSING


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, ()),
        ({b"x-other": b"1"}, ()),
        ({b"openai-beta": b"v2", b"a": b"1", b"idempotency-key": b"k"}, ((b"a", b"1"), (b"openai-beta", b"v2"))),
    ],
)
def test_headers_that_go_on_and_mean_something(
    given: dict[bytes, bytes], kept: tuple[tuple[bytes, bytes], ...]
) -> None:
    passed = frozenset({b"openai-beta", b"a", b"idempotency-key"})
    assert with_headers(call(), given, passed).headers == kept


def test_an_identity_is_compared_whole() -> None:
    assert Identity(ALICE, Credential("oidc", "j", 1.0)).principal == waited().principal


class Releasing:
    """A control whose call goes on once `decided` is set; `sent` is what was so when each guard was released."""

    name = "approve"

    def __init__(self) -> None:
        self.decided = asyncio.Event()
        self.decided.set()
        self.calls: list[Call] = []
        self.sent: list[bool] = []
        self.release = Release("apr_1")

    def begin(self, call: Call) -> "Releasing":
        self.calls.append(call)
        return self

    def on_request(self, call: Call) -> Wait[Verdict]:
        return Wait(self._released, 10)

    async def _released(self) -> Verdict:
        await self.decided.wait()
        return Proceed(release=self.release)

    def on_event(self, event: Event) -> None: ...

    def on_finish(self) -> None: ...

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        self.sent.append(self.release.sent)

    def into(self, world: World) -> "Releasing":
        """Puts it behind the world's own controls: in the gate alone, as what waits is."""
        now = world.snapshots.current
        world.snapshots.current = msgspec.structs.replace(now, controls=(*now.controls, self), asks=True)
        return self


UNREACHABLE = UpstreamFailed(Deny(Code.UPSTREAM_UNREACHABLE, "no"), sent=False)
LATE = UpstreamFailed(Deny(Code.UPSTREAM_TIMEOUT, "late"), sent=True)


@pytest.mark.parametrize(("failure", "sent"), [(None, True), (LATE, True), (UNREACHABLE, False)])
async def test_whoever_released_a_call_learns_whether_it_was_sent(failure: Exception | None, sent: bool) -> None:
    world = World()
    control = Releasing().into(world)
    if failure is None:
        world.upstream.reply(completion())
    else:
        world.upstream.script.append(failure)  # type: ignore[arg-type]
    await world.call(chat())
    assert control.sent == [sent]


async def test_a_call_whose_intent_cannot_be_written_was_not_sent() -> None:
    world = World()
    control = Releasing().into(world)
    world.journal.failing = True
    assert (await world.call(chat())).status == 503
    assert control.sent == [False]


@pytest.mark.parametrize("padding", [0, 300_000])
async def test_a_credential_that_is_revoked_while_a_call_waits_ends_it(padding: int) -> None:
    world = World()
    control = Releasing().into(world)
    control.decided.clear()
    exchange = world.exchange(chat("x" * padding))
    task = asyncio.create_task(world.gateway(exchange))
    while not control.calls:
        await asyncio.sleep(0)
    world.people.forget("alice")
    control.decided.set()
    await task
    assert exchange.status == 401
    assert control.sent == [False]
    assert world.upstream.sent == []
