"""`narrows packs`: the shipped rules that policies may name under `packs`: what each is for, and what it misses."""

from collections.abc import Iterator
from typing import Annotated

import typer

from narrows.cli.failure import USAGE, Failure
from narrows.cli.terminal import Row, print_json, print_table, say
from narrows.config.scalars import nearest
from narrows.policy.packs.rule import Pack, PackRule
from narrows.policy.packs.shipped import PACKS, label, named

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="List and show the shipped rules on prompts and replies.",
)


@app.command("list")
def list_packs(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a rule.")] = False,
) -> None:
    """List the packs and their rules.

    Policies name them under `packs`: a pack, `pack/rule`, or a glob.

    [bold]Example[/bold]

      narrows packs list
    """
    rows = [(pack, rule) for pack in PACKS for rule in pack.rules]
    if as_json:
        for pack, rule in rows:
            print_json(_row(pack, rule))
        return
    print_table(
        ("rule", "in", "of", "what it looks for"),
        [(label(pack, rule), rule.side.value, _whose(rule), pack.summary) for pack, rule in rows],
    )


@app.command("show")
def show_pack(
    name: Annotated[str, typer.Argument(metavar="PACK", help="The pack.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a rule.")] = False,
) -> None:
    """Show what the rules of a pack are for, what they miss, and what else they match.

    [bold]Example[/bold]

      narrows packs show override-phrases
    """
    pack = named(name)
    if pack is None:
        names = [each.name for each in PACKS]
        raise Failure(f"there is no pack '{name}'; {nearest(name, names) or 'there are ' + ', '.join(names)}", USAGE)
    if as_json:
        for rule in pack.rules:
            print_json(_row(pack, rule))
        return
    say("\n".join(_lines(pack)))


def _lines(pack: Pack) -> Iterator[str]:
    yield f"{pack.name}, version {pack.version}: {pack.summary}"
    for rule in pack.rules:
        yield ""
        yield f"{label(pack, rule)}, in a {rule.side.value} ({_whose(rule)})"
        yield f"  For:     {rule.purpose}"
        yield f"  Misses:  {rule.misses}"
        yield f"  Matches, too:  {rule.also_matches}"


def _row(pack: Pack, rule: PackRule) -> Row:
    return {
        "id": label(pack, rule),
        "pack": pack.name,
        "rule": rule.id,
        "version": rule.version,
        "side": rule.side.value,
        "roles": sorted(rule.roles),
        "purpose": rule.purpose,
        "misses": rule.misses,
        "also_matches": rule.also_matches,
        "patterns": list(rule.patterns),
    }


def _whose(rule: PackRule) -> str:
    return ", ".join(sorted(rule.roles)) or "the model"
