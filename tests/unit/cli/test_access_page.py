"""Access as it is printed: the rows are the API's, wherever they come from."""

import msgspec

from narrows.cli.access_page import COLUMNS, cells, missing, page, row_of, scope
from narrows.console.grant_views import GrantView
from narrows.policy.access import standing
from unit.console.access import AT, HOUR, approved, request


def test_a_row_of_the_store_has_the_names_of_the_api() -> None:
    names = {field.name for field in msgspec.structs.fields(GrantView)}
    assert set(row_of(standing(request(), [approved()], AT))) == names - {"own", "may_decide"}


def test_what_waits_says_for_whom() -> None:
    row = row_of(standing(request(needed=2), [approved()], AT))
    assert (row["state"], missing(row), scope(row)) == ("pending", "corp:security", "chat of gpt-4o on openai")
    assert missing(row_of(standing(request(needed=2), [], AT))) == "2 of corp:security"
    assert len(cells(row)) == len(COLUMNS)
    assert "lapses" in page(row)


def test_a_page_shows_all_and_steers_no_terminal() -> None:
    grant = standing(request(reason="a\x1b[31mb", network=True, certificate="ab" * 32), [approved()], AT + HOUR)
    shown = page(row_of(grant))
    assert "\x1b" not in shown
    for part in ("ended", "the first network and the client certificate abab", "corp:ana approve: fine", "1 hour"):
        assert part in shown
