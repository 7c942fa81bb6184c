"""A token is renewed in time and once, what the provider gave is never lost, and a sign-in that ended says so."""

import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.client.failure import SignInEnded, SignInFailed, Unreachable
from narrows.client.gate import Issuer
from narrows.client.logins import Login, Logins
from narrows.client.renewal import Renewal
from narrows.model.secret import Secret
from unit.client.world import CONSOLE, GATE, IDP, ISSUER, PROVIDER, World, plain, tokens

TOKEN = f"{IDP}/token"
EXCHANGE = f"{CONSOLE}/oauth/token"
DEAD = (400, {"error": "invalid_grant"})
BRIEF = (200, {"access_token": "nrw_at_x", "token_type": "Bearer", "expires_in": 600})


class Kept:
    """A sign-in on disk, with tokens that last so many seconds."""

    def __init__(self, folder: Path, *, lasts: int = 0, refresh: str | None = "r0", issuer: Issuer = ISSUER) -> None:
        self.world = World()
        self.logins = Logins(folder)
        provider = msgspec.structs.replace(PROVIDER)
        self.login = Login(GATE, plain(issuer), plain(provider), "alice", "alice", self.world.time, console=CONSOLE)
        made = tokens(self.world, lasts=600, refresh=refresh)
        left = msgspec.structs.replace(made, expires=self.world.time + lasts, received=self.world.time + lasts - 600)
        self.logins.keep(self.login, left)
        self.told: list[str] = []

    @property
    def renewal(self) -> Renewal:
        return Renewal(self.logins, self.login, self.world, self.world.now, self.told.append)  # type: ignore[arg-type]

    @property
    def on_disk(self) -> Any:
        return self.logins.tokens(self.login)


def test_a_token_that_is_not_due_is_used(tmp_path: Path) -> None:
    kept = Kept(tmp_path, lasts=600)
    assert kept.renewal.fresh().access == Secret("access-0")
    assert kept.world.forms == []


def test_one_that_is_due_is_renewed_and_kept(tmp_path: Path) -> None:
    kept = Kept(tmp_path, lasts=60, issuer=msgspec.structs.replace(ISSUER, resource="urn:narrows"))
    kept.world.replies[TOKEN] = [(200, kept.world.grant())]
    fresh = kept.renewal.fresh()
    assert fresh.access != Secret("access-0")
    assert kept.on_disk == msgspec.structs.replace(fresh, id_token=None)
    assert kept.on_disk.refresh == Secret("r1")
    form = {"client_id": "cli", "resource": "urn:narrows", "grant_type": "refresh_token", "refresh_token": "r0"}
    assert kept.world.forms == [(TOKEN, form)]


