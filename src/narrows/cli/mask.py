"""`narrows mask`: what masking does to a text, tried on a file or a pipe. Needs no gate and no configuration.

The text goes through the same stream as a model's reply, piece by piece, so a file may be larger than the memory. Only
what plug-ins are to look at, where a configuration has some, is read as a whole.
"""

import codecs
import io
import secrets
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal

import typer

from narrows.cli import engine as engines
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.terminal import complain, harmless, json_line, print_table, say
from narrows.config.entities import Vocabulary
from narrows.config.load import Loaded
from narrows.config.plugins import AnalyzerSettings
from narrows.config.problem import ConfigError
from narrows.masking.detector import Detector
from narrows.masking.findings import Finding
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.spotted import LONGEST, Spotter, wanted
from narrows.masking.table import DETECTORS
from narrows.masking.tokens import Tokens
from narrows.model.plan import Transform
from narrows.ports.plugin import PluginFailed
from narrows.wiring.analyzers import find_once
from narrows.wiring.detectors import vocabulary
from narrows.wiring.organisation import rows

CHUNK: Final = 1 << 16
"""Bytes read at a time."""

app = typer.Typer(rich_markup_mode="rich", add_completion=False)


@app.command()
def mask(
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", show_default=False, help="A text; `-` or none: a pipe.")
    ] = "-",
    entities: Annotated[
        str | None, typer.Option(metavar="A,B", help="Entities, groups and globs to look for; by default all.")
    ] = None,
    transform: Annotated[
        Literal["redact", "partial", "hash", "token", "block"],
        typer.Option("--with", help="What is put in a finding's place."),
    ] = "redact",
    threshold: Annotated[float, typer.Option(min=0.0, max=1.0, help="How sure a finding must be.")] = 0.5,
    allow: Annotated[list[str] | None, typer.Option(help="A value that is no finding; may be repeated.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each finding is one.")] = False,
    config: engines.OwnOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, places in characters.")] = False,
) -> None:
    """Mask a text as the gate would, and show what was found.

    Prints the masked text. With --json an object: the masked text and the
    findings, each with its place, entity, detector and score. With --explain
    the findings alone, each with its line and with what made it one; never the
    value itself.

    Exits 0, whatever was found; with --with block 1 if anything was, as the
    gate would refuse the call. The stand-ins of --with hash and --with token can
    be compared within one run only.

    [bold]Examples[/bold]

      narrows mask --entities PII,SECRETS letter.txt

      git diff | narrows mask --entities SECRETS --explain
    """
    loaded = engines.settings(config)
    own = engines.own(loaded)
    rule = Rule(
        entities=_entities(entities, vocabulary(own)),
        transform=Transform[transform.upper()],
        threshold=threshold,
        allow=frozenset(allow or ()),
    )
    with _opened(file) as opened:
        key = secrets.token_bytes(32)
        masker = Masker(engines.load(loaded), Plan((rule,), key)).keyed(Tokens(key, ""))
        detectors = {row.name: row for row in (*rows(own), *DETECTORS)}
        masker, source = _analyzed(loaded, own.analyzers, rule, masker, opened)
        run = _Run(masker, detectors, explain=explain)
        if as_json:
            _print_json(run, source)
        elif explain:
            _print_findings(run, source)
        else:
            _print_text(run, source)
    if transform == "block" and run.findings:
        complain(f"narrows: {len(run.findings)} findings; the gate would refuse this")
        raise typer.Exit(FAILED)


def _analyzed(
    loaded: Loaded | None, rows: Sequence[AnalyzerSettings], rule: Rule, masker: Masker, source: IO[bytes]
) -> tuple[Masker, IO[bytes]]:
    """What masks what plug-ins find as well; they see the text as a whole, so it is read before."""
    asked = [row for row in rows if rule.entities is None or rule.entities.intersection(row.entities)]
    if not asked:
        return masker, source
    try:
        data = source.read()
    except OSError as error:
        raise Failure(f"the text can't be read: {error.strerror}", USAGE) from None
    text = data.decode("utf-8", "surrogateescape")
    if len(text) > LONGEST:
        raise Failure(f"the text has more than {LONGEST:,} characters, so it can't be analyzed", USAGE)
    try:
        (spans,) = find_once(asked, [text])
    except ConfigError as error:
        raise Failure(str(error if loaded is None else loaded.locate(error.problems)), USAGE) from None
    except PluginFailed as failed:
        raise Failure(f"the text can't be analyzed: the plug-in {failed}") from None
    return Spotter(masker, wanted(masker), {text: spans}), io.BytesIO(data)


