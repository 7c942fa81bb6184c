"""False positives are kept once each, for their owner alone."""

from pathlib import Path

import pytest

from narrows.wiring.reports import NAME, Report, add_reports, read_reports

ONE = Report("call_1", "us_ssn", "US_SSN", "part no. 054-28-6917\n")
TWO = Report("call_2", "us_ssn", "US_SSN", "Teil 054-28-6917 é")


def test_they_come_back_in_order_and_once(tmp_path: Path) -> None:
    assert read_reports(tmp_path) == ()
    add_reports(tmp_path, (ONE,))
    add_reports(tmp_path, (ONE, TWO))
    assert read_reports(tmp_path) == (ONE, TWO)
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_something_else_is_told(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text('{"call": 1}\n')
    with pytest.raises(ValueError, match=NAME):
        read_reports(tmp_path)
    with pytest.raises(ValueError, match=NAME):
        add_reports(tmp_path, (ONE,))
