"""What is sent and answered: a chat request of a given size and a reply of 0.8 KB, each one different.

`MARK` stands where a counter of eight digits goes, so that no two prompts are equal: a record that stores equal
contents once would otherwise have nothing to do.
"""

import json

MARK = "00000000"
MODEL = "bench-model"

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
        "max_tokens": 256,
    }
    return json.dumps({**body, "stream": True} if stream else body)


def reply(mark: str) -> str:
    """A chat completion of 0.8 KB; `mark` makes it unique (nginx: `$request_id`)."""
    return json.dumps(
        {
            "id": f"chatcmpl-{mark}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": MODEL,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": f"{mark} {_prose(480)}"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 212, "completion_tokens": 118, "total_tokens": 330},
        }
    )
