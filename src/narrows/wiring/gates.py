"""The gates over the patterns of prompt rules: kept in memory and on disk, and made where they are missing.

A snapshot does not wait for them: until a gate is made its patterns are asked one by one, which finds the same. It is
made in a thread, and vectorscan lets the event loop have the interpreter meanwhile.
"""

import asyncio
import logging
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from narrows.inspection.loose import loosened
from narrows.matching.widened import Widener
from narrows.model.plan import Rule
from narrows.policy.gating import Made, Part, dump, load, make, name, parts, together
from narrows.policy.inspect import RuleInspector
from narrows.policy.sieve import NO_GATES, Gates
from narrows.wiring.compiled import CompiledFiles

_log = logging.getLogger("narrows.rules")

SUFFIX: Final = ".rules"
KEPT: Final = 64
"""Files that stay, the newest: each holds some hundred patterns."""

_ENGINES: Final = ("google-re2", "hyperscan")


class RuleGates:
    """Makes the gates of one policy set after another; what two have in common is made once. `cache_dir` is a directory
    for what was compiled, made if it is missing; None: nothing is kept on disk."""

    def __init__(self, cache_dir: Path | None) -> None:
        self._files = CompiledFiles(cache_dir, suffix=SUFFIX, kept=KEPT)
        self._release = " ".join(_version(engine) for engine in _ENGINES)
        self._made: dict[str, Made] = {}
        self._wanted: Sequence[Rule] | None = None

    @property
    def directory(self) -> Path | None:
        """Where what was compiled is kept."""
        return self._files.directory

    def kept(self, rules: Sequence[Rule]) -> tuple[Gates, bool]:
        """Those gates of the rules that need not be compiled, and whether they are all. Reads files."""
        found: list[Made] = []
        asked = parts(rules, loosened)
        for part in asked:
            made = self._known(name(part, self._release), part)
            if made is not None:
                found.append(made)
        return together(found), len(found) == len(asked)

    def made(self, rules: Sequence[Rule]) -> Gates | None:
        """All gates of the rules. Takes seconds for a thousand patterns: off the event loop. None where others were
        asked for meanwhile, or nothing is wanted any more."""
        self._wanted = rules
        widener = Widener()
        found: dict[str, Made] = {}
        for part in parts(rules, loosened):
            key = name(part, self._release)
            made = self._known(key, part)
            if made is None:
                if rules is not self._wanted:
                    return None
                made = make(part, widener)
                self._files.write(key, dump(part, made))
            found[key] = self._made[key] = made
        # What only earlier rules had is forgotten.
        self._made = found
        return together(found.values())

    def forget(self) -> None:
        """Nothing is wanted any more: what is being made ends at its next part."""
        self._wanted = None

    def _known(self, key: str, part: Part) -> Made | None:
        made = self._made.get(key)
        if made is None:
            kept = self._files.read(key)
            made = None if kept is None else load(part, kept)
            if made is not None:
                self._made[key] = made
        return made


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


class GateMaking:
    """Gives inspectors their gates, on an event loop: at once what is kept, and later what has to be made."""

    def __init__(self, gates: RuleGates) -> None:
        self._gates = gates
        self._tasks: set[asyncio.Task[None]] = set()

    async def kept(self, rules: Sequence[Rule]) -> tuple[Gates, bool]:
        """What `RuleGates.kept` gives, and no thread where there is nothing to look for."""
        if not any(rule.matchers for rule in rules):
            return NO_GATES, True
        return await asyncio.to_thread(self._gates.kept, rules)

    def begin(self, inspector: RuleInspector, rules: Sequence[Rule]) -> None:
        """Makes what is missing, in a thread, and gives it to the inspector."""
        task = asyncio.create_task(self._make(inspector, rules), name="narrows gates of rules")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _make(self, inspector: RuleInspector, rules: Sequence[Rule]) -> None:
        try:
            gates = await asyncio.to_thread(self._gates.made, rules)
        except Exception as failure:  # noqa: BLE001
            # The boundary of a background job: rules hold without gates, only slower.
            _log.error("the gates of prompt rules can't be made: %s", type(failure).__qualname__, exc_info=failure)
            return
        if gates is not None:
            inspector.use(gates)
            _log.info("prompt rules are looked for together now")

    async def close(self) -> None:
        """Ends what is being made."""
        self._gates.forget()
        await asyncio.gather(*self._tasks)
