"""What the end of the log in memory comes to is what its entries come to one by one, wherever it is taken."""

from hypothesis import given
from hypothesis import strategies as st

from narrows.model.limits import Per, Window
from narrows.model.record import Closed, Outcome
from narrows.model.reservation import Reserved
from narrows.stores.sqlite.journalfile import Entry
from narrows.stores.sqlite.replay import SECOND, Fold
from narrows.stores.sqlite.tail import Tail
from unit.stores.sqlite.accounts import counter
from unit.stores.sqlite.records import NOW, call_id, opened

NAMES = tuple(
    counter(subject, window).name
    for subject in ("corp:alice", "corp:bob")
    for window in (Window(Per.DAY), Window(Per.MINUTE, rolling=True), Window(Per.MONTH, zone="Europe/Berlin"))
)
CALLS = 6

name_sets = st.sampled_from([NAMES[:1], NAMES[:3], NAMES[1:2], NAMES[2:5], (NAMES[0], NAMES[0])])
amounts = st.integers(-5, 30)
steps = st.lists(
    st.tuples(st.integers(0, CALLS - 1), st.integers(0, 200 * SECOND), name_sets, st.lists(amounts, max_size=3)),
    min_size=1,
    max_size=60,
)


def told(fold: Fold, entry: Entry) -> None:
    """As a start reads the log."""
    if isinstance(entry, Closed):
        fold.tell((entry.call, entry.at, None, entry.settled))
    elif reserved := getattr(entry, "reserved", None):
        fold.tell((entry.call, reserved.at or entry.at, reserved.counters, reserved.amounts))


def entries(of: list[tuple[int, int, tuple[str, ...], list[int]]]) -> list[Entry]:
    """A call that is asked for begins, and ends when it is asked for again; then another has its place."""
    running: dict[int, int] = {}
    found: list[Entry] = []
    for number, (slot, since, names, came) in enumerate(of):
        if slot in running:
            found.append(Closed(call_id(running.pop(slot)), NOW + since, Outcome.DONE, None, settled=tuple(came)))
        else:
            running[slot] = number
            later = NOW + since + 90 * SECOND if since % 3 else 0
            reserved = Reserved(names, (20,) * len(names), at=later) if since % 5 else None
            found.append(opened(number, contents=(), at=NOW + since, reserved=reserved))
    return found


@given(steps, st.sets(st.integers(1, 60)))
def test_sums_and_holds_are_those_of_the_log(
    of: list[tuple[int, int, tuple[str, ...], list[int]]], cuts: set[int]
) -> None:
    straight, fold, tail = Fold(), Fold(), Tail()
    log = entries(of)
    for place, entry in enumerate(log, 1):
        told(straight, entry)
        tail.wrote(place, [entry])
        if place in cuts or place == len(log):
            taken = tail.take()
            for event in taken.events:
                fold.tell(event)
            for (names, second), came in taken.came.items():
                fold.add(names, second, came)
            assert (fold.sums, fold.ends, fold.held) == (straight.sums, straight.ends, straight.held)
