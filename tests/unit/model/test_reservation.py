from narrows.model.reservation import Reservation, Reserved, Stage


def test_a_reservation_begins_with_nothing_sent_and_nothing_settled() -> None:
    record = Reserved(("a|usd|day|UTC|user|corp:alice",), (1200,), "2026-11-01")
    held = Reservation(record, ((b"x-ratelimit-remaining-requests", b"3"),))
    assert (held.record, held.stage, held.settled, held.cost) == (record, Stage.HELD, (), None)
