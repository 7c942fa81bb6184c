"""Access at the command line: asked for and fetched with a sign-in, decided beside the store or with one."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from narrows.cli import access as command
from narrows.client.logins import Login, Logins
from narrows.client.tokens import Tokens
from narrows.client.web import Answer
from narrows.model.access import GrantAct, Step
from narrows.model.secret import Secret
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.wiring.clock import SystemClock
from narrows.wiring.places import state_folder
from unit.cli.command import Ran
from unit.client.world import ISSUER, PROVIDER, plain
from unit.console.access import HOUR, request

Narrows = Callable[..., Ran]
WISH = ("--connection", "openai", "--operation", "chat", "--for", "1h", "--reason", "the outage")


def kept(folder: Path, ident: str = "grt_1", **changes: Any) -> None:
    """A request that stands in the store."""
    now = SystemClock().now()
    grants = SqliteGrants(folder / "data", SystemClock())
    grants.ask(request(ident, at=now, expires=now + HOUR, **changes))
    grants.close()


class Console:
    """What is asked of the console's API, and its answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, Any]] = []
        self.answers: list[tuple[int, dict[str, Any]]] = []

    def __call__(self, ca_bundle: str | None = None) -> "Console":
        return self

    def ask(self, method: str, url: str, token: Secret, body: object | None) -> Answer:
        self.asked.append((method, url, token.reveal(), body))
        status, said = self.answers.pop(0)
        return Answer(status, json.dumps(said).encode())


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    """Somebody is signed in, and this is the console of their gate."""
    made = Console()
    monkeypatch.setattr(command, "Web", made)
    sign_in("https://console.test")
    return made


def sign_in(console: str | None) -> None:
    now = int(time.time())
    url = "https://gate.test"
    login = Login(url, plain(ISSUER), plain(PROVIDER), "alice", "alice@corp.test", now, console=console)
    tokens = Tokens(Secret("token"), now + 600, now)
    Logins(state_folder(os.environ, Path.home())).keep(login, tokens)


def given(**changes: Any) -> dict[str, Any]:
    row = {
        "id": "grt_1",
        "state": "pending",
        "requester": "corp:alice",
        "groups": [],
        "connections": ["openai"],
        "models": ["gpt-4o"],
        "operations": ["chat"],
        "seconds": 3600,
        "reason": "the outage",
        "rule": "large",
        "by": {"groups": ["corp:security"], "people": []},
        "needed": 1,
        "approved_by": [],
        "asked_at": "2026-01-05T10:00:00Z",
        "expires_at": "2026-01-05T11:00:00Z",
        "starts_at": None,
        "ends_at": None,
        "bound_to_network": False,
        "certificate": None,
        "address": "",
        "acts": [],
    }
    return {**row, **changes}


def test_it_is_asked_for_with_the_sign_in(narrows: Narrows, console: Console) -> None:
    console.answers = [(201, given()), (201, given(state="active"))]
    ran = narrows("access", "request", *WISH, "--model", "gpt-4o", "--model", "small*")
    assert (ran.code, ran.out) == (0, "grt_1 pending: chat of gpt-4o on openai, by rule large\n")
    assert "It waits for corp:security" in ran.err
    assert "narrows access token grt_1" in narrows("access", "request", *WISH).err
    body = {
        "connections": ["openai"],
        "models": ["gpt-4o", "small*"],
        "operations": ["chat"],
        "for": "1h",
        "reason": "the outage",
    }
    assert console.asked[0] == ("POST", "https://console.test/api/v1/access", "token", body)


def test_a_certificate_is_given_by_its_fingerprint(narrows: Narrows, console: Console, tmp_path: Path) -> None:
    leaf = trustme.CA().issue_cert("ana@example.com")
    pem = tmp_path / "own.pem"
    pem.write_bytes(leaf.private_key_pem.bytes() + leaf.cert_chain_pems[0].bytes())
    console.answers = [(201, given())]
    assert narrows("access", "request", *WISH, "--certificate", str(pem), "--json").rows[0]["id"] == "grt_1"
    assert console.asked[0][3]["certificate"] == command.fingerprint(pem)
    (tmp_path / "none.pem").write_text("-----BEGIN CERTIFICATE-----\nnothing")
    for name, said in (("none.pem", "no PEM certificate"), ("missing.pem", "can't be read")):
        assert said in narrows("access", "request", *WISH, "--certificate", str(tmp_path / name)).err


