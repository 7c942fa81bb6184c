"""Media is noted and no text; what only stands where media should is a text."""

from typing import Any

import pytest

from narrows.dialects.reply_media import collect_media, read_blob
from narrows.model.reply import Event

DATA = "QUJD" * 20


def read(part: Any) -> tuple[list[tuple[str, int]], list[str]]:
    event = Event(None)
    collect_media(event, 0, {"part": part}, "part", "content")
    return [(part.media_type, part.size) for part in event.opaque], [delta.text for delta in event.deltas]


@pytest.mark.parametrize(
    ("part", "opaque", "texts"),
    [
        ({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}, [("image/png", 60)],
         ["image", "base64", "image/png", "media_type", "data", "source"]),
        ({"image_url": {"url": f"data:image/gif;base64,{DATA}"}}, [("image/gif", 60)], ["image_url"]),
        ({"image_url": {"url": "https://example.org/a"}}, [("", 21)], ["https://example.org/a", "image_url"]),
        ({"data": "078-05-1120 is no base64"}, [], ["078-05-1120 is no base64", "data"]),
        ({"data": "4111111111111111"}, [], ["4111111111111111", "data"]),
        ({"image": {"type": "url", "url": "https://example.org/a"}}, [("", 21)],
         ["url", "https://example.org/a", "image"]),
        ([{"type": "page", "url": "https://example.org/a"}], [], ["page", "https://example.org/a"]),
        ({"each": [DATA, "https://example.org/a"]}, [], [DATA, "https://example.org/a", "each"]),
        ([{"type": "text", "text": DATA}], [], ["text", DATA]),
        ({"images": [DATA]}, [("", 60)], ["images"]),
        ("plain words", [], ["plain words"]),
    ],
)  # fmt: skip
def test_parts(part: Any, opaque: list[tuple[str, int]], texts: list[str]) -> None:
    assert read(part) == (opaque, texts)


def test_a_place_of_media_alone() -> None:
    event = Event(None)
    for text in (DATA, "a text", ""):
        read_blob(event, 0, {"delta": text}, "delta", "response.audio")
    assert [part.path for part in event.opaque] == ["response.audio"]
    assert [delta.text for delta in event.deltas] == ["a text"]
