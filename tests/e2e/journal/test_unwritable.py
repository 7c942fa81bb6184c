"""A gate whose disk is full: what can't be recorded is not forwarded; what was forwarded is on record."""

import itertools
import sys
from pathlib import Path
from typing import Any

import httpx

from e2e.gate import Gate
from e2e.scripted import Scripted
from narrows.stores.sqlite.archive import Archive

LIMIT = 1_500_000
LIMITED = (
    "import os, resource, signal, sys;"
    "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    f"resource.setrlimit(resource.RLIMIT_FSIZE, ({LIMIT}, {LIMIT}));"
    "os.execv(sys.argv[1], sys.argv[1:])"
)
"""Starts a program under which files grow no further, as on a full disk."""

MARK = "unwritable-mark"


def test_a_full_disk_stops_calls_and_hides_none(
    tmp_path: Path, settings: dict[str, Any], scripted: Scripted, pat: str
) -> None:
    gate = Gate(tmp_path, settings, prefix=[sys.executable, "-c", LIMITED]).start()
    url, headers = f"{gate.url}/scripted/v1/chat/completions", {"authorization": f"Bearer {pat}"}
    with httpx.Client(headers=headers, timeout=30) as client:

        def ask(number: int) -> httpx.Response:
            text = f"{MARK}-{number:06}- {number * 7919 % 10_007:x} " * 40
            return client.post(url, json={"model": "ok", "messages": [{"role": "user", "content": text}]})

        replies = (ask(number) for number in itertools.count())
        refused = next(reply for reply in itertools.islice(replies, 5_000) if reply.status_code != 200)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "journal_unavailable")
        reached = len(scripted.bodies(MARK))
        assert reached > 20
        for _ in range(5):
            assert next(replies).status_code == 503
        assert len(scripted.bodies(MARK)) == reached
    assert httpx.get(f"{gate.admin}/readyz").status_code == 503
    gate.kill()
    assert "Traceback" not in gate.output
    gate = Gate(tmp_path, settings).start()
    assert gate.stop() == 0
    archive = Archive(gate.store)
    recorded = {piece.text for call in archive.calls() for piece in record_of(archive, call.id)}
    asked = [body.decode() for body in scripted.bodies(MARK)]
    missing = [body for body in asked if not any(text and text in body and MARK in text for text in recorded)]
    assert missing == []


def record_of(archive: Archive, call: str) -> Any:
    record = archive.call(call)
    assert record is not None
    assert record.intact
    return record.request
