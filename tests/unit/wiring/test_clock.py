from narrows.wiring.clock import SequentialIds, SystemClock


def test_ids_are_unique_prefixed_and_sort_by_time() -> None:
    ids = SequentialIds()
    calls = [ids.request() for _ in range(1000)]
    assert len(set(calls)) == 1000
    assert all(call.startswith("req_") and len(call) == 30 for call in calls)
    assert [call[4:16] for call in calls] == sorted(call[4:16] for call in calls)


def test_two_processes_do_not_share_ids() -> None:
    one, two = SequentialIds(), SequentialIds()
    assert one.request()[16:24] != two.request()[16:24]


def test_the_clock_counts_microseconds() -> None:
    clock = SystemClock()
    assert clock.now() > 1_700_000_000_000_000
    before = clock.monotonic()
    assert clock.monotonic() >= before
