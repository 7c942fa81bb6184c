"""An expected problem carries its message and exit code."""

from narrows.cli.failure import FAILED, USAGE, Failure


def test_a_failure_is_a_message_and_a_code() -> None:
    failure = Failure("there is no such call", USAGE)
    assert (str(failure), failure.message, failure.code) == ("there is no such call", "there is no such call", 2)
    assert Failure("x").code == FAILED == 1
