"""Parts of a reply that nobody can inspect: images, sound and files, in the places where the APIs have them.

Each is noted in the event by hash and size, for a guard that refuses what it can't inspect and for the record. It is no
text as long as it is what it says it is: base64, or a `data:` URL. An address from which the caller would fetch the
part is both. Short base64 could be anything, so it is both, too.
"""

import re
from typing import Any, Final

from narrows.dialects.texts import blob, collect
from narrows.model.reply import Delta, Event

SHORT: Final = 64
"""Characters of base64 that could be a text as well."""

_PLACES: Final = frozenset(
    {
        "audio", "audio_url", "b64_json", "data", "document", "file", "file_data", "file_url", "image", "image_data",
        "image_url", "images", "input_audio", "output_audio", "partial_image_b64", "result", "source", "url", "video",
        "video_url",
    }
)  # fmt: skip
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")
_ADDRESS: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")


def collect_media(event: Event, choice: int, container: Any, key: Any, path: str) -> None:
    """Every text of a part that is media, or may hold some. `path` says which part of the reply it is."""
    deltas = event.deltas
    start = len(deltas)
    collect(deltas, choice, "other", container, key)
    deltas[start:] = [delta for delta in deltas[start:] if not _is_media(event, delta, path)]


def read_blob(event: Event, choice: int, container: Any, key: str, path: str) -> None:
    """A string that should be media: what it is not, is a text."""
    delta = Delta(choice, "other", container[key], container, key)
    if delta.text and not _is_media(event, delta, path, certain=True):
        event.deltas.append(delta)


def _is_media(event: Event, delta: Delta, path: str, *, certain: bool = False) -> bool:
    """Whether it is media and no text; notes it if it is media at all. `certain`: its place is one of media alone."""
    text, key, holder = delta.text, delta.key, delta.container
    if not certain and ((type(key) is not int and key not in _PLACES) or type(holder) not in (dict, list)):
        return False
    if text[:5].lower() == "data:":
        event.opaque.append(blob(path, "", text))
        return True
    if _BASE64.fullmatch(text) is None:
        if _ADDRESS.match(text) is not None:
            event.opaque.append(blob(path, "", text))
        return False
    if type(key) is int and len(text) < SHORT:
        return False
    kind = holder.get("media_type") or holder.get("format") if type(holder) is dict else None
    event.opaque.append(blob(path, kind if type(kind) is str else "", text))
    return len(text) >= SHORT
