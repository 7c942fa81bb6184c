"""Groups from a provider's directory: joined to what a token says, void with each change, and nobody's when unread."""

from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from narrows.config.provisioning import Scim
from narrows.config.schema import IdentitySettings, Issuer
from narrows.identity.directory import BLIND, Changes, Memberships, memberships
from narrows.model.directory import Listing
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.directory import DirectoryUnavailable
from unit.identity.world import StillClock

TOKEN = Secret("t" * 32)


class Watch:
    """A directory in memory."""

    def __init__(self) -> None:
        self.news_: Collection[str] | None = ()
        self.listed: dict[str, Listing] = {}
        self.teams: set[str] = set()
        self.fails = False
        self.closed = False

    def news(self) -> Collection[str] | None:
        self.check()
        return self.news_

    def listing(self, issuer: str, subject: str, groups: Collection[str] = ()) -> Listing | None:
        self.check()
        found = self.listed.get(f"{issuer}:{subject}")
        return found and msgspec.structs.replace(found, known=frozenset(self.teams & set(groups)))

    def check(self) -> None:
        if self.fails:
            raise DirectoryUnavailable("control.db: gone")

    def close(self) -> None:
        self.closed = True


def identity(subject: str = "ann", *groups: str, issuer: str = "corp", **changes: Any) -> Identity:
    principal = Principal(issuer, subject, groups=frozenset(groups), **changes)
    return Identity(principal, Credential("oidc", "jti", 2e9))


def directory(watch: Watch, clock: StillClock | None = None, **settings: Any) -> Memberships:
    found = Memberships({"corp": Scim(token=TOKEN, **settings)}, watch, clock or StillClock())
    found.poll()
    return found


def groups(outcome: Identity | Deny) -> set[str]:
    assert isinstance(outcome, Identity), outcome
    return set(outcome.principal.groups)


def code(outcome: Identity | Deny) -> Code:
    assert isinstance(outcome, Deny), outcome
    return outcome.code


@pytest.mark.parametrize(
    ("way", "known", "unknown"),
    [
        ("directory", {"lab", "ops"}, set()),
        ("both", {"lab", "ops", "own"}, {"own", "hr"}),
        ("token", {"own", "hr"}, {"own", "hr"}),
    ],
)
def test_groups_come_from_where_it_is_said(way: str, known: set[str], unknown: set[str]) -> None:
    watch = Watch()
    watch.listed["corp:ann"] = Listing(True, frozenset({"lab", "ops"}))
    watch.teams = {"lab", "ops", "hr"}
    found = directory(watch, groups=way)
    assert groups(found.joined(identity("ann", "own", "hr"))) == known
    assert groups(found.joined(identity("bob", "own", "hr"))) == unknown


def test_others_stay_as_they_are() -> None:
    found = directory(Watch(), required=True)
    for other in (identity("ann", "own", issuer="other"), identity("ci", "own", kind="service_account")):
        assert found.joined(other) is other


def test_whom_the_provider_deactivated_or_never_sent_is_refused() -> None:
    watch = Watch()
    watch.listed["corp:ann"] = Listing(False, frozenset())
    found = directory(watch, required=True, groups="token")
    assert code(found.joined(identity("ann"))) is Code.IDENTITY_CONTAINED
    assert code(found.joined(identity("bob"))) is Code.CREDENTIAL_INVALID
    assert isinstance(directory(watch).joined(identity("bob")), Identity)


def test_changes_name_whom_they_are_about() -> None:
    watch = Watch()
    found = directory(watch)
    before = found.generation
    assert found.poll() == Changes((), [])
    assert found.generation == before
    watch.news_ = {"corp:ann", "corp:", "other:"}
    changes = found.poll()
    assert found.generation == before + 1
    assert changes.concern(identity("ann").principal)
    assert not changes.concern(identity("bob").principal)
    assert not changes.concern(identity("ann", issuer="other").principal)
    assert directory(watch, groups="both").poll().concern(identity("bob").principal)
    watch.news_ = None
    assert found.poll().concern(identity("bob").principal)


def test_who_cannot_be_looked_up_is_not_let_in() -> None:
    watch, clock = Watch(), StillClock()
    watch.listed["corp:ann"] = Listing(True, frozenset({"lab"}))
    found = directory(watch, clock)
    watch.fails = True
    assert code(found.joined(identity("ann"))) is Code.IDENTITY_UNAVAILABLE
    with pytest.raises(DirectoryUnavailable):
        found.poll()
    clock.advance(BLIND / 1e6)
    assert found.poll().concern(identity("ann").principal)
    watch.fails = False
    assert code(found.joined(identity("ann"))) is Code.IDENTITY_UNAVAILABLE
    found.poll()
    assert groups(found.joined(identity("ann"))) == {"lab"}
    found.close()
    assert watch.closed


def test_it_is_only_for_issuers_that_keep_one() -> None:
    plain = Issuer(name="corp", issuer="https://idp.example", audience="narrows")
    watch = Watch()
    assert memberships(IdentitySettings(issuers=(plain,)), watch, StillClock()) is None
    assert watch.closed
    kept = msgspec.structs.replace(plain, scim=Scim(token=TOKEN))
    assert memberships(IdentitySettings(issuers=(kept,)), Watch(), StillClock()) is not None
