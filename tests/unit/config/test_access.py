"""The settings of access: who approves is said, never guessed."""

import pytest

from narrows.config.access import ApproveSetting
from narrows.config.scalars import Wrong


def test_a_rule_approves_itself_only_where_it_says_so() -> None:
    assert ApproveSetting.short("rule") == {"rule": True}
    assert not ApproveSetting().rule
    with pytest.raises(Wrong):
        ApproveSetting.short("nobody")
