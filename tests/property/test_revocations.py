"""What is remembered of an identity never outlives a revocation, whatever was made and lifted in whatever order; and
what a gate keeps up with is what it would read anew."""

from hypothesis import given
from hypothesis import strategies as st

from narrows.identity.cache import Forever, IdentityCache, Verified
from narrows.identity.revocations import SKEW, Revocations, about
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.revocation import Revocation, Revoked
from unit.identity.revoking import NOW, MemoryWatch
from unit.identity.world import StillClock

SUBJECTS = ("corp:eve", "corp:max", "corp:labs", "etl", "jti-1", "jti-2", "grt_1", "corp:s1", "sess_1")
BEFORE = st.none() | st.sampled_from((NOW - 1, NOW, NOW + 1))


def identities() -> list[Identity]:
    """Who calls: two people with two kinds of credential, and a service account of one of them."""
    found = []
    for name in ("eve", "max"):
        person = Principal("corp", name, groups=frozenset({"labs"} if name == "eve" else ()))
        found.append(Identity(person, Credential("oidc", "jti-1", 0.0, issued=NOW, login="s1")))
        found.append(Identity(person, Credential("grant", "jti-2", 0.0, issued=NOW, grant="grt_1")))
    robot = Principal("narrows", "etl", kind="service_account", owner="eve")
    return [*found, Identity(robot, Credential("service_account", "jti-2", 0.0, issued=NOW))]


def ends(one: Revocation, who: Identity) -> bool:
    """The rule, said once more in the plainest way."""
    person, credential = who.principal, who.credential
    # A sign-out at the provider ends a person's own credentials, and nothing of what they own.
    signed_out = one.before is not None and one.by_provider
    owner = {one.subject, one.subject.partition(":")[2]} if one.kind is Revoked.USER and not signed_out else set()
    meant = {
        Revoked.TOKEN: one.subject == credential.id,
        Revoked.KEY: credential.kind == "service_account" and one.subject == credential.id,
        Revoked.GRANT: one.subject == credential.grant,
        Revoked.LOGIN: credential.login is not None and one.subject == f"{person.issuer}:{credential.login}",
        Revoked.USER: (person.kind == "user" and one.subject == person.key) or person.owner in owner,
        Revoked.ACCOUNT: person.kind == "service_account" and one.subject == person.subject,
        Revoked.GROUP: any(one.subject == f"{person.issuer}:{group}" for group in person.groups),
        Revoked.SESSION: False,
    }[one.kind]
    if not meant or one.before is None:
        return meant
    # Clocks differ where one says when it was issued and another when that ended.
    ahead = 0 if (credential.kind == "oidc") == one.by_provider else SKEW
    late = credential.issued > max(one.at, one.before) if one.by_provider and credential.kind != "oidc" else False
    return credential.issued <= one.before + ahead and not late


STEPS = st.lists(
    st.tuples(
        st.sampled_from(tuple(Revoked)), st.sampled_from(SUBJECTS), BEFORE, st.sampled_from(("corp:ann", "corp:"))
    )
    | st.integers(0, 5),
    max_size=12,
)


@given(STEPS)
def test_nobody_is_recalled_who_would_be_refused(steps: list[object]) -> None:
    watch, clock, source = MemoryWatch(), StillClock(), Forever()
    revocations = Revocations(watch, clock)
    revocations.poll()
    cache = IdentityCache(clock, 100, revocations)
    people = list(enumerate(identities()))
    for number, step in enumerate(steps):
        if isinstance(step, tuple):
            kind, subject, before, by = step
            watch.make(Revocation(f"rev_{number}", kind, subject, NOW, by, "x", before=before))
        elif watch.kept:
            watch.lift(sorted(watch.kept)[int(str(step)) % len(watch.kept)])
        revocations.poll()
        for place, who in people:
            refused = any(ends(one, who) for one in watch.kept.values())
            assert (revocations.refusal(who.principal, who.credential) is not None) is refused
            known = cache.recall(b"%d" % place)
            assert known is None or not refused
            if not refused:
                cache.put(b"%d" % place, Verified(who, 1 << 62, source, 0))
                assert cache.recall(b"%d" % place) is who
    anew = Revocations(MemoryWatch(*watch.kept.values()), clock)
    anew.poll()
    for _, who in people:
        found = anew.found(who.principal, who.credential)
        assert (found is None) is (revocations.found(who.principal, who.credential) is None)


@given(st.sampled_from(tuple(Revoked)), st.sampled_from(SUBJECTS))
def test_every_revocation_is_about_what_it_names(kind: Revoked, subject: str) -> None:
    assert (kind, subject) in set(about(Revocation("rev_1", kind, subject, NOW, "corp:ann", "x")))
