"""Builds the masking engine of the shipped table and, in a section of their own, an organisation's detectors.

What does not change between two versions of a configuration is kept: the shipped table for good, the organisation's
part as long as its settings and files are the same. All of it takes seconds and belongs off the event loop, in a
thread; compiling patterns gives other threads the interpreter meanwhile. A gate that starts for the first time does not
wait for all of it: what most texts need not be looked at for is compiled when it is ready.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock, Thread
from typing import Final

import msgspec

from narrows.config.problem import ConfigError
from narrows.config.schema import Config, Detectors
from narrows.masking.context import before
from narrows.masking.engine import Engine, Source
from narrows.masking.masker import Masker
from narrows.masking.organisation import BOUNDS
from narrows.masking.plan import Plan, Rule
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS
from narrows.matching.gate import Part
from narrows.model.call import Call
from narrows.policy.inspect import Sight, Sighting, Sights
from narrows.policy.reply_rules import wanted
from narrows.wiring.compiled import CompiledFiles
from narrows.wiring.examples import apart
from narrows.wiring.organisation import Organisation, analyzer_problems, compile_organisation, rows, stamps
from narrows.wiring.reload import Stamp
from narrows.wiring.reply_rules import NO_ROWS, Rows, compile_rows
from narrows.wiring.wordlists import KEPT as LISTS_KEPT
from narrows.wiring.wordlists import SUFFIX

_log = logging.getLogger("narrows.masking")

COMPILERS: Final = 2
"""Threads that compile a section's gates: more would not be done sooner, since one gate takes half of the time."""

BREATH: Final = 0.005
"""Seconds between two matchers or gates that are compiled while calls are served."""

PAUSE: Final = 0.5
"""Seconds before that begins: a gate that starts has better things to do."""

KEEP_AFTER: Final = 1.0
"""Seconds of compiling after which what there is of it is kept: who stops early need not begin anew."""


def needs_engine(config: Config) -> bool:
    """Whether a configuration masks by entities anywhere, looks for something in replies, or has detectors that must be
    checked."""
    policies = config.policies
    return config.detectors != Detectors() or any(
        policy.responses or any(mask.entities for mask in policy.mask) for policy in policies
    )


def load_engine(config: Config, cache_dir: Path | None) -> Engine:
    """The engine of a configuration, ready for calls. Raises ConfigError, whose problems name the settings."""
    return EngineLoader(cache_dir).load(config)


