"""Replies of embeddings: vectors, as numbers or base64, and their usage."""

import re
from typing import Any, Final

from narrows.dialects.openai.listed_reply import read_listed
from narrows.dialects.texts import is_vector, openai_usage
from narrows.model.call import Json
from narrows.model.reply import Event

_SHORT: Final = 40
"""Characters of base64 that could be a text as well."""

_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def read_embeddings_reply(tree: Json, event: Event) -> None:
    """Fills in `event`. A vector in base64 is no text."""
    event.usage = openai_usage(tree.get("usage"))
    read_listed(tree, event, "data", _is_known)


def _is_known(key: str, value: Any) -> bool:
    return _is_vector(value) if key == "embedding" else key == "object" and value == "embedding"


def _is_vector(value: Any) -> bool:
    """Whether it is a list of nothing but the numbers of a vector, or their bytes in base64."""
    if type(value) is str:
        return len(value) >= _SHORT and _BASE64.fullmatch(value) is not None
    return type(value) is list and is_vector(value)
