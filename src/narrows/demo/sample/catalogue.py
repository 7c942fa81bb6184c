"""The sample model's lists of models, in both shapes, and OpenAI embeddings: `POST /v1/embeddings`.

An embedding hashes a text's words into a unit vector, so texts that share words are near each other. Pure.
"""

import base64
import hashlib
import math
import re
import struct
from typing import Final

from narrows.demo.sample.reply import count_tokens
from narrows.demo.sample.wire import MODELS, RELEASED, Json, Refused, embedding_model, strings, whole

_DIMENSIONS: Final = 64
_MOST_DIMENSIONS: Final = 3072
_RELEASED_ISO: Final = "2026-01-01T00:00:00Z"
_WORD: Final = re.compile(r"\w+")


def openai_models(name: str | None = None) -> Json:
    """The list, or the one named. Raises Refused."""
    if name is not None:
        return _openai_model(_known(name))
    return {"object": "list", "data": [_openai_model(model) for model in MODELS]}


def anthropic_models(name: str | None = None) -> Json:
    """The list, or the one named. Raises Refused."""
    if name is not None:
        return _anthropic_model(_known(name))
    rows = [_anthropic_model(model) for model in MODELS]
    return {"data": rows, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}


def embeddings(body: Json) -> Json:
    """Serves one embeddings request. Raises Refused."""
    model = embedding_model(body)
    texts = strings(body.get("input"))
    if not texts:
        raise Refused(400, "'input' must be a string or an array of strings", param="input")
    size = whole(body, "dimensions") or _DIMENSIONS
    if size > _MOST_DIMENSIONS:
        raise Refused(400, f"'dimensions' must be at most {_MOST_DIMENSIONS}", param="dimensions")
    packed = body.get("encoding_format") == "base64"
    rows: list[Json] = []
    for index, text in enumerate(texts):
        vector = _embed(text, size)
        rows.append({"object": "embedding", "index": index, "embedding": _pack(vector) if packed else vector})
    tokens = sum(count_tokens(text) for text in texts)
    return {"object": "list", "model": model, "data": rows, "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


def _known(name: str) -> str:
    if name not in MODELS:
        raise Refused(404, f"The model `{name}` does not exist.", param="model", code="model_not_found")
    return name


def _openai_model(name: str) -> Json:
    return {"id": name, "object": "model", "created": RELEASED, "owned_by": "narrows"}


def _anthropic_model(name: str) -> Json:
    title = name.replace("-", " ").title()
    return {
        "type": "model",
        "id": name,
        "display_name": title,
        "created_at": _RELEASED_ISO,
        "lifecycle": "active",
    }


def _embed(text: str, size: int) -> list[float]:
    vector = [0.0] * size
    for word in _WORD.findall(text.lower()) or [""]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % size] += 1.0 if digest[4] % 2 else -1.0
    norm = math.sqrt(sum(value * value for value in vector))
    if norm == 0:
        vector[0] = norm = 1.0
    return [value / norm for value in vector]


def _pack(vector: list[float]) -> str:
    """Little-endian 32-bit floats in base64: what the official SDK asks for by default."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
