"""A small record of four calls: whole, streamed, refused and still running. Their texts try to steer the terminal."""

from pathlib import Path

import msgspec

from narrows.model.principal import Principal
from narrows.model.record import Content, Outcome, Stream, Transcript
from narrows.model.refusal import Code
from narrows.model.usage import Usage
from narrows.model.verdict import Note
from unit.stores.sqlite.records import call_id, closed, opened, running

WHOLE, STREAMED, REFUSED, RUNNING = (call_id(number) for number in range(1, 5))
BOB = Principal("corp", "bob", groups=frozenset({"support"}))
ESCAPE = "\x1b[2J"

_ANSWER = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello\\nyourself"}}]}'
_TRANSCRIPT = Transcript(
    (Stream(0, "content", "one two"), Stream(1, "content", "uno")),
    ((100_000, 0, 3), (200_000, 1, 3), (300_000, 0, 4)),
)


async def fill(path: Path) -> None:
    """Writes the record."""
    async with running(path) as journal:
        notes = (Note(Code.PROMPT_DENIED, "watching"),)
        said = msgspec.json.encode({"role": "user", "content": f"Hello {ESCAPE}there"})
        await journal.open(opened(1, said, agent=f"evil{ESCAPE}", notes=notes, justification="ticket 7"))
        journal.close(closed(1, _ANSWER, usage=Usage(3, 5), model="gpt-4o-2024"))
        await journal.open(opened(2, b'{"role":"user","content":"stream, please"}', stream=True))
        part = Content("stream", msgspec.json.encode(_TRANSCRIPT))
        journal.close(closed(2, contents=(part,), duration=400_000, usage=Usage(2, 4)))
        refused = {"forwarded": False, "refusal": "model_not_allowed", "reason": "not that one", "status": 403}
        await journal.open(opened(3, principal=BOB, session="sess_2", policy="support", rule="may.models", **refused))
        await journal.open(opened(4, b'{"role":"user","content":"still going"}'))


OUTCOMES = {WHOLE: Outcome.DONE, STREAMED: Outcome.DONE, REFUSED: Outcome.REFUSED, RUNNING: None}