def test_a_provider_that_does_not_rotate_keeps_its_refresh_token(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.world.replies[TOKEN] = [(200, kept.world.grant(refresh=None, id_token=None))]
    kept.renewal.fresh()
    assert kept.on_disk.refresh == Secret("r0")


def test_many_at_once_ask_once(tmp_path: Path) -> None:
    """A refresh token that comes twice ends the whole sign-in at many providers."""
    kept = Kept(tmp_path)
    kept.world.replies[TOKEN] = [(200, kept.world.grant())]
    found: list[Secret] = []
    threads = [threading.Thread(target=lambda: found.append(kept.renewal.fresh().access)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(kept.world.forms) == 1


def test_one_that_the_gate_no_longer_takes_is_renewed_whatever_its_end_says(tmp_path: Path) -> None:
    kept = Kept(tmp_path, lasts=600)
    kept.world.replies[TOKEN] = [(200, kept.world.grant())]
    fresh = kept.renewal.fresh(Secret("access-0"))
    assert fresh.access != Secret("access-0")
    assert kept.renewal.fresh(Secret("access-0")) == msgspec.structs.replace(fresh, id_token=None)
    assert len(kept.world.forms) == 1, "somebody else had renewed it"


def test_while_the_token_at_hand_is_good_a_provider_that_is_down_stops_nobody(tmp_path: Path) -> None:
    kept = Kept(tmp_path, lasts=60)
    kept.world.replies[TOKEN] = [Unreachable("idp does not answer")]
    assert kept.renewal.fresh().access == Secret("access-0")
    assert "idp does not answer" in kept.told[0]


def test_afterwards_it_does(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.world.replies[TOKEN] = [Unreachable("idp does not answer"), (200, kept.world.grant())]
    with pytest.raises(Unreachable):
        kept.renewal.fresh()
    assert kept.on_disk.refresh == Secret("r0"), "the next attempt has what it needs"
    kept.renewal.fresh()


def test_a_sign_in_that_ended_is_not_asked_about_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path, lasts=60)
    kept.world.replies[TOKEN] = [DEAD]
    assert kept.renewal.fresh().access == Secret("access-0"), "good for another minute"
    kept.world.time += 61
    for _ in range(2):
        with pytest.raises(SignInEnded, match=f"narrows login --url {GATE}"):
            kept.renewal.fresh()
    assert len(kept.world.forms) == 1


def test_without_a_refresh_token_it_ends(tmp_path: Path) -> None:
    with pytest.raises(SignInEnded):
        Kept(tmp_path, refresh=None).renewal.fresh()


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"access_token": "opaque"}, "no JWT"), ({"who": "mallory"}, "somebody else")],
)
def test_what_is_new_is_checked_before_it_is_used_and_the_way_on_is_kept(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    kept = Kept(tmp_path)
    who = changes.pop("who", "alice")
    given = {"id_token": kept.world.id_token(sub=who), **changes}
    kept.world.replies[TOKEN] = [(200, kept.world.grant(**given))]
    with pytest.raises(SignInFailed, match=why):
        kept.renewal.fresh()
    assert (kept.on_disk.access, kept.on_disk.refresh) == (Secret("access-0"), Secret("r1"))


class TestIdTokens:
    """Where an ID token is exchanged at the console, renewal does both."""

    issuer = msgspec.structs.replace(ISSUER, tokens="id")

    def test_both_are_renewed(self, tmp_path: Path) -> None:
        kept = Kept(tmp_path, issuer=self.issuer)
        given = kept.world.grant(access_token="opaque")
        kept.world.replies |= {TOKEN: [(200, given)], EXCHANGE: [BRIEF]}
        assert kept.renewal.fresh().access == Secret("nrw_at_x")
        assert (kept.on_disk.access, kept.on_disk.refresh) == (Secret("nrw_at_x"), Secret("r1"))
        assert kept.world.forms[1][1]["subject_token"] == given["id_token"]

    def test_a_console_that_is_down_costs_nothing_but_time(self, tmp_path: Path) -> None:
        kept = Kept(tmp_path, issuer=self.issuer)
        kept.world.replies |= {
            TOKEN: [(200, kept.world.grant(access_token="opaque")), (200, kept.world.grant(refresh="r2"))],
            EXCHANGE: [Unreachable("console does not answer"), BRIEF],
        }
        with pytest.raises(Unreachable):
            kept.renewal.fresh()
        assert (kept.on_disk.access, kept.on_disk.refresh) == (Secret("access-0"), Secret("r1"))
        assert kept.renewal.fresh().access == Secret("nrw_at_x")
        assert kept.world.forms[2][1]["refresh_token"] == "r1"

    def test_a_provider_that_gives_no_new_id_token(self, tmp_path: Path) -> None:
        kept = Kept(tmp_path, issuer=self.issuer)
        kept.world.replies[TOKEN] = [(200, kept.world.grant(id_token=None))]
        with pytest.raises(SignInFailed, match="no new ID token"):
            kept.renewal.fresh()

    def test_the_console_s_token_is_handed_back(self, tmp_path: Path) -> None:
        """It is good until the ID token ends, which the provider can't change any more."""
        kept = Kept(tmp_path, issuer=self.issuer, lasts=600)
        kept.world.replies |= {f"{IDP}/revoke": [(200, {})], f"{CONSOLE}/oauth/revoke": [(200, {})]}
        assert kept.renewal.end() == []
        assert [(url, form["token"]) for url, form in kept.world.forms] == [
            (f"{CONSOLE}/oauth/revoke", "access-0"),
            (f"{IDP}/revoke", "r0"),
        ]

    @pytest.mark.parametrize("reply", [Unreachable("console does not answer"), (503, {})])
    def test_a_console_that_does_not_take_it_is_told_and_keeps_nobody_signed_in(
        self, tmp_path: Path, reply: Any
    ) -> None:
        kept = Kept(tmp_path, issuer=self.issuer, lasts=600)
        kept.world.replies |= {f"{IDP}/revoke": [(200, {})], f"{CONSOLE}/oauth/revoke": [reply]}
        (said,) = kept.renewal.end()
        assert "console" in said
        assert "access-0" not in said
        assert kept.logins.all() == []


def test_who_signs_out_waits_for_a_renewal_under_way(tmp_path: Path) -> None:
    """Else that would put back tokens that nobody has revoked."""
    kept = Kept(tmp_path, lasts=600)
    kept.world.replies[f"{IDP}/revoke"] = [(200, {}), (200, {})]
    with kept.logins.renewing(kept.login):
        ending = threading.Thread(target=kept.renewal.end)
        ending.start()
        ending.join(0.05)
        assert ending.is_alive()
        kept.logins.renewed(kept.login, tokens(kept.world, lasts=600, refresh="r9"))
    ending.join(10)
    assert kept.world.forms[0][1]["token"] == "r9"
    assert kept.on_disk is None


def test_the_end_is_told_to_the_provider(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.world.replies[f"{IDP}/revoke"] = [(200, {}), (400, {"error": "unsupported_token_type"})]
    assert kept.renewal.end() == [], "an access token that is a JWT ends by itself"
    assert [form["token"] for _, form in kept.world.forms] == ["r0", "access-0"]
    assert kept.logins.all() == []


@pytest.mark.parametrize("reply", [Unreachable("idp does not answer"), (503, {})])
def test_what_could_not_be_ended_there_is_told_and_forgotten_here(tmp_path: Path, reply: Any) -> None:
    kept = Kept(tmp_path)
    kept.world.replies[f"{IDP}/revoke"] = [reply, (200, {})]
    (said,) = kept.renewal.end()
    assert "idp" in said
    assert "r0" not in said
    assert kept.logins.all() == []
