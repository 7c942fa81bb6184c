"""Access that nobody configured is given to nobody."""

from narrows.config.access import Access


def test_by_default_nothing_is_exchanged() -> None:
    assert Access().exchange == ()
