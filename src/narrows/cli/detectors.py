"""`narrows detectors`: what masking looks for, shipped and one's own, and whether it finds what it says it finds.

A false positive that is reported becomes an example that must not match.
"""

import dataclasses
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from narrows.cli import engine as engines
from narrows.cli.configuration import UNUSABLE, ConfigOption, DataOption, find_config, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.terminal import complain, harmless, one_line, print_json, print_table, say
from narrows.config.entities import Vocabulary
from narrows.config.load import Loaded
from narrows.config.problem import ConfigError
from narrows.config.schema import Detectors
from narrows.evidence.entries import MaskEntry
from narrows.masking.detector import Detector
from narrows.masking.masker import Masker
from narrows.masking.table import DETECTORS
from narrows.model.span import Span
from narrows.ports.plugin import PluginFailed
from narrows.stores.sqlite.archive import Archive
from narrows.wiring.analyzers import find_once
from narrows.wiring.detectors import vocabulary
from narrows.wiring.examples import Broken, broken_examples
from narrows.wiring.organisation import rows
from narrows.wiring.reports import Report, add_reports, read_reports

EntityOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only those that find this entity; globs are allowed.")
]
GroupOption = Annotated[str | None, typer.Option(metavar="NAME", help="Only those of this group: PII, SECRETS, US, …")]

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="List, show and test what masking looks for.",
)


class Catalogue(NamedTuple):
    """The detectors in question."""

    own: Detectors
    names: Vocabulary
    rows: tuple[Detector, ...]

    @classmethod
    def of(cls, own: Detectors) -> "Catalogue":
        return cls(own, vocabulary(own), (*rows(own), *DETECTORS))

    def groups(self, entity: str) -> list[str]:
        """The groups that an entity is in."""
        return sorted(group for group, entities in self.names.groups.items() if entity in entities)


@app.command("list")
def list_detectors(
    entity: EntityOption = None,
    group: GroupOption = None,
    config: engines.OwnOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a detector.")] = False,
) -> None:
    """List the detectors, and the entities and groups that policies may name.

    [bold]Examples[/bold]

      narrows detectors list --group PAYMENT

      narrows detectors list --entity 'US_*' --json
    """
    catalogue = Catalogue.of(engines.own(engines.settings(config)))
    wanted = _wanted(catalogue, entity, group)
    listed = [row for row in _listed(catalogue) if row["entity"] in wanted]
    if as_json:
        for row in listed:
            print_json(row)
        return
    shown = [(row["id"], row["entity"], _score(row), row["validator"], ", ".join(row["groups"])) for row in listed]
    print_table(("detector", "entity", "score", "validator", "groups"), shown)


@app.command("show")
def show(
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="The entity, such as US_SSN.")],
    config: engines.OwnOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a detector.")] = False,
) -> None:
    """Show how an entity is recognised: every detector of it, with its examples.

    [bold]Example[/bold]

      narrows detectors show US_SSN
    """
    catalogue = Catalogue.of(engines.own(engines.settings(config)))
    if entity not in catalogue.names.entities:
        raise Failure(f"there is no entity '{entity}'; {catalogue.names.hint(entity)}", USAGE)
    details = {row.name: _details(row) for row in catalogue.rows}
    listed = [row | details.get(row["id"], {}) for row in _listed(catalogue) if row["entity"] == entity]
    if as_json:
        for row in listed:
            print_json(row)
        return
    groups = ", ".join(catalogue.groups(entity)) or "none"
    say(f"{entity}\n  groups: {groups}")
    for row in listed:
        say(f"\n{row['id']}")
        for label, text in _lines(row):
            say(f"  {label}: {one_line(text)}")


