from collections.abc import Awaitable

from narrows.engine.strangers import StrangerCounts
from narrows.model.record import Closed, Opened, Segment, Strangers
from narrows.model.refusal import Code

MINUTE = 60_000_000


class Rows:
    """A journal that keeps the rows of strangers and refuses everything else."""

    healthy = True

    def __init__(self) -> None:
        self.rows: list[Strangers] = []

    def strangers(self, counts: list[Strangers]) -> None:
        self.rows += counts

    def open(self, entry: Opened) -> Awaitable[None]:
        raise AssertionError(entry)

    def segment(self, entry: Segment) -> None:
        raise AssertionError(entry)

    def close(self, entry: Closed) -> None:
        raise AssertionError(entry)

    async def owns(self, principal_key: str, connection: str, reference: str) -> bool:
        raise AssertionError(reference)


def test_a_minute_gives_one_row_for_each_source_and_reason() -> None:
    journal = Rows()
    counts = StrangerCounts(journal)
    for _ in range(3):
        counts.add(5 * MINUTE, "192.0.2.1", Code.CREDENTIAL_INVALID)
    counts.add(5 * MINUTE + 1, "192.0.2.1", Code.CREDENTIAL_MISSING)
    assert journal.rows == []

    counts.add(6 * MINUTE, "192.0.2.2", Code.CREDENTIAL_INVALID)

    assert journal.rows == [
        Strangers(5, "192.0.2.1", "credential_invalid", 3),
        Strangers(5, "192.0.2.1", "credential_missing", 1),
    ]
    counts.flush()
    assert journal.rows[2:] == [Strangers(6, "192.0.2.2", "credential_invalid", 1)]
    counts.flush()
    assert len(journal.rows) == 3


def test_sources_are_bounded_and_nothing_is_lost() -> None:
    journal = Rows()
    counts = StrangerCounts(journal)
    for n in range(10_050):
        counts.add(MINUTE, f"address-{n}", Code.CREDENTIAL_INVALID)
    counts.flush()
    assert len(journal.rows) == 10_001
    assert sum(row.count for row in journal.rows) == 10_050
    assert Strangers(1, "other", "credential_invalid", 50) in journal.rows
