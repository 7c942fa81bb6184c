"""Whatever a provider does to its directory, in any order: what a gate remembers and is not told to forget is right."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.console.offboarding import effects
from narrows.model.directory import Listing, Person, Team
from narrows.model.revocation import Revoked
from narrows.ports.directory import NameTaken
from narrows.stores.sqlite.people import PeopleWatch, SqlitePeople
from narrows.stores.sqlite.revocations import SqliteRevocations
from unit.stores.sqlite.records import NOW, StillClock

NAMES = ("ann", "bob", "eve")
GROUPS = ("lab", "ops")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("person"), st.sampled_from(NAMES), st.sampled_from(NAMES), st.booleans()),
        st.tuples(st.just("leave"), st.sampled_from(NAMES)),
        st.tuples(st.just("team"), st.sampled_from(GROUPS), st.sampled_from(GROUPS), st.none()),
        st.tuples(st.just("team"), st.sampled_from(GROUPS), st.sampled_from(GROUPS), st.sets(st.sampled_from(NAMES))),
        st.tuples(st.just("drop"), st.sampled_from(GROUPS)),
        st.tuples(st.just("look")),
    ),
    max_size=14,
)


def change(people: SqlitePeople, number: int, step: tuple[Any, ...]) -> None:
    """One thing that a provider does; names that are taken change nothing."""
    kind, *rest = step
    try:
        if kind == "person":
            ident, subject, active = f"per_{rest[0]}", rest[1], rest[2]
            before = people.person("corp", ident)
            after = Person(ident, "corp", subject, subject, active=active, created=NOW, changed=NOW, resource={})
            people.put_person(after, effects(before, after, str(number), NOW))
        elif kind == "leave" and (before := people.person("corp", f"per_{rest[0]}")) is not None:
            people.drop_person(before, effects(before, None, str(number), NOW))
        elif kind == "team":
            members = None if rest[2] is None else {f"per_{name}" for name in rest[2]}
            people.put_team(Team(f"grp_{rest[0]}", "corp", rest[1], NOW, NOW, {}), members)
        elif kind == "drop" and (team := people.team("corp", f"grp_{rest[0]}")) is not None:
            people.drop_team(team)
    except NameTaken:
        pass


@settings(max_examples=25)
@given(STEPS)
def test_what_is_remembered_is_right_and_who_is_inactive_is_contained(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        people, watch = SqlitePeople(Path(folder), StillClock()), PeopleWatch(Path(folder))
        remembered: dict[str, Listing | None] = {}
        for number, step in enumerate([*steps, ("look",)]):
            change(people, number, step)
            if step[0] != "look":
                continue
            news = watch.news()
            for name in NAMES:
                fresh = watch.listing("corp", name, GROUPS)
                if news is not None and not {f"corp:{name}", "corp:"} & set(news) and name in remembered:
                    assert remembered[name] == fresh
                remembered[name] = fresh
        revocations = SqliteRevocations(Path(folder), StillClock())
        contained = {one.subject for one in revocations.standing() if one.kind is Revoked.USER and one.before is None}
        for person in people.people("corp"):
            assert (person.key in contained) == (not person.active)
        for each in (revocations, watch, people):
            each.close()