class EngineLoader:
    """Loads engines one after another; not to be used by two threads at once. The same settings give the same engine.

    `cache_dir` is a directory for compiled patterns, made if it is missing.
    """

    def __init__(self, cache_dir: Path | None) -> None:
        self._files = CompiledFiles(cache_dir)
        self._kept = _Kept(self._files)
        self._lists = CompiledFiles(cache_dir, suffix=SUFFIX, kept=LISTS_KEPT)
        self._shipped: Section | None = None
        self._rest = Lock()
        self._own: tuple[Detectors, Organisation] | None = None
        self._replies: tuple[tuple[str, ...], Rows] = (), NO_ROWS
        self._engine: tuple[Organisation, Rows, tuple[Source, ...], Engine] | None = None

    def load(self, config: Config | None = None, *, warm: bool = True) -> Engine:
        """The engine of a configuration, or with none that of the shipped table alone. Raises ConfigError.

        `warm`: what is otherwise built at its first use is built now, which takes a second more.
        """
        settings = Detectors() if config is None else config.detectors
        own, others = self.organisation(settings), analyzed(settings)
        replies = NO_ROWS if config is None else self.reply_rules(config)
        known = self._engine
        if known is None or known[0] is not own or known[1] is not replies or known[2] != others:
            # An organisation's own patterns come first: theirs is the label where both are as sure.
            sections = [own.section, self._table(later=warm), replies.section]
            lists = (*own.lists, *replies.lists)
            engine = Engine([section for section in sections if section is not None], lists, others)
            known = self._engine = own, replies, others, engine
            if warm:
                engine.warm(("",))
                Thread(target=self._compile_rest, args=(engine,), name="narrows-matchers", daemon=True).start()
        return known[3]

    @property
    def stamps(self) -> Mapping[str, Stamp]:
        """What tells the files apart that were read last, by path."""
        return {} if self._own is None else self._own[1].stamps

    def organisation(self, settings: Detectors) -> Organisation:
        """The compiled detectors of an organisation. Raises ConfigError with everything that is wrong."""
        problems = analyzer_problems(settings)
        if problems:
            raise ConfigError(problems)
        settings = msgspec.structs.replace(settings, analyzers=())
        if self._own is None or self._own[0] != settings or self._own[1].stamps != stamps(settings):
            own = compile_organisation(settings, self._kept.read, self._lists)
            self._kept.write(own.section)
            self._own = settings, own
        return self._own[1]

    def reply_rules(self, config: Config) -> Rows:
        """What rules on replies look for, compiled. Raises ConfigError with everything that is wrong."""
        rows = wanted(config)
        names = tuple(row.name for row in rows)
        if names != self._replies[0]:
            made = compile_rows(rows, self._kept.read, in_threads)
            self._kept.write(made.section)
            self._replies = names, made
        return self._replies[1]

    def apart(self, settings: Detectors) -> Engine:
        """An engine in which each pattern has an entity of its own (see `examples`): the organisation's first.
        Raises ConfigError."""
        self.organisation(settings)
        own = rows(settings)
        sections = [Section(apart(own, 0), bounds=BOUNDS, load=self._kept.read)] if own else []
        shipped = Section(apart(DETECTORS, len(own)), load=self._kept.read, compile_all=in_threads)
        self._kept.write(shipped)
        return Engine([*sections, shipped])

    def _table(self, *, later: bool) -> Section:
        if self._shipped is None:
            self._shipped = Section(DETECTORS, load=self._kept.read, compile_all=in_threads, later=later)
            self._kept.write(self._shipped)
        return self._shipped

    def _compile_rest(self, engine: Engine) -> None:
        """Compiles the matchers of seldom rows and what gates wait while calls are served already, so that no call has
        to wait for one. Of the processes that share a folder one compiles gates, and the others take them over."""
        with self._rest:
            time.sleep(PAUSE)
            for _ in engine.compile_rest():
                time.sleep(BREATH)
            section = self._shipped
            if section is None or not section.waits:
                return
            with self._files.alone():
                kept = self._files.read(section.key)
                if kept is not None:
                    section.take(kept)
                began = time.thread_time()
                for _ in section.compile_rest():
                    if time.thread_time() - began > KEEP_AFTER:
                        self._files.write(section.key, section.dump())
                        began = time.thread_time()
                    time.sleep(BREATH)
                self._files.write(section.key, section.dump())


def analyzed(settings: Detectors) -> tuple[Source, ...]:
    """What plug-ins find, as sources of an engine."""
    return tuple(Source(row.name, entity) for row in settings.analyzers for entity in dict.fromkeys(row.entities))


def in_threads(compiled: Callable[[Part], bytes], parts: Sequence[Part]) -> Iterable[bytes]:
    """Compiles gates side by side: vectorscan lets other threads have the interpreter meanwhile."""
    with ThreadPoolExecutor(COMPILERS, thread_name_prefix="narrows-compile") as pool:
        return list(pool.map(compiled, parts))


class _Kept:
    """One section's compiled patterns: read when it is built, and written again if they could not be used."""

    def __init__(self, files: CompiledFiles) -> None:
        self._files = files

    def read(self, key: str) -> bytes | None:
        content = self._files.read(key)
        if content is None:
            _log.info("compiling detectors, which can take some seconds; they are kept for the next start")
        return content

    def write(self, section: Section | None) -> None:
        if section is not None and section.fresh:
            self._files.write(section.key, section.dump())


def sights(engine: Engine) -> Sights:
    """What finds the entities that rules name."""

    def sight(entities: frozenset[str]) -> Sight:
        masker = Masker(engine, Plan((Rule(entities),)))
        return lambda text: [
            Sighting(found.entity, found.start, found.end, found.score) for found in masker.mask(text).findings
        ]

    return sight


def masked_entities(engine: Engine) -> Callable[[Call], frozenset[str]]:
    """Says which entities a call's plan masks in its prompt, in force; for cases of policies."""

    def masked(call: Call) -> frozenset[str]:
        rules = tuple(
            Rule(mask.entities, threshold=mask.threshold, allow=mask.allow)
            for mask in call.plan.masks
            if mask.prompt and mask.entities and not mask.observe
        )
        masker = Masker(engine, Plan(rules))
        return frozenset(
            finding.entity
            for text in call.asked.texts
            for finding in masker.mask(text.value, before(text.name, quoted=not text.number)).findings
        )

    return masked
