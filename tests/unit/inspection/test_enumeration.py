"""Counting different names."""

from narrows.inspection.enumeration import Distinct, PerIdentity


def test_different_names_within_the_window_are_counted() -> None:
    names = Distinct(seconds=60)
    assert [names.add(name, now) for now, name in enumerate(["gpt-4", "gpt-5", "gpt-4", "claude"])] == [1, 2, 2, 3]
    assert names.count(60) == 3
    assert names.count(61) == 2, "gpt-5 was tried at 1, gpt-4 again at 2"
    assert names.add("gpt-5", 1_000) == 1


def test_the_count_stays_at_the_capacity() -> None:
    names = Distinct(seconds=60, capacity=3)
    assert [names.add(str(number) * 10_000, number) for number in range(6)] == [1, 2, 3, 3, 3, 3]
    assert names.add("0" * 10_000, 6) == 3


def test_each_identity_has_its_own_and_the_oldest_is_dropped() -> None:
    names = PerIdentity[str, Distinct](Distinct, limit=2)
    names.of("ada").add("x", 0)
    names.of("bob").add("x", 0)
    assert names.of("ada").count(0) == 1
    names.of("eve")
    assert len(names) == 2
    assert names.of("ada").count(0) == 1
    assert names.of("bob").count(0) == 0
