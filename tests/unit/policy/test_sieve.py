"""What a gate knows is asked only where it hits; what none knows always."""

from narrows.matching.gate import Gate
from narrows.policy.sieve import Key, PatternGate, Sieve


def key(source: str) -> Key:
    return source, None


def gate(*words: str) -> PatternGate:
    return PatternGate(Gate.compile(tuple(enumerate(words))), {key(word): number for number, word in enumerate(words)})


def test_what_is_hit_is_left_by_its_places() -> None:
    sieve = Sieve([key(word) for word in ("b", "c", "a", "b")], [gate("a", "b", "c", "d")])
    assert list(sieve.left(b"")) == []
    assert list(sieve.left(b"d")) == [], "another plan's"
    assert list(sieve.left(b"b")) == [0, 3]
    assert list(sieve.left(b"cab")) == [0, 1, 2, 3]


def test_what_no_gate_knows_is_always_left() -> None:
    sieve = Sieve([key("a"), ("a", "loose"), key("x")], [gate("a")])
    assert list(sieve.left(b"")) == [1, 2]
    assert list(sieve.left(b"a")) == [0, 1, 2]
    assert list(sieve.left(b"")) == [1, 2], "one text leaves nothing behind for the next"


def test_several_gates_add_up() -> None:
    sieve = Sieve([key("a"), key("x"), key("b")], [gate("b"), gate("c"), gate("a", "b")])
    assert list(sieve.left(b"ab")) == [0, 1, 2]
    assert list(sieve.left(b"b")) == [1, 2]


def test_without_gates_everything_is_left() -> None:
    assert list(Sieve([key("a"), key("b")], ()).left(b"")) == [0, 1]
    assert list(Sieve([], [gate("a")]).left(b"a")) == []
