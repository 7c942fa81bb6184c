"""What a server says of one message is told from what it says of all."""

import pytest

from narrows.notify.channel import Answer, Undelivered, taken


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_is_one(status: int) -> None:
    taken(Answer(status, b""))


@pytest.mark.parametrize(
    ("status", "final"),
    [
        (301, False),
        (400, True),
        (401, False),
        (403, False),
        (404, False),
        (413, True),
        (422, True),
        (429, False),
        (503, False),
    ],
)
def test_what_is_wrong_with_a_message_is_told_from_what_is_wrong_with_the_channel(status: int, final: bool) -> None:
    with pytest.raises(Undelivered, match=f"answered with status {status}") as refused:
        taken(Answer(status, b"secret text", 7))
    assert (refused.value.final, refused.value.after) == (final, 7_000_000)
    assert "secret" not in str(refused.value)
