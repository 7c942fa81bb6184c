"""`narrows why`: from the id that a reply carries to what was decided."""

from collections.abc import Callable

import pytest

from unit.cli.command import Ran
from unit.cli.recorded import REFUSED, RUNNING

Narrows = Callable[..., Ran]


@pytest.mark.usefixtures("store")
def test_the_id_of_the_call_or_of_the_request_will_do(narrows: Narrows) -> None:
    call = narrows("why", REFUSED, "--data", "data")
    request = narrows("why", REFUSED.replace("call_", "req_"), "--data", "data")
    assert call.code == request.code == 0
    assert call.out == request.out
    assert "model_not_allowed" in call.out
    ran = narrows("why", "--data", "data", "--json")
    assert [row["id"] for row in ran.rows] == [RUNNING]


@pytest.mark.usefixtures("store")
def test_an_unknown_id_is_said_to_be_one(narrows: Narrows) -> None:
    ran = narrows("why", "req_0000", "--data", "data")
    assert ran.code == 1
    assert "no call 'req_0000' is on record; requests without a valid credential are counted" in ran.err
    ran = narrows("why", "sess_1", "--data", "data")
    assert ran.code == 2
    assert "'sess_1' is no id of a call" in ran.err
