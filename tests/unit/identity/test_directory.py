"""Groups from a provider's directory: joined to what a token says, void with each change, and nobody's when unread."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.config.provisioning import Scim
from narrows.config.schema import IdentitySettings, Issuer
from narrows.identity.authenticator import build_authenticator
from narrows.identity.cache import Verified
from narrows.identity.directory import BLIND, Memberships, memberships
from narrows.model.directory import Listing, Person, Team
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.secret import Secret
from narrows.model.verdict import Deny
from narrows.ports.directory import DirectoryUnavailable, Effects
from narrows.stores.sqlite.control import ControlWatch
from narrows.stores.sqlite.people import PeopleWatch, SqlitePeople
from unit.identity.world import Provider, StillClock, issuer

TOKEN = Secret("t" * 32)


class Keys:
    """What vouches for tokens."""

    generation = 7
    valid_until = 1 << 60


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


SOURCE = Keys()


def verified(subject: str = "ann", *groups: str, issuer: str = "corp", **changes: Any) -> Verified:
    principal = Principal(issuer, subject, groups=frozenset(groups), **changes)
    return Verified(Identity(principal, Credential("oidc", "jti", 2e9)), 1 << 61, SOURCE, SOURCE.generation)


def holds(outcome: Verified | Deny) -> bool:
    """Whether what is remembered of it still holds."""
    assert isinstance(outcome, Verified), outcome
    return outcome.generation == outcome.source.generation


def directory(watch: Watch, clock: StillClock | None = None, **settings: Any) -> Memberships:
    found = Memberships({"corp": Scim(token=TOKEN, **settings)}, watch, clock or StillClock())
    found.poll()
    return found


def groups(outcome: Verified | Deny) -> set[str]:
    assert isinstance(outcome, Verified), outcome
    return set(outcome.identity.principal.groups)


def code(outcome: Verified | Deny) -> Code:
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
    assert groups(found.joined(verified("ann", "own", "hr"))) == known
    assert groups(found.joined(verified("bob", "own", "hr"))) == unknown


def test_others_stay_as_they_are() -> None:
    found = directory(Watch(), required=True)
    for other in (verified("ann", "own", issuer="other"), verified("ci", "own", kind="service_account")):
        assert found.joined(other) is other


def test_whom_the_provider_deactivated_or_never_sent_is_refused() -> None:
    watch = Watch()
    watch.listed["corp:ann"] = Listing(False, frozenset())
    found = directory(watch, required=True, groups="token")
    assert code(found.joined(verified("ann"))) is Code.IDENTITY_CONTAINED
    assert code(found.joined(verified("bob"))) is Code.CREDENTIAL_INVALID
    assert isinstance(directory(watch).joined(verified("bob")), Verified)


def test_a_change_ends_what_is_remembered_of_whom_it_is_about() -> None:
    watch = Watch()
    found = directory(watch)
    ann, bob, eve = (found.joined(verified(name)) for name in ("ann", "bob", "eve"))
    before = found.generation
    found.poll()
    assert found.generation == before
    watch.news_ = {"corp:ann", "corp:", "other:bob"}
    found.poll()
    assert found.generation == before + 1
    assert [holds(one) for one in (ann, bob, eve)] == [False, True, True]
    ann = found.joined(verified("ann"))
    assert holds(ann)
    watch.news_ = None
    found.poll()
    assert not any(holds(one) for one in (ann, bob, eve))


def test_a_group_that_comes_concerns_tokens_that_name_it() -> None:
    watch = Watch()
    found = directory(watch, groups="both")
    bob = found.joined(verified("bob", "own"))
    watch.news_ = {"other:"}
    found.poll()
    assert holds(bob)
    watch.news_ = {"corp:"}
    found.poll()
    assert not holds(bob)


def test_a_change_of_what_vouched_before_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ann = directory(Watch()).joined(verified("ann"))
    assert holds(ann)
    monkeypatch.setattr(SOURCE, "generation", 8)
    assert not holds(ann)


def test_who_cannot_be_looked_up_is_not_let_in() -> None:
    watch, clock = Watch(), StillClock()
    watch.listed["corp:ann"] = Listing(True, frozenset({"lab"}))
    found = directory(watch, clock)
    ann = found.joined(verified("ann"))
    assert isinstance(ann, Verified)
    watch.fails = True
    assert code(found.joined(verified("ann"))) is Code.IDENTITY_UNAVAILABLE
    with pytest.raises(DirectoryUnavailable):
        found.poll()
    assert clock.now() < ann.source.valid_until
    clock.advance(BLIND / 1e6)
    assert clock.now() >= ann.source.valid_until
    watch.fails = False
    assert code(found.joined(verified("ann"))) is Code.IDENTITY_UNAVAILABLE
    found.poll()
    assert groups(found.joined(verified("ann"))) == {"lab"}
    found.close()
    assert watch.closed


def test_it_is_only_for_issuers_that_keep_one() -> None:
    plain = Issuer(name="corp", issuer="https://idp.example", audience="narrows")
    watch = Watch()
    assert memberships(IdentitySettings(issuers=(plain,)), watch, StillClock()) is None
    assert watch.closed
    kept = msgspec.structs.replace(plain, scim=Scim(token=TOKEN))
    assert memberships(IdentitySettings(issuers=(kept,)), Watch(), StillClock()) is not None


async def test_what_a_provider_writes_decides_the_next_call(tmp_path: Path) -> None:
    """The authenticator over a real control.db: groups at once, out at once, in again."""
    clock, provider, people = StillClock(), Provider(), SqlitePeople(tmp_path, StillClock())
    settings = IdentitySettings(issuers=(issuer(scim=Scim(token=TOKEN)),))
    found = build_authenticator(
        settings, provider.fetcher, ControlWatch(tmp_path), clock, directory=PeopleWatch(tmp_path)
    )
    found.tend()
    ann = Person("per_1", "corp", "alice", "alice", active=True, created=1, changed=1, resource={})
    token = provider.token()

    async def now() -> set[str] | Code:
        found.tend()
        known = found.recall(found.digest(token))
        outcome = known or await found.verify(token)
        return outcome.code if isinstance(outcome, Deny) else set(outcome.principal.groups)

    assert await now() == set()
    people.put_person(ann, Effects())
    people.put_team(Team("grp_1", "corp", "lab", 1, 1, {}), {"per_1"})
    assert await now() == {"lab"}
    assert found.recall(found.digest(token)) is not None
    people.put_team(Team("grp_1", "corp", "labs", 1, 1, {}))
    assert await now() == {"labs"}
    people.put_person(msgspec.structs.replace(ann, active=False), Effects())
    assert await now() is Code.IDENTITY_CONTAINED
    people.put_person(ann, Effects())
    assert await now() == {"labs"}
    people.drop_team(Team("grp_1", "corp", "labs", 1, 1, {}))
    assert await now() == set()
    await found.close()
    people.close()
