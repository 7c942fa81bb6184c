"""Replies of embeddings: vectors pass, strings are seen."""

import msgspec

from narrows.model.usage import Usage
from unit.dialects.payloads import REPLIES, reader, replay


def test_vectors_pass_untouched() -> None:
    reads = reader("embeddings", stream=False)
    (event,) = replay(reads, msgspec.json.encode(REPLIES["embeddings"]))
    assert [delta.text for delta in event.deltas] == ["text-embedding-3-small"]
    assert event.usage == Usage(prompt=2)
    assert event.model == "text-embedding-3-small"
    assert msgspec.json.decode(reads.write(event)) == REPLIES["embeddings"]


def test_base64_is_no_text_but_strings_elsewhere_are() -> None:
    vector = "AAAA" * 10
    rows = [
        {"embedding": vector, "index": 0, "note": "x"},
        {"embedding": ["y"]},
        "z",
        {"embedding": "4111111111111111"},
    ]
    (event,) = replay(reader("embeddings", stream=False), msgspec.json.encode({"data": rows, "warning": "w"}))
    assert {delta.text for delta in event.deltas} >= {"x", "y", "z", "w", "4111111111111111"}
    assert vector not in {delta.text for delta in event.deltas}


def test_numbers_that_are_no_vector_are_texts() -> None:
    rows = [{"embedding": [4111111111111111, 1]}, {"embedding": [3, -7]}]
    (event,) = replay(reader("embeddings", stream=False), msgspec.json.encode({"data": rows}))
    assert {delta.text for delta in event.deltas} == {"4111111111111111", "1"}
