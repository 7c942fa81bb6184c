"""What is certainly in a prompt is counted low, and nothing that servers may leave out is."""

import msgspec

from narrows.accounting.said import said
from narrows.model.text import Role, Text
from narrows.model.usage import LONGEST_TOKEN
from unit.controls.calls import call

LONG = "x" * (10 * LONGEST_TOKEN)


def tokens(*texts: Text) -> int:
    this = call()
    return said(msgspec.structs.replace(this, asked=msgspec.structs.replace(this.asked, texts=texts)))


def test_what_system_and_user_say_counts_by_bytes() -> None:
    assert tokens(Text(Role.USER, "$.messages[0].content", LONG)) == 10
    assert tokens(Text(Role.SYSTEM, "$.instructions", LONG + "x"), Text(Role.USER, "$.input", "é" * 16)) == 12


def test_what_a_server_may_leave_out_does_not_count() -> None:
    assert tokens(Text(Role.ASSISTANT, "$.messages[1].content[0].thinking", LONG)) == 0
    assert tokens(Text(Role.TOOL_RESULT, "$.messages[2].content", LONG)) == 0
    assert tokens(Text(Role.USER, "$.metadata.ticket", LONG)) == 0
    assert tokens() == 0