def test_what_the_console_refuses_is_told(narrows: Narrows, console: Console) -> None:
    console.answers = [(403, {"title": "No rule offers it.", "code": "access_not_offered"})]
    ran = narrows("access", "request", *WISH)
    assert (ran.code, ran.err) == (1, "narrows: No rule offers it.\n")


def test_a_token_is_printed_alone(narrows: Narrows, console: Console) -> None:
    answer = (201, {"id": "tok_1", "token": "nrw_at_x", "expires_at": "2026-01-05T11:00:00Z"})
    console.answers = [answer, answer]
    assert narrows("access", "token", "grt_1").out == "nrw_at_x\n"
    assert narrows("access", "token", "grt_1", "--json").rows[0]["id"] == "tok_1"
    assert console.asked[0][:2] == ("POST", "https://console.test/api/v1/access/grt_1/token")
    assert "is no id of access" in narrows("access", "token", "../whoami").err


def test_nobody_asks_without_a_sign_in(narrows: Narrows, config: Path) -> None:
    assert "run `narrows login" in narrows("access", "request", *WISH).err
    assert "run `narrows login" in narrows("access", "token", "grt_1").err
    sign_in(None)
    assert "does not say where its console is" in narrows("access", "request", *WISH).err


def test_beside_the_store_the_local_operator_decides(narrows: Narrows, config: Path, tmp_path: Path) -> None:
    kept(tmp_path)
    kept(tmp_path, "grt_2", needed=2)
    assert [row["id"] for row in narrows("access", "list", "--json").rows] == ["grt_1", "grt_2"]
    assert "corp:security" in narrows("access", "list").out
    ran = narrows("access", "approve", "grt_1", "--reason", "agreed")
    assert (ran.code, ran.out) == (0, "grt_1 active\n")
    assert "the local operator of" in ran.err
    assert narrows("access", "approve", "grt_2").out == "grt_2 pending; still needed: corp:security\n"
    assert "was rejected" not in narrows("access", "reject", "grt_2", "--reason", "no").err
    shown = narrows("access", "show", "grt_2")
    assert "rejected" in shown.out
    (row,) = narrows("access", "show", "grt_1", "--json").rows
    assert (row["state"], row["acts"][0]["who"][:6]) == ("active", "local:")
    assert [row["id"] for row in narrows("access", "list", "--state", "rejected", "--json").rows] == ["grt_2"]
    assert [row["id"] for row in narrows("access", "list", "--all", "--json").rows] == ["grt_1", "grt_2"]
    late = narrows("access", "cancel", "grt_1")
    assert (late.code, late.err) == (1, "narrows: grt_1 is approved already\n")


def test_what_is_not_there_is_told(narrows: Narrows, config: Path, tmp_path: Path) -> None:
    assert narrows("access", "list").err.startswith("Nobody has access for a time")
    assert "there is no access 'grt_9'" in narrows("access", "show", "grt_9").err
    assert "is none of pending" in narrows("access", "list", "--state", "open").err


def test_where_a_gate_is_named_its_console_decides(narrows: Narrows, config: Path, console: Console) -> None:
    console.answers = [
        (200, {"items": [given(), given(id="grt_2", state="ended")], "next": None}),
        (200, {"recorded": True, "access": given(state="active")}),
        (200, given(acts=[{"who": "corp:ana", "step": "approve", "at": "2026-01-05T10:30:00Z", "reason": None}])),
    ]
    url = ("--url", "https://gate.test")
    assert [row["id"] for row in narrows("access", "list", *url, "--json").rows] == ["grt_1"]
    assert narrows("access", "approve", "grt_1", "--reason", "fine", *url).out == "grt_1 active\n"
    assert "corp:ana approve" in narrows("access", "show", "grt_1", *url).out
    assert console.asked[1][3] == {"reason": "fine"}


def test_where_there_is_no_store_the_sign_in_is_taken(narrows: Narrows, console: Console) -> None:
    console.answers = [(200, {"items": [], "next": None})]
    assert narrows("access", "list").code == 0
    assert console.asked[0][1].startswith("https://console.test/api/v1/access")


def test_an_act_that_is_not_entitled_counts_for_nothing(narrows: Narrows, config: Path, tmp_path: Path) -> None:
    kept(tmp_path)
    grants = SqliteGrants(tmp_path / "data", SystemClock())
    with pytest.raises(Exception, match="may not decide"):
        grants.act(GrantAct("grt_1", "corp:eve", Step.APPROVE, 0))
    grants.close()
    assert narrows("access", "show", "grt_1", "--json").rows[0]["state"] == "pending"