@app.command("test")
def run_examples(
    entity: EntityOption = None,
    group: GroupOption = None,
    config: engines.OwnOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each example that fails.")] = False,
) -> None:
    """Run the examples of every detector, those of the configuration too.

    Exits 0 only if each finds something in all of its examples and nothing in
    its counterexamples; the false positives that were reported to the
    configuration's data directory are among these.

    [bold]Example[/bold]

      narrows detectors test -c narrows.yaml
    """
    loaded = engines.settings(config)
    catalogue = Catalogue.of(engines.own(loaded))
    wanted = _wanted(catalogue, entity, group)
    table = catalogue.rows if loaded is None else with_reports(catalogue.rows, Path(loaded.config.store))
    chosen = [row for row in table if row.entity in wanted]
    broken = list(broken_examples(engines.load_apart(loaded), table, {row.name for row in chosen}))
    reported = [] if loaded is None else _reported(loaded, wanted)
    broken += _broken_reports(loaded, reported)
    for number, each in enumerate(broken):
        if as_json:
            what = {"detector": each.detector, "entity": each.entity, "text": each.text, "expected": each.expected}
            print_json({"id": f"{each.detector}:{number}", **what})
        else:
            said = "finds nothing in" if each.expected else "finds something in"
            complain(f"{each.detector}: {said} {one_line(each.text)}")
    count = sum(len(row.examples) + len(row.counterexamples) for row in chosen) + len(reported)
    if not as_json:
        tested = len(chosen) + len({each.detector for each in reported})
        say(f"{count - len(broken)} of {count} examples of {tested} detectors hold")
    if broken:
        raise typer.Exit(FAILED)


