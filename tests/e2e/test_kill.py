"""`kill -9` in a loop under load: no call reaches the upstream without a record that survives.

Every prompt has a mark of its own. After the last kill, the marks that the upstream saw are compared with those in the
records, decrypted.
"""

import random
import re
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.crowd import Crowd
from e2e.gate import Gate
from e2e.records import until
from e2e.scripted import Scripted
from narrows.stores.sqlite.archive import Archive

CALLERS = 8


def load(gate: Gate, token: str, run: str) -> Crowd:
    """Callers whose prompts have marks; every third reply is streamed."""

    def body(number: int) -> dict[str, Any]:
        text = f"{run}-{number:06d}-mark"
        return {"model": "ok", "messages": [{"role": "user", "content": text}], "stream": number % 3 == 0}

    return Crowd(gate, token, "/scripted/v1/chat/completions", body, callers=CALLERS)


def marks(text: str, run: str) -> set[str]:
    return set(re.findall(rf"{run}-\d+-\d{{6}}-mark", text))


@pytest.mark.parametrize("durability", ["normal", "full"])
def test_no_call_without_a_surviving_record(
    tmp_path: Path, settings: dict[str, Any], scripted: Scripted, pat: str, durability: str, soak: int
) -> None:
    run, random_ = f"kill-{durability}", random.Random(7)
    gate = Gate(tmp_path, {**settings, "recording": {"durability": durability}})
    for number in range(3 * soak):
        gate.start()
        with load(gate, pat, f"{run}-{number}") as crowd:
            until(lambda crowd=crowd: crowd.statuses[200] > CALLERS, 20)
            time.sleep(random_.uniform(0.0, 0.3))
            gate.kill()
    reached = set().union(*(marks(body.decode(), run) for body in scripted.bodies(run)))
    gate.start()
    assert gate.stop() == 0
    assert "Traceback" not in gate.output
    archive, recorded, open_ = Archive(gate.store), set(), []
    for call in archive.calls():
        record = archive.call(call.id)
        assert record is not None
        assert record.intact, call
        recorded |= marks(" ".join(piece.text or "" for piece in record.request), run)
        open_ += [call.id] if call.outcome is None else []
    assert len(reached) > 50
    assert reached - recorded == set()
    assert open_ == [], "a call that was open at a kill was not closed at the next start"
