"""What is remembered, and what ends it."""

from narrows.identity.cache import Forever, IdentityCache, RefusalCache, Verified, digest_of
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.identity.world import START, StillClock

ALICE = Identity(Principal("corp", "alice"), Credential("oidc", "x", START + 60.0))
DENY = Deny(Code.CREDENTIAL_INVALID, "no")


def remembered(cache: IdentityCache, token: str, source: Forever, until: int = (START + 60) * 1_000_000) -> None:
    cache.put(digest_of(token), Verified(ALICE, until, source, source.generation))


def test_an_identity_ends_to_the_microsecond() -> None:
    clock = StillClock()
    cache = IdentityCache(clock, 10)
    remembered(cache, "a", Forever())
    clock.advance(59.999999)
    assert cache.recall(digest_of("a")) is ALICE
    clock.advance(0.000001)
    assert cache.recall(digest_of("a")) is None
    assert len(cache) == 0


def test_another_token_is_another_identity() -> None:
    cache = IdentityCache(StillClock(), 10)
    remembered(cache, "a", Forever())
    assert cache.recall(digest_of("A")) is None
    assert cache.recall(digest_of("a ")) is None
    assert cache.recall(digest_of("\udcff")) is None


def test_a_new_generation_voids() -> None:
    cache, source = IdentityCache(StillClock(), 10), Forever()
    remembered(cache, "a", source)
    source.generation += 1
    assert cache.recall(digest_of("a")) is None


def test_a_source_that_is_too_old_voids() -> None:
    clock = StillClock()
    cache, source = IdentityCache(clock, 10), Forever()
    remembered(cache, "a", source)
    source.valid_until = clock.now() + 1
    assert cache.recall(digest_of("a")) is ALICE
    clock.time += 1
    assert cache.recall(digest_of("a")) is None


def test_one_that_is_used_again_and_again_stays() -> None:
    cache, source = IdentityCache(StillClock(), 10), Forever()
    remembered(cache, "a", source)
    for number in range(200):
        remembered(cache, f"{number}", source)
        assert cache.recall(digest_of("a")) is ALICE
        assert len(cache) <= 10


def test_the_least_recently_used_goes_first() -> None:
    cache, source = IdentityCache(StillClock(), 2), Forever()
    remembered(cache, "a", source)
    remembered(cache, "b", source)
    assert cache.recall(digest_of("a")) is ALICE
    remembered(cache, "c", source)
    assert cache.recall(digest_of("b")) is None
    assert cache.recall(digest_of("a")) is ALICE
    assert len(cache) == 2


def test_a_refusal_is_remembered_for_a_while() -> None:
    clock = StillClock()
    cache = RefusalCache(clock, 2, 5_000_000)
    cache.put(b"a", DENY, 1)
    clock.advance(4.999999)
    assert cache.get(b"a", 1) is DENY
    clock.advance(0.000001)
    assert cache.get(b"a", 1) is None


def test_a_change_forgets_refusals() -> None:
    cache = RefusalCache(StillClock(), 2, 5_000_000)
    cache.put(b"a", DENY, 1)
    assert cache.get(b"a", 2) is None
    assert cache.get(b"a", 1) is None


def test_refusals_are_bounded() -> None:
    cache = RefusalCache(StillClock(), 2, 5_000_000)
    for name in (b"a", b"b", b"c"):
        cache.put(name, DENY, 1)
    assert len(cache) == 2
    assert cache.get(b"a", 1) is None


class Checking:
    """Checks that refuse whom a test says."""

    def __init__(self) -> None:
        self.generation = 0
        self.refused = False
        self.asked = 0

    def refusal(self, principal: Principal, credential: Credential) -> Deny | None:
        self.asked += 1
        return DENY if self.refused else None


def test_whoever_is_refused_after_a_change_is_forgotten() -> None:
    checks, source = Checking(), Forever()
    cache = IdentityCache(StillClock(), 10, checks)
    remembered(cache, "a", source)
    checks.generation += 1
    assert [cache.recall(digest_of("a")) for _ in range(3)] == [ALICE] * 3
    assert checks.asked == 1
    checks.refused = True
    assert cache.recall(digest_of("a")) is ALICE
    checks.generation += 1
    assert cache.recall(digest_of("a")) is None
    assert len(cache) == 0


def test_who_is_remembered_late_is_asked_about_by_the_next_change() -> None:
    checks, source = Checking(), Forever()
    cache = IdentityCache(StillClock(), 10, checks)
    checks.generation += 1
    remembered(cache, "a", source)
    assert cache.recall(digest_of("a")) is ALICE
    assert checks.asked == 0
