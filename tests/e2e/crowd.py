"""Callers that ask without a pause, whatever happens to the gate, until told to stop."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

import httpx

from e2e.gate import Gate


class Crowd:
    """Use as a context manager. `statuses` counts the answers; a call that fails has none."""

    def __init__(
        self, gate: Gate, token: str, path: str, body: Callable[[int], dict[str, Any]], *, callers: int
    ) -> None:
        self._gate, self._token, self._path, self._body = gate, token, path, body
        self._numbers = itertools.count()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(callers)]
        self.statuses: Counter[int] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self) -> None:
        headers = {"authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=self._gate.url, headers=headers, timeout=5, trust_env=False) as client:
            while not self._over.is_set():
                try:
                    self.statuses[client.post(self._path, json=self._body(next(self._numbers))).status_code] += 1
                except httpx.HTTPError:
                    time.sleep(0.01)
