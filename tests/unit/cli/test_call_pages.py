"""How recorded calls look."""

from pathlib import Path

import msgspec

from narrows.cli.call_pages import (
    COLUMNS,
    SESSION_COLUMNS,
    call_cells,
    call_line,
    call_row,
    record_page,
    record_row,
    session_cells,
    session_row,
)
from narrows.evidence.entries import MaskEntry
from narrows.model.usage import Usage
from narrows.stores.sqlite.archive import Archive
from unit.cli.recorded import REFUSED, RUNNING, STREAMED, WHOLE


def test_cells_fit_their_columns(store: Path) -> None:
    cells = {call.id: dict(zip(COLUMNS, call_cells(call), strict=True)) for call in Archive(store).calls()}
    assert cells[WHOLE]["model"] == "gpt on openai"
    assert (cells[WHOLE]["tokens"], cells[WHOLE]["took"]) == ("3 + 5", "500 µs")
    assert cells[REFUSED]["outcome"] == "refused 403 model_not_allowed"
    assert (cells[RUNNING]["outcome"], cells[RUNNING]["took"]) == ("running", "")
    for session in Archive(store).sessions():
        assert len(session_cells(session)) == len(SESSION_COLUMNS)


def test_a_line_is_one_line(store: Path) -> None:
    for call in Archive(store).calls():
        assert call_line(call).isprintable()
        assert call.id in call_line(call)


def test_rows_can_be_written_as_json(store: Path) -> None:
    archive = Archive(store)
    for row in (*map(call_row, archive.calls()), *map(session_row, archive.sessions())):
        assert next(iter(row)) == "id"
        msgspec.json.encode(row)


def test_pages_name_what_there_is_and_nothing_else(store: Path) -> None:
    archive = Archive(store)
    streamed = archive.call(STREAMED)
    refused = archive.call(REFUSED)
    assert streamed is not None
    assert refused is not None
    assert "content [1]" in record_page(streamed)
    assert "(streamed)" in record_page(streamed)
    assert "usage" not in record_page(refused)
    assert "answered" not in record_page(refused)
    assert record_row(streamed)["transcript"]["streams"][0]["text"] == "one two"


def test_a_page_names_every_kind_of_token(store: Path) -> None:
    record = Archive(store).call(WHOLE)
    assert record is not None
    usage = Usage(100, 20, 40, 4, 30, 10, 5, 6)
    page = record_page(msgspec.structs.replace(record, call=msgspec.structs.replace(record.call, usage=usage)))
    shown = "prompt 100, cached 40, cache write 30, cache write long 6, audio prompt 10, completion 20, reasoning 4"
    assert shown + ", audio completion 5" in " ".join(page.split())


def test_a_changed_record_says_so(store: Path) -> None:
    record = Archive(store).call(WHOLE)
    assert record is not None
    assert "record     intact" in record_page(record)
    assert "NOT INTACT" in record_page(msgspec.structs.replace(record, intact=False))


def test_a_page_says_what_was_masked_and_what_was_only_observed(store: Path) -> None:
    record = Archive(store).call(WHOLE)
    assert record is not None
    masked = (MaskEntry(2, "us_ssn", "US_SSN", path="$.m"), MaskEntry(1, "pin", "PIN", observed=True, path="content"))
    page = record_page(msgspec.structs.replace(record, call=msgspec.structs.replace(record.call, masked=masked)))
    assert "US_SSN 2 times at $.m; PIN at content (observed, left as it was)" in page


def test_a_page_says_what_a_call_held_of_budgets_and_what_it_came_to(store: Path) -> None:
    record = Archive(store).call(WHOLE)
    assert record is not None
    mine, everybodys = "research|usd|day|UTC|user|corp:ana", "|calls|month|Europe/Berlin|gateway|gateway"
    call = msgspec.structs.replace(
        record.call, reserved={mine: 51_200, everybodys: 1, "?": 5}, settled={mine: 57, everybodys: 1}, cost=57
    )
    page = " ".join(record_page(msgspec.structs.replace(record, call=call)).split())
    assert "cost 0.000057 usd" in page
    assert "usd / day of user corp:ana (policy research): 0.000057 usd, of 0.0512 usd held" in page
    assert "calls / month of gateway gateway (the gateway): 1 call, of 1 call held" in page
    unknown = msgspec.structs.replace(call, settled=None, outcome="unknown", cost=None)
    page = record_page(msgspec.structs.replace(record, call=unknown))
    assert "0.0512 usd held, outcome unknown" in page
    assert "cost" not in page
    running = msgspec.structs.replace(unknown, outcome=None)
    assert "outcome unknown" not in record_page(msgspec.structs.replace(record, call=running))


def test_a_page_tells_a_count_of_the_gate_from_a_report(store: Path) -> None:
    record = Archive(store).call(WHOLE)
    assert record is not None
    call = msgspec.structs.replace(record.call, usage=None, counted=Usage(12, 3))
    page = record_page(msgspec.structs.replace(record, call=call))
    assert "prompt 12, completion 3 (counted here: the report did not say)" in " ".join(page.split())
    assert "12 + 3" in call_cells(call)
