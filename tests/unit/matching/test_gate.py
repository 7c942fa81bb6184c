from concurrent.futures import ThreadPoolExecutor

import pytest

from narrows.matching.gate import Gate, GateRefused, GateUnreadable, compiled, key

PATTERNS = ((0, "abc"), (1, r"[0-9]{4}"), (7, r"a[\x00-\xff]b\z"), (3, r"\xff"))


def test_it_says_which_patterns_occur_each_once() -> None:
    gate = Gate.compile(PATTERNS)
    assert sorted(gate.scan(b"abc abc 12345")) == [0, 1]
    assert gate.scan(b"a\nb") == [7]
    assert gate.scan(b"a\nb ") == []
    assert gate.scan(b"\xff") == [3]
    assert gate.scan(b"") == []


def test_no_pattern_hits_nothing() -> None:
    gate = Gate.compile(())
    assert gate.scan(b"abc") == []
    assert Gate.load(gate.dump()).scan(b"abc") == []


def test_a_dump_is_the_gate_again() -> None:
    assert Gate.load(compiled(PATTERNS)).scan(b"x1234abc") == Gate.compile(PATTERNS).scan(b"x1234abc")


def test_until_it_is_compiled_everything_may_be_there() -> None:
    gate = Gate.later(PATTERNS)
    assert gate.waits
    assert gate.dump() == b""
    assert gate.scan(b"nothing") == [0, 1, 7, 3]
    gate.adopt(Gate.later(PATTERNS))
    assert gate.waits
    gate.adopt(Gate.compile(PATTERNS))
    assert not gate.waits
    assert gate.scan(b"nothing") == []
    gate.adopt(Gate.compile(((9, "nothing"),)))
    assert gate.scan(b"nothing") == []
    assert not Gate.later(()).waits


@pytest.mark.parametrize("dump", [b"x", b"\0" * 400])
def test_what_is_no_dump_is_not_loaded(dump: bytes) -> None:
    with pytest.raises(GateUnreadable):
        Gate.load(dump)


def test_a_pattern_vectorscan_can_not_take_is_refused() -> None:
    with pytest.raises(GateRefused):
        Gate.compile(((0, "(a"),))


def test_the_key_covers_every_pattern_its_number_and_its_gate() -> None:
    assert key([((0, "a"), (1, "b"))]) == key([((0, "a"), (1, "b"))])
    others = [((0, "b"), (1, "a"))], [((0, "a"), (2, "b"))], [((0, "a"),), ((1, "b"),)], [((0, "ab"),)], [((0, "a"),)]
    assert len({key(parts) for parts in ([((0, "a"), (1, "b"))], *others)}) == 6


def test_threads_scan_at_once_without_mixing_their_hits() -> None:
    gate = Gate.compile(tuple((number, f"word{number}[^0-9]") for number in range(50)))

    def scan(number: int) -> bool:
        wanted = {number % 50, (number * 7) % 50}
        text = b" ".join(b"word%d " % one for one in wanted) + b"x" * 20_000
        return all(set(gate.scan(text)) == wanted for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(scan, range(200)))
