"""The gates that tell which disguises may be in a text: compiled once for all gateways of a machine, kept on disk.

They are the same for everybody, and change with the product and with vectorscan only. Compiling them takes a fifth of
a second, reading them back some milliseconds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.inspection.triggers import compiled
from narrows.matching.gate import Gate, GateUnreadable, Part, key
from narrows.wiring.compiled import CompiledFiles

SUFFIX: Final = ".views"
KEPT: Final = 4
"""Files that stay, the newest: there is one for each version of the product, and for kinds that are left out."""


class ViewGates:
    """Gives the gates of some parts. `cache_dir` is a directory for what was compiled, made if it is missing; None:
    nothing is kept on disk."""

    __slots__ = ("_files", "_made")

    def __init__(self, cache_dir: Path | None) -> None:
        self._files = CompiledFiles(cache_dir, suffix=SUFFIX, kept=KEPT)
        self._made: dict[str, Sequence[Gate]] = {}

    def __call__(self, parts: Sequence[Part]) -> Sequence[Gate]:
        """A gate for each part, in their order. Reads and writes files."""
        if self._files.directory is None:
            return compiled(parts)
        name = key(parts)
        gates = self._made.get(name)
        if gates is None:
            gates = self._read(name, len(parts))
            if gates is None:
                gates = compiled(parts)
                self._files.write(name, msgspec.msgpack.encode([gate.dump() for gate in gates]))
            self._made[name] = gates
        return gates

    def _read(self, name: str, count: int) -> Sequence[Gate] | None:
        """What was kept; None where there is nothing, or nothing that this processor can use."""
        kept = self._files.read(name)
        if kept is None:
            return None
        try:
            gates = [Gate.load(dump) for dump in msgspec.msgpack.decode(kept, type=list[bytes])]
        except (msgspec.DecodeError, GateUnreadable):
            return None
        return gates if len(gates) == count else None
