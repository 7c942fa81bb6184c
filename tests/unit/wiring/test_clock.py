from narrows.wiring.clock import SequentialIds, SystemClock


def test_ids_are_unique_prefixed_and_sort_by_time() -> None:
    ids = SequentialIds()
    calls = [ids.call() for _ in range(1000)]
    assert len(set(calls)) == 1000
    assert all(call.startswith("call_") and len(call) == 31 for call in calls)
    assert ids.request().startswith("req_")
    assert [call[5:17] for call in calls] == sorted(call[5:17] for call in calls)


def test_two_processes_do_not_share_ids() -> None:
    one, two = SequentialIds(), SequentialIds()
    assert one.call()[17:25] != two.call()[17:25]


def test_the_clock_counts_microseconds() -> None:
    clock = SystemClock()
    assert clock.now() > 1_700_000_000_000_000
    before = clock.monotonic()
    assert clock.monotonic() >= before
