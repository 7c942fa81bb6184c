"""What is sent and answered: a chat request of a given size and a reply of 0.8 KB.

`MARK` stands where a counter of eight digits goes, and the text behind it is what is replaced by a passage of the
corpus, so that no two prompts are alike: a record that stores equal contents once, and masks that remember clean texts,
would otherwise have nothing to do.
"""

import json
import random

from harness.corpus import Corpus

MARK = "00000000"
MODEL = "bench-model"

LONGEST_STREAM = 1_000_000
"""Tokens: streams last as long as a measurement does."""

_PROSE = (
    "The tide turns twice a day in the narrows, and the pilots who take the ships through have learnt to read the "
    "water by its colour, its sound and the way the gulls sit on it. A stranger sees a strait; they see a clock. "
)


def _prose(size: int) -> str:
    return (_PROSE * (size // len(_PROSE) + 1))[:size]


def chat(size: int, *, stream: bool = False) -> str:
    """A chat request of about `size` bytes; a third of it is the system prompt, the same in every call."""
    text = max(size - 230, 60)
    system, user = _prose(text // 3), _prose(text - text // 3)
    body = {
        "model": MODEL,
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": f"Question {MARK}: {user}"},
        ],
        "temperature": 0.2,
        "max_tokens": LONGEST_STREAM if stream else 256,
    }
    return json.dumps({**body, "stream": True} if stream else body)


def fresh(size: int, corpus: Corpus, chance: random.Random, number: int, *, stream: bool = False) -> bytes:
    """The same as `chat.lua` makes it: with a passage of the corpus and a number of its own."""
    before, _, rest = chat(size, stream=stream).partition(f"{MARK}: ")
    text, quote, after = rest.partition('"')
    passage = json.dumps(corpus.passage(chance, len(text)))[1:-1]
    return f"{before}{number % 10**8:08d}: {passage}{quote}{after}".encode()


REPLY_TEXT = 512
"""Characters of a reply's text."""


def reply(text: str | None = None) -> str:
    """A chat completion of 0.8 KB, or with this text."""
    mark = "0" * 32
    content = f"{mark} {_prose(480)}" if text is None else text
    return json.dumps(
        {
            "id": f"chatcmpl-{mark}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": content},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 212, "completion_tokens": 118, "total_tokens": 330},
        }
    )
