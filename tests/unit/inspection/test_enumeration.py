"""Counting different names."""

from narrows.inspection.enumeration import Distinct, PerIdentity


def test_different_names_within_the_time_are_counted() -> None:
    names, counts = Distinct(), []
    for now, name in enumerate(["gpt-4", "gpt-5", "gpt-4", "claude"]):
        names.add(name, now)
        counts.append(names.count(now, 60))
    assert counts == [1, 2, 2, 3]
    assert names.count(60, 60) == 3
    assert names.count(61, 60) == 2, "gpt-5 was tried at 1, gpt-4 again at 2"
    assert names.count(61, 3_600) == 3
    assert names.count(1_000, 60) == 0


def test_the_count_stays_at_the_capacity() -> None:
    names = Distinct(capacity=3)
    for number in range(6):
        names.add(str(number) * 10_000, number)
        assert names.count(number, 60) == min(number + 1, 3)


def test_when_there_will_be_fewer() -> None:
    names = Distinct()
    for now in (0, 10, 20):
        names.add(f"model-{now}", now)
    assert names.fewer_in(20, 60, 3) == 40
    assert names.fewer_in(20, 60, 2) == 50
    assert names.fewer_in(20, 60, 4) == 1
    wait = names.fewer_in(20.25, 60, 3)
    assert names.count(20.25 + wait, 60) == 2
    assert names.count(20.25 + wait - 1, 60) == 3


def test_each_identity_has_its_own_and_those_not_seen_for_long_are_dropped() -> None:
    names = PerIdentity[str, Distinct](Distinct, limit=2)
    names.of("ada").add("x", 0)
    names.of("bob").add("x", 0)
    names.of("eve")
    assert names.of("ada").count(0, 60) == 1, "asked for again, so kept"
    for number in range(10):
        names.of("ada")
        names.of(f"user {number}")
    assert len(names) <= 4
    assert names.of("ada").count(0, 60) == 1
    assert names.of("bob").count(0, 60) == 0