@app.command("report")
def report(
    call: Annotated[str, typer.Argument(metavar="CALL_ID", help="The call in which something was masked wrongly.")],
    text: Annotated[
        str | None, typer.Option(metavar="TEXT", help="The harmless text, with what stands around it; `-`: a pipe.")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row.")] = False,
) -> None:
    """Report a false positive, which becomes an example that must not match.

    Without --text it lists what was masked in the call. The record does not
    hold the values, so give the text that was masked wrongly. It is kept in the
    data directory, and `narrows detectors test -c …` runs it from then on.
    Until the detector is better, `allow` or a higher `threshold` of the mask
    helps.

    [bold]Examples[/bold]

      narrows detectors report call_01j9 -c narrows.yaml

      narrows detectors report call_01j9 --text "part no. 054-28-6917"
    """
    store = find_store(config, data)
    masked = _masked(store, call)
    if text is None:
        _print_masked(call, masked, as_json=as_json)
        return
    written = sys.stdin.read() if text == "-" else text
    loaded = engines.settings(find_config(config)) if data is None else None
    blamed = {(one.detector, one.entity) for one in masked}
    found = {(one.detector, one.entity) for one in Masker(engines.load(loaded)).mask(written).findings}
    (spans,) = _analyzed(loaded, {detector for detector, _ in blamed}, [written])
    found |= {(span.detector, span.entity) for span in spans}
    reports = tuple(Report(call, detector, entity, written) for detector, entity in sorted(found & blamed))
    if not reports:
        raise Failure("none of the detectors that masked something in this call finds anything in that text")
    try:
        add_reports(store, reports)
    except (OSError, ValueError) as error:
        raise Failure(f"the report can't be kept: {error}") from None
    for each in reports:
        if as_json:
            print_json({"id": f"{each.call}:{each.detector}", **msgspec.to_builtins(each)})
        else:
            say(f"kept: {each.detector} must find nothing in it; `narrows detectors test -c …` says whether it does")


def _analyzed(loaded: Loaded | None, names: Collection[str], texts: Sequence[str]) -> list[tuple[Span, ...]]:
    """What the configured analyzers with these names find in texts. Raises Failure."""
    own = engines.own(loaded).analyzers
    try:
        return find_once([row for row in own if row.name in names], texts)
    except ConfigError as error:
        raise Failure(str(error if loaded is None else loaded.locate(error.problems)), USAGE) from None
    except PluginFailed as failed:
        raise Failure(f"the text can't be analyzed: the plug-in {failed}") from None


def _reported(loaded: Loaded, wanted: Collection[str]) -> list[Report]:
    """What was reported of analyzers that are configured."""
    names = {row.name for row in loaded.config.detectors.analyzers}
    reports = _reports(Path(loaded.config.store))
    return [report for report in reports if report.detector in names and report.entity in wanted]


def _broken_reports(loaded: Loaded | None, reported: Sequence[Report]) -> Iterator[Broken]:
    """The texts in which analyzers still find what they should not."""
    if not reported:
        return
    found = _analyzed(loaded, {each.detector for each in reported}, [each.text for each in reported])
    for each, spans in zip(reported, found, strict=True):
        if any((span.detector, span.entity) == (each.detector, each.entity) for span in spans):
            yield Broken(each.detector, each.entity, each.text, expected=False)


def _reports(store: Path) -> tuple[Report, ...]:
    try:
        return read_reports(store)
    except (OSError, ValueError) as error:
        raise Failure(f"the reported false positives can't be read: {error}", USAGE) from None


def _print_masked(call: str, masked: Sequence[MaskEntry], *, as_json: bool) -> None:
    listed = [{"id": f"{call}:{number}", **msgspec.to_builtins(one)} for number, one in enumerate(masked)]
    if as_json:
        for row in listed:
            print_json(row)
        return
    columns = ("path", "entity", "detector", "count")
    print_table(columns, [[row[column] for column in columns] for row in listed])


def _masked(store: Path, call: str) -> tuple[MaskEntry, ...]:
    try:
        record = Archive(store).call(call)
    except UNUSABLE as error:
        raise Failure(str(error), USAGE) from None
    if record is None:
        raise Failure(f"there is no call {call} in {store}", FAILED)
    if not record.call.masked:
        raise Failure(f"nothing was masked in call {call}", FAILED)
    return record.call.masked


def with_reports(detectors: Sequence[Detector], store: Path) -> tuple[Detector, ...]:
    """The rows with what was reported of them among their counterexamples. Raises Failure."""
    texts: dict[str, list[str]] = {}
    for each in _reports(store):
        texts.setdefault(each.detector, []).append(each.text)
    return tuple(
        dataclasses.replace(row, counterexamples=(*row.counterexamples, *texts.get(row.name, ()))) for row in detectors
    )


def _wanted(catalogue: Catalogue, entity: str | None, group: str | None) -> frozenset[str]:
    names, wanted = catalogue.names, catalogue.names.entities
    if group is not None:
        if group not in names.groups:
            raise Failure(f"there is no group '{group}'; there are {', '.join(sorted(names.groups))}", USAGE)
        wanted &= names.groups[group]
    if entity is not None:
        resolved = names.resolve(entity)
        if not resolved:
            raise Failure(f"there is no entity '{entity}'; {names.hint(entity)}", USAGE)
        wanted &= resolved
    return wanted


def _listed(catalogue: Catalogue) -> Iterator[dict[str, Any]]:
    """A row for each detector and word list, one's own first."""
    own = {row.name for row in catalogue.own.patterns}
    for row in catalogue.rows:
        yield {
            "id": row.name,
            "entity": row.entity,
            "groups": catalogue.groups(row.entity),
            "source": "configuration" if row.name in own else "shipped",
            "score": row.score,
            "keyword_score": row.keyword_score if row.keywords else None,
            "validator": None if row.validate is None else row.validate.__name__,
        }
    for words in catalogue.own.words:
        yield {
            "id": words.name,
            "entity": words.entity,
            "groups": catalogue.groups(words.entity),
            "source": "configuration",
            "score": words.score,
            "keyword_score": None,
            "validator": None,
        }

    for analyzer in catalogue.own.analyzers:
        for entity in analyzer.entities:
            yield {
                "id": analyzer.name,
                "entity": entity,
                "groups": catalogue.groups(entity),
                "source": f"plug-in {analyzer.plugin}",
                "score": None,
                "keyword_score": None,
                "validator": None,
            }


def _score(row: Mapping[str, Any]) -> str:
    """`0.85, with a keyword 0.99`."""
    alone, with_keyword = row["score"], row["keyword_score"]
    if alone is None:
        return "its own"
    if with_keyword is None or with_keyword == alone:
        return f"{alone:.2f}"
    return f"only with a keyword {with_keyword:.2f}" if not alone else f"{alone:.2f}, with a keyword {with_keyword:.2f}"


def _details(row: Detector) -> dict[str, Any]:
    return {
        "pattern": row.pattern,
        "lead": row.lead,
        "body": row.body,
        "not_before": row.not_before,
        "not_after": row.not_after,
        "ignore_case": row.ignore_case,
        "min_entropy": row.min_entropy,
        "stop_words": list(row.stop_words),
        "keywords": list(row.keywords),
        "before": row.left if row.keywords else 0,
        "after": row.right,
        "examples": list(row.examples),
        "counterexamples": list(row.counterexamples),
    }


def _lines(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "score", _score(row)
    for label in ("validator", "lead", "pattern", "body", "not_before", "not_after"):
        if row.get(label):
            yield label, row[label]
    if row.get("min_entropy"):
        yield "entropy", f"at least {row['min_entropy']} bits a character"
    for label in ("keywords", "stop_words"):
        if row.get(label):
            yield label, ", ".join(row[label])
    for label, texts in (("finds", row.get("examples", ())), ("passes over", row.get("counterexamples", ()))):
        for text in texts:
            yield label, harmless(text)