def _entities(written: str | None, names: Vocabulary) -> frozenset[str] | None:
    """The entities that a list names; None: all."""
    if written is None:
        return None
    found: set[str] = set()
    for name in filter(None, (part.strip() for part in written.split(","))):
        resolved = names.resolve(name)
        if not resolved:
            raise Failure(f"--entities: there is no entity or group '{name}'; {names.hint(name)}", USAGE)
        found |= resolved
    if not found:
        raise Failure("--entities names nothing", USAGE)
    return frozenset(found)


@contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(name).open("rb"))
        except OSError as error:
            raise Failure(f"{name}: the file can't be read: {error.strerror}", USAGE) from None
        yield file


class _Run:
    """One text on its way. With `explain` it keeps where lines begin."""

    def __init__(self, masker: Masker, detectors: dict[str, Detector], *, explain: bool) -> None:
        self._stream = masker.stream()
        self._detectors = detectors
        self._explain = explain
        self._lines = array("Q", [0])
        self._read = 0

    @property
    def findings(self) -> list[Finding]:
        return self._stream.findings

    def pieces(self, source: IO[bytes]) -> Iterator[str]:
        """The masked text. Bytes that are not UTF-8 go through as they are."""
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        try:
            while data := source.read(CHUNK):
                yield self._stream.feed(self._noted(decoder.decode(data)))
        except OSError as error:
            raise Failure(f"the text can't be read: {error.strerror}", USAGE) from None
        yield self._stream.finish(self._noted(decoder.decode(b"", final=True)))

    def _noted(self, text: str) -> str:
        if self._explain:
            at = text.find("\n")
            while at >= 0:
                self._lines.append(self._read + at + 1)
                at = text.find("\n", at + 1)
        self._read += len(text)
        return text

    def rows(self) -> Iterator[dict[str, Any]]:
        """The findings as they are shown."""
        for found in self.findings:
            row = {
                "start": found.start,
                "end": found.end,
                "entity": found.entity,
                "detector": found.detector,
                "score": found.score,
            }
            yield {**row, **self._reasons(found)} if self._explain else row

    def _reasons(self, found: Finding) -> dict[str, Any]:
        line = bisect_right(self._lines, found.start)
        row = self._detectors.get(found.detector)
        validate = None if row is None else row.validate
        return {
            "line": line,
            "column": found.start - self._lines[line - 1] + 1,
            "keyword": None if row is None else by_keyword(row, found.score),
            "validator": None if validate is None else validate.__name__,
        }


def by_keyword(row: Detector, score: float) -> bool | None:
    """Whether a keyword made a finding as sure as it is; None where the row's score is the same without."""
    return score > row.score if row.keywords and row.keyword_score > row.score else None


def _print_text(run: _Run, source: IO[bytes]) -> None:
    if sys.stdout.isatty():
        for piece in run.pieces(source):
            sys.stdout.write(harmless(piece))
        return
    sys.stdout.flush()
    for piece in run.pieces(source):
        sys.stdout.buffer.write(piece.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()


def _print_json(run: _Run, source: IO[bytes]) -> None:
    """One object, the text written as it comes."""
    sys.stdout.write('{"masked": "')
    for piece in run.pieces(source):
        sys.stdout.write(json_line(piece)[1:-1])
    sys.stdout.write('", "findings": [')
    for number, row in enumerate(run.rows()):
        sys.stdout.write((", " if number else "") + json_line(row))
    sys.stdout.write("]}\n")


def _print_findings(run: _Run, source: IO[bytes]) -> None:
    for _ in run.pieces(source):
        pass
    shown = []
    for row in run.rows():
        keyword = {True: "keyword near", False: "no keyword near", None: ""}[row["keyword"]]
        why = ", ".join(part for part in (keyword, row["validator"] or "") if part)
        place = f"{row['line']}:{row['column']}"
        shown.append((place, row["end"] - row["start"], row["entity"], row["detector"], f"{row['score']:.2f}", why))
    if shown:
        print_table(("place", "length", "entity", "detector", "score", "why"), shown)
    say(f"{len(shown)} finding{'' if len(shown) == 1 else 's'}")
