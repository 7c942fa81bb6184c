"""N6 and N8: what masking itself costs, on core 0, in a process that does nothing else (`bench/masking.py`)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.arena import PATH_CORE, pinned
from harness.figure import Row

_SCRIPT = Path(__file__).parents[1] / "masking.py"

_ORDINARY = ("prose", "code", "chinese")
"""What N6 and the median of N8 are about; other kinds of text are shown beside them."""


def _measured(figure: str) -> list[dict[str, Any]]:
    command = [*pinned(PATH_CORE), sys.executable, str(_SCRIPT), "--json", "--only", figure]
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=600, check=True)
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


def deltas() -> Iterator[Row]:
    """N6: a row for each bound and kind of text."""
    for kind in _measured("N6"):
        held = f"held back (p50): {kind['held']:.0f} characters; worst {kind['worst']:,.0f} µs"
        for name, must, aim in (("p50", 40, 15), ("p99", 300, 100)):
            row = Row("N6", f"CPU of a masked delta, {kind['kind']}, {name}", kind[name], "µs", detail=held)
            yield row._replace(sign="<=", must=must, aim=aim) if kind["kind"] in _ORDINARY else row


def wholes() -> Iterator[Row]:
    """N8: a row for each bound, with the kind that is furthest from it, and what all kinds took."""
    kinds = _measured("N8")

    def worst(column: str) -> tuple[float, str]:
        ordered = sorted(kinds, key=lambda kind: -kind[column])
        return ordered[0][column], ", ".join(f"{kind['kind']} {kind[column]:.2f}" for kind in ordered)

    for what, column, unit, must, aim in (
        ("a new text of 4 KB, p50 of the worst kind", "p50", "ms", None, None),
        ("a new text of 4 KB, worst of all", "worst", "ms", 4.0, 1.5),
        ("a text of 200 KB, a KB of the worst kind", "large", "ms", 1.0, 0.3),
    ):
        value, detail = worst(column)
        yield Row("N8", f"masking {what}", value, unit, "<=", must, aim, detail)
    for kind in kinds:
        if kind["kind"] in _ORDINARY:
            yield Row("N8", f"masking a new text of 4 KB, {kind['kind']}, p50", kind["p50"], "ms", "<=", 0.4, 0.2)
