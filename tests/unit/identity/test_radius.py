"""A blast radius is put together of what its caller has read."""

import msgspec

from narrows.identity.at_moment import Moment
from narrows.identity.radius import Book, Known, Radius, Rules, radius
from narrows.model.access import Grant, GrantState, IssuedToken, Origin, Request
from narrows.model.approval import Approvers
from narrows.model.limits import Per, Unit
from narrows.model.principal import Principal, Scope
from narrows.model.revocation import Revocation, Revoked
from narrows.policy.access import compile_access
from narrows.ports.accounts import ServiceAccount
from narrows.ports.revocations import Kept
from narrows.ports.sightings import Use
from unit.policy.world import compiled, limiting, policy, settings

ANA = Principal("corp", "ana", groups=frozenset({"research"}))
FROM_DIRECTORY = Known(ANA, "directory")
NOW, END = 100, 10_000
OFFERED = {"openai": ("chat", "embeddings"), "claude": ("chat",), "local": ("chat",)}
POLICIES = (
    policy("research", limits=limiting(budgets=["5 usd / day / user", "9 tokens / day / user"])),
    policy("granted", who={"groups": ["research"], "credential": ["grant"]}, may={"connections": ["claude"]}),
    policy("bots", who={"service_accounts": ["etl"]}, may={"connections": ["local"]}),
)
RULES = Rules(
    compiled(*POLICIES, own=limiting(budgets=["90 usd / month / gateway"])),
    compile_access(settings(*POLICIES)),
    OFFERED,
    {"corp": ("oidc", "login")},
    {"ci": (Scope(("openai",), ("*",), ("chat",)),)},
)
KEY = ServiceAccount("key_1", "etl", "corp:ana", 10, END, b"", "nightly")
BOOK = Book((KEY, msgspec.structs.replace(KEY, id="key_2", revoked=50)), uses={"key_1": Use("key_1", "x", 60, "::1")})


def granted(**changes: object) -> Grant:
    request = Request("grt_1", ANA, Scope(("claude",), ("*",), ("chat",)), 500, "why", 20, 90, "r", Approvers(), 0)
    return Grant(msgspec.structs.replace(request, **changes), GrantState.ACTIVE)


def found(book: Book = BOOK, *revoked: Revocation, who: Known = FROM_DIRECTORY, at: int = NOW) -> Radius:
    return radius(who, RULES, book, Moment(at, [Kept(1, one) for one in revoked]))


def doors(one: Radius) -> list[tuple[str, tuple[str, ...], list[str], bool]]:
    return [
        (door.principal, door.credentials, [way.connection for way in door.ways], door.closed is not None)
        for door in one.doors
    ]


def test_every_way_in_is_told_with_what_it_reaches() -> None:
    assert doors(found(msgspec.structs.replace(BOOK, grants=[granted()]))) == [
        ("corp:ana", ("oidc", "login"), ["openai"], False),
        ("corp:ana", ("grant",), ["claude"], False),
        ("narrows:etl", ("service_account",), ["local"], False),
    ]


def test_a_grant_that_is_not_active_is_no_way_in() -> None:
    book = msgspec.structs.replace(
        BOOK, grants=[granted(needed=1), granted(at=200), granted(principal=Principal("corp", "bo"))]
    )
    assert [door.credentials for door in found(book).doors] == [("oidc", "login"), ("service_account",)]
    assert [grant.state.value for grant in found(book).grants] == ["lapsed"]


def test_a_revocation_shuts_the_ways_in_that_it_is_about() -> None:
    account = Revocation("rev_1", Revoked.ACCOUNT, "etl", 50, "local:op", "leaked")
    one = found(BOOK, account)
    assert [shut for *_, shut in doors(one)] == [False, True]
    assert (one.contained, one.revocations) == (False, (account,))
    person = Revocation("rev_2", Revoked.USER, "corp:ana", 50, "local:op", "incident")
    one = found(BOOK, person)
    assert [shut for *_, shut in doors(one)] == [True, True]
    assert one.contained
    assert not found(BOOK, person, at=49).contained


def test_what_binds_a_fresh_sign_in_binds_all_they_do() -> None:
    most = {(one.unit, one.per): one.limit for one in found().most}
    assert most == {
        (Unit.USD, Per.DAY): 5_000_000,
        (Unit.USD, Per.MONTH): 90_000_000,
        (Unit.TOKENS, Per.DAY): 9,
        (Unit.TOKENS, Per.MONTH): 279,
    }
    # Of what a grant permits no policy sets a budget: the gateway's own is all there is.
    with_grant = found(msgspec.structs.replace(BOOK, grants=[granted()]))
    assert {(one.unit, one.limit) for one in with_grant.most} == {(Unit.USD, 90_000_000), (Unit.TOKENS, None)}
    assert [budget.policy for budget in with_grant.budgets] == ["research", "research", ""]


def test_what_is_held_and_owned_is_what_was_in_force() -> None:
    token = IssuedToken("tok_1", b"", Origin.LOGIN, "corp", ANA, 30, END)
    one = found(msgspec.structs.replace(BOOK, tokens=[token]))
    assert [(held.id, held.kind, held.last and held.last.address) for held in one.held] == [
        ("key_1", "key", "::1"),
        ("tok_1", "login token", None),
    ]
    assert [(owned.name, owned.purpose, owned.keys) for owned in one.owns] == [("etl", "nightly", ("key_1",))]
    assert found(at=40).owns[0].keys == ("key_1", "key_2")
    assert [held.last for held in found(at=40).held] == [None, None]
    assert found(at=9).owns == ()


def test_an_account_comes_in_with_its_key_or_by_exchange() -> None:
    etl, ci = (Principal("narrows", name, kind="service_account", owner="corp:ana") for name in ("etl", "ci"))
    assert doors(found(who=Known(etl, "account"))) == [("narrows:etl", ("service_account",), ["local"], False)]
    assert doors(found(who=Known(ci, "account"))) == [("narrows:ci", ("exchange",), [], False)]
    assert doors(found(who=Known(etl, "account"), at=9)) == []
