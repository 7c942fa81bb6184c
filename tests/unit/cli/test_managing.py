from narrows.cli.managing import difference


def test_a_difference_is_shown_line_by_line_and_steers_no_terminal() -> None:
    lines = difference("red/one", "name: one\nmode: observe\n", "name: one\x1b[2J\n")
    assert "-mode: observe" in lines
    assert "+name: one\\x1b[2J" in lines
    assert difference("red/one", "a\n", "a\n") == []
    assert difference("red/one", None, "a\n")[-1] == "+a"
