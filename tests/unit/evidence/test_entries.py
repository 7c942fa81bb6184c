"""The types of the log's entries."""

import msgspec
import pytest

from narrows.evidence.entries import (
    ClosedEntry,
    ContextEntry,
    NoteEntry,
    OpenedEntry,
    PrincipalEntry,
    Reference,
    SegmentEntry,
    StrangersEntry,
    UsageEntry,
)

TYPES = [
    ClosedEntry,
    ContextEntry,
    NoteEntry,
    OpenedEntry,
    PrincipalEntry,
    Reference,
    SegmentEntry,
    StrangersEntry,
    UsageEntry,
]


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_declares_its_fields_sorted(kind: type[msgspec.Struct]) -> None:
    assert list(kind.__struct_fields__) == sorted(kind.__struct_fields__)
