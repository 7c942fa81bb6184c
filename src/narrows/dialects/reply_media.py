"""Parts of a reply that nobody can inspect: images, sound and files, in the places where the APIs have them.

Each is noted in the event by hash and size, for a guard that refuses what it can't inspect and for the record. It is no
text as long as it is what it says it is: base64, or a `data:` URL. An address from which the caller would fetch the
part is both. Short base64 could be anything, so it is a text and nothing else.
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
    held: set[int] = set()
    _find_held(container[key], key in _PLACES, held)
    deltas[start:] = [delta for delta in deltas[start:] if not _is_media(event, delta, path, held)]


def _find_held(value: Any, in_place: bool, held: set[int]) -> None:  # noqa: FBT001 - of this module alone
    """The objects and lists that are all that stands in a place of media, by identity."""
    if type(value) is dict:
        if in_place:
            held.add(id(value))
        for key, inner in value.items():
            _find_held(inner, key in _PLACES, held)
    elif type(value) is list:
        if in_place:
            held.add(id(value))
        for inner in value:
            _find_held(inner, in_place, held)


def read_blob(event: Event, choice: int, container: Any, key: str, path: str) -> None:
    """A string that should be media: what it is not, is a text."""
    delta = Delta(choice, "other", container[key], container, key)
    if delta.text and not _is_media(event, delta, path, None):
        event.deltas.append(delta)


def _is_media(event: Event, delta: Delta, path: str, held: set[int] | None) -> bool:
    """Whether it is media and no text; notes it if it is media at all. `held`: the objects and lists that stand in
    places of media; None: this is one itself."""
    text, key, holder = delta.text, delta.key, delta.container
    if held is not None:
        in_place = id(holder) in held if type(key) is int else key in _PLACES
        if not in_place or type(holder) not in (dict, list):
            return False
    if text[:5].lower() == "data:":
        event.opaque.append(blob(path, "", text))
        return True
    if _BASE64.fullmatch(text) is None:
        # Addresses of pages stand in many results; only one that stands for the part itself is fetched as one.
        if _ADDRESS.match(text) is not None and (held is None or id(holder) in held or key != "url"):
            event.opaque.append(blob(path, "", text))
        return False
    if len(text) < SHORT:
        return False
    kind = holder.get("media_type") or holder.get("format") if type(holder) is dict else None
    event.opaque.append(blob(path, kind if type(kind) is str else "", text))
    return True
