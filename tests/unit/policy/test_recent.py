"""The cache keeps what is used and stays bounded."""

from narrows.policy.recent import Recent


def test_what_was_put_is_found() -> None:
    cache: Recent[str, int] = Recent(4)
    cache.put("a", 1)
    assert cache.get("a") == 1
    assert cache.get("b") is None


def test_it_is_bounded() -> None:
    cache: Recent[int, int] = Recent(10)
    for number in range(1_000):
        cache.put(number, number)
        assert len(cache) <= 20
    assert cache.get(999) == 999
    assert cache.get(0) is None


def test_what_is_used_stays() -> None:
    cache: Recent[int, int] = Recent(10)
    cache.put(-1, -1)
    for number in range(500):
        cache.put(number, number)
        assert cache.get(-1) == -1


def test_the_last_size_entries_are_always_there() -> None:
    cache: Recent[int, int] = Recent(10)
    for number in range(100):
        cache.put(number, number)
        assert all(cache.get(kept) == kept for kept in range(max(0, number - 9), number + 1))


def test_putting_again_replaces() -> None:
    cache: Recent[str, int] = Recent(2)
    cache.put("a", 1)
    cache.put("a", 2)
    assert (cache.get("a"), len(cache)) == (2, 1)
