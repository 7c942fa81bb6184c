"""What is revoked ends at once, across processes: new calls, open streams, held calls; and stays ended."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended, until
from e2e.revocation.conftest import Caller
from narrows.model.approval import TicketState
from narrows.model.refusal import Code
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.selection import Filters
from narrows.wiring.clock import SystemClock

MOST = 2.0
"""Seconds in which all of it must be done; what it takes is measured elsewhere."""

Enter = Callable[..., Caller]


@pytest.fixture
def enter(gate: Gate, issuer: Issuer, callers: list[Caller]) -> Enter:
    """Somebody of research signs in."""

    def entered(subject: str, **claims: Any) -> Caller:
        caller = Caller(gate, issuer.token(subject, ("research", *claims.pop("groups", ())), **claims))
        callers.append(caller)
        assert caller.ask() is None
        return caller

    return entered


def done(gate: Gate, *arguments: str) -> list[dict[str, Any]]:
    """What a command says that must succeed."""
    return gate.rows(*arguments, "--reason", "incident 4711")


def follow(response: httpx.Response) -> tuple[threading.Thread, list[bytes]]:
    """Reads a stream in a thread."""
    pieces: list[bytes] = []

    def read() -> None:
        with closing(response):
            for piece in response.iter_raw():
                pieces.append(piece)  # noqa: PERF402 - what there is so far is looked at meanwhile

    thread = threading.Thread(target=read)
    thread.start()
    return thread, pieces


def test_an_open_stream_is_cut_and_nothing_more_is_let_in(gate: Gate, enter: Enter) -> None:
    eve, max_ = enter("eve"), enter("max")
    response, other = eve.stream(), max_.stream()
    call = response.headers["narrows-call-id"]
    thread, pieces = follow(response)
    until(lambda: len(pieces) > 2)
    (contained,) = done(gate, "contain", "corp:eve")
    thread.join(MOST)
    assert not thread.is_alive()
    text = b"".join(pieces)
    assert Code.IDENTITY_CONTAINED.value.encode() in text
    assert b"[DONE]" not in text
    (revocation,) = contained["revocations"]
    assert [each["calls"] for each in revocation["stopped"]] == [[call]]
    assert eve.ask() == "identity_contained"
    view = ended(gate, call)
    assert (view.outcome, view.refusal, view.rule) == ("cut", "identity_contained", revocation["id"])
    # Others go on.
    assert max_.ask() is None
    assert next(other.iter_raw())
    other.close()


def test_a_token_of_before_is_worth_nothing_and_one_of_later_is(gate: Gate, issuer: Issuer, enter: Enter) -> None:
    ana = enter("ana", jti="t-1")
    done(gate, "revoke", "user", "corp:ana")
    assert ana.ask() == "credential_revoked"
    # One that nobody has shown yet, too.
    late = Caller(gate, issuer.token("ana", ("research",), iat=int(time.time()) - 1))
    assert late.ask() == "credential_revoked"
    late.close()
    # The provider's clock may be ahead by as much as a gate tolerates.
    again = Caller(gate, issuer.token("ana", ("research",), iat=int(time.time()) + 25))
    assert again.ask() == "credential_revoked"
    again.close()


def test_one_token_ends_and_another_of_the_same_person_does_not(gate: Gate, enter: Enter) -> None:
    lost, kept = enter("tom", jti="lost-1"), enter("tom", jti="kept-1")
    done(gate, "revoke", "token", "lost-1")
    assert (lost.ask(), kept.ask()) == ("credential_revoked", None)


def test_a_sign_in_and_a_group_end(gate: Gate, enter: Enter) -> None:
    here, there = enter("kim", sid="laptop"), enter("kim", sid="phone")
    outside = enter("lee", groups=("contractors",))
    done(gate, "revoke", "login", "corp:laptop")
    assert (here.ask(), there.ask(), outside.ask()) == ("credential_revoked", None, None)
    done(gate, "revoke", "group", "contractors")
    assert (there.ask(), outside.ask()) == (None, "credential_revoked")


def test_a_key_and_a_service_account_end_with_their_owner(gate: Gate, callers: list[Caller]) -> None:
    keys = {
        name: gate.rows("keys", "create", name, "--owner", owner)[0]
        for name, owner in (("etl", "corp:olga"), ("bare", "olga"), ("other", "corp:pia"), ("single", "corp:pia"))
    }
    using = {name: Caller(gate, made["key"]) for name, made in keys.items()}
    callers += using.values()
    assert {name: caller.ask() for name, caller in using.items()} == dict.fromkeys(keys)
    done(gate, "revoke", "key", keys["single"]["id"])
    assert using["single"].ask() == "credential_revoked"
    (contained,) = done(gate, "contain", "corp:olga", "--dry-run")
    assert contained["holds"]["accounts"] == ["bare", "etl"]
    assert using["etl"].ask() is None
    (contained,) = done(gate, "contain", "corp:olga")
    assert (using["etl"].ask(), using["bare"].ask(), using["other"].ask()) == (
        "identity_contained", "identity_contained", None,
    )  # fmt: skip
    done(gate, "contain", "corp:olga", "--lift")
    assert until(lambda: using["etl"].ask() is None)


def test_a_held_call_is_refused_and_its_question_void(gate: Gate, enter: Enter) -> None:
    zoe = enter("zoe")
    answers: list[str | None] = []
    thread = threading.Thread(target=lambda: answers.append(zoe.ask("please delete it")))
    thread.start()

    def asked() -> Any:
        with closing(SqliteDecisions(gate.store, SystemClock())) as decisions:
            return next((each for each in decisions.list() if each.ticket.requester == "corp:zoe"), None)

    ticket = until(asked).ticket.id
    (contained,) = done(gate, "contain", "corp:zoe")
    assert contained["holds"]["approvals"] == [ticket]
    assert [each["approvals"] for each in contained["revocations"][0]["stopped"]] == [[ticket]]
    thread.join(MOST)
    assert answers == ["identity_contained"]
    assert until(lambda: asked().state is TicketState.CANCELLED)


def test_a_session_ends_and_others_of_the_same_caller_do_not(gate: Gate, enter: Enter) -> None:
    ned = enter("ned")
    assert ned.ask(**{"narrows-session": "nightly"}) is None
    (first,) = [
        each for each in Archive(gate.store).calls(Filters(user="corp:ned"), newest_first=True) if each.model == "ok"
    ][:1]
    done(gate, "revoke", "session", first.session)
    assert ned.ask(**{"narrows-session": "nightly"}) == "session_revoked"
    assert ned.ask(**{"narrows-session": "another"}) is None


def test_who_uses_what_is_over_is_on_record_with_its_source(gate: Gate, issuer: Issuer, enter: Enter) -> None:
    ida = enter("ida", jti="copied-1")
    done(gate, "revoke", "token", "copied-1")
    assert [ida.ask() for _ in range(3)] == ["credential_revoked"] * 3
    expired = Caller(gate, issuer.token("ida", ("research",), lifetime=-60, jti="old-1"))
    assert expired.ask() == "credential_expired"
    expired.close()

    def refused() -> Any:
        found = Archive(gate.store).calls(Filters(user="corp:ida"), newest_first=False)
        mine = [each for each in found if each.refusal]
        return len(mine) >= 2 and mine

    uses = until(refused)
    assert [(each.refusal, each.credential, each.address, each.agent) for each in uses] == [
        ("credential_revoked", "copied-1", "127.0.0.1", "laptop"),
        ("credential_expired", "old-1", "127.0.0.1", "laptop"),
    ]
    metrics = httpx.get(f"{gate.admin}/metrics").text
    assert 'narrows_dead_credentials_total{code="credential_expired"} 1.0' in metrics
    assert "the credential old-1 of corp:ida was used from 127.0.0.1" in gate.output


def test_a_lift_lets_in_again(gate: Gate, enter: Enter) -> None:
    uma = enter("uma")
    (revocation,) = done(gate, "revoke", "token", _credential(gate, "uma"))
    assert uma.ask() == "credential_revoked"
    (lifted,) = done(gate, "revocations", "lift", revocation["id"])
    assert lifted["state"] == "lifted"
    assert until(lambda: uma.ask() is None)


def test_what_is_revoked_stays_so_after_a_restart(gate: Gate, enter: Enter) -> None:
    vic = enter("vic")
    done(gate, "contain", "corp:vic")
    gate.kill()
    down = gate.run("revoke", "token", "later-1", "--reason", "while it is down", "--json")
    assert down.returncode == 0
    assert json.loads(down.stdout)["stopped"] == []
    gate.start()
    assert vic.ask() == "identity_contained"
    shown = until(lambda: gate.rows("revocations", "show", json.loads(down.stdout)["id"])[0]["stopped"])
    assert [each["calls"] for each in shown] == [[]]


def _credential(gate: Gate, subject: str) -> str:
    calls = Archive(gate.store).calls(Filters(user=f"corp:{subject}"), newest_first=True)
    return next(iter(calls)).credential
