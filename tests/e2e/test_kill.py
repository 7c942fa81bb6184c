"""`kill -9` in a loop under load: no call reaches the upstream without a record that survives.

Every prompt has a mark of its own. After the last kill, the marks that the upstream saw are compared with those in the
records, decrypted.
"""

import itertools
import random
import re
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.records import until
from e2e.scripted import Scripted
from narrows.stores.sqlite.archive import Archive

CALLERS = 8


class Load:
    """Callers that ask without a pause, whatever happens to the gate, until told to stop."""

    def __init__(self, gate: Gate, token: str, run: str) -> None:
        self._gate, self._token, self._run = gate, token, run
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CALLERS)]
        self.done = 0

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self) -> None:
        headers = {"authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=self._gate.url, headers=headers, timeout=5, verify=False) as client:
            while not self._over.is_set():
                number = next(self._numbers)
                text = f"{self._run}-{number:06d}-mark"
                body = {"model": "ok", "messages": [{"role": "user", "content": text}], "stream": number % 3 == 0}
                try:
                    self.done += client.post("/scripted/v1/chat/completions", json=body).status_code == 200
                except httpx.HTTPError:
                    time.sleep(0.01)


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
        with Load(gate, pat, f"{run}-{number}") as load:
            until(lambda load=load: load.done > CALLERS, 20)
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
