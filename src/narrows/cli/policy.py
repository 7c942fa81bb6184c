"""`narrows policy`: what the policies of a configuration decide, explained for one caller or tested by cases."""

import secrets
import typing
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from narrows.cli.configuration import ConfigOption, checked
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.team_policies import list_policies, remove_policy, show_policy, with_teams
from narrows.cli.terminal import complain, harmless, print_json, print_table, say
from narrows.config.problem import ConfigError
from narrows.config.scalars import nearest
from narrows.config.who import CredentialKind
from narrows.dialects.registry import build_dialect
from narrows.inspection.novelty import Sessions
from narrows.model.plan import Transform
from narrows.model.principal import Principal
from narrows.policy.case_runs import Masked, Result, Steps, run_cases
from narrows.policy.cases import Placed, read_cases, say_masks, say_replies
from narrows.policy.explain import explain, render
from narrows.policy.inspect import RuleInspector
from narrows.policy.personas import PersonaError, persona
from narrows.policy.probing import ProbingRules
from narrows.policy.tokens import EstimatingCounter
from narrows.ports.plugin import PluginFailed
from narrows.wiring.configuration import Checked
from narrows.wiring.order import controls
from narrows.wiring.plugged import NO_OWN, Own
from narrows.wiring.probing import Tried, probing_controls
from narrows.wiring.readings import TextReadings

if TYPE_CHECKING:
    from narrows.controls.analyze import Analyze
    from narrows.controls.mask import Mask
    from narrows.policy.inspect import Sights

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Ask what the policies decide, test them, and list those of teams.",
)
app.command("list")(list_policies)
app.command("show")(show_policy)
app.command("remove")(remove_policy)
_KINDS: Final = typing.get_args(CredentialKind)


@app.command("explain")
def explain_call(
    connection: Annotated[str, typer.Option(help="The connection that is called.")],
    operation: Annotated[str, typer.Option(help="chat, responses, embeddings, models, …")] = "chat",
    model: Annotated[str | None, typer.Option(help="The model, as the caller names it.")] = None,
    user: Annotated[str | None, typer.Option(help="The user's subject.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group the user is in; may be repeated.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A claim of the user; may be repeated.")
    ] = None,
    service_account: Annotated[str | None, typer.Option(metavar="NAME", help="A service account, not a user.")] = None,
    credential: Annotated[
        str | None,
        typer.Option(help=f"What is presented: {', '.join(_KINDS)}; by default oidc, or service_account."),
    ] = None,
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say why a caller's call would be allowed or refused, policy by policy.

    Exits 0 if it would be allowed, else 1. With several issuers, write
    issuer:name.

    [bold]Example[/bold]

      narrows policy explain --user alice --group research --connection openai --model gpt-4o-mini --operation chat
    """
    result = checked(config)
    who = _principal(result, user, group or (), attribute or (), service_account)
    _known(result, connection, operation)
    if credential is not None and credential not in _KINDS:
        raise Failure(f"--credential: '{credential}' is none of {', '.join(_KINDS)}", USAGE)
    config_of, policies = with_teams(result)
    probing = ProbingRules(config_of.policies, policies)
    said = explain(policies, who, connection, operation, model, probing, credential)
    if as_json:
        print_json({"id": said.principal, **msgspec.to_builtins(said)})
    else:
        say(harmless(render(said)))
    if not said.allowed:
        raise typer.Exit(FAILED)


@app.command("test")
def run_case_file(
    cases: Annotated[Path, typer.Argument(metavar="CASES.YAML", help="The cases.")],
    config: ConfigOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a case.")] = False,
) -> None:
    """Run must-allow and must-deny cases against the policies.

    Nothing is sent anywhere.

    Exits 0 only if every case has the outcome it expects. With `masks:` a case
    says which entities are masked in its prompt, with `flags:` which rules flag
    it, with `reply:` what the model says and with `receives:` what the caller
    gets of that; `turns:` are calls of one conversation. A file of cases:

      cases:
        - name: research may chat
          as: {user: alice, groups: \\[research]}
          connection: openai
          model: gpt-4o-mini
          prompt: Hello!
          expect: allow
        - as: {user: bob, groups: \\[support]}
          connection: openai
          model: o3
          expect: {deny: model_not_allowed}

    [bold]Example[/bold]

      narrows policy test cases.yaml -c narrows.yaml
    """
    result = checked(config)
    try:
        placed = read_cases(cases.read_bytes(), str(cases), result.policies)
    except OSError as error:
        raise Failure(f"{cases}: the file can't be read: {error.strerror}", USAGE) from None
    except ConfigError as error:
        raise Failure(f"the cases can't be used:\n{error}", USAGE) from None
    masked, mask = _masking(result) if _needs_masking(result, placed) else (None, None)
    inspector = RuleInspector(TextReadings(), _sights(result))

    defaults = {name: settings.output_default for name, settings in result.loaded.config.connections.items()}

    with ExitStack() as stack:
        analyze, own = _plugins(result, stack)

        def steps() -> Steps:
            probing = probing_controls(result.loaded.config, result.policies, Tried())
            sessions = Sessions(secrets.token_bytes(32))
            return controls(inspector, sessions, mask, analyze, probing=probing, own=own, output_defaults=defaults)

        try:
            results = run_cases(placed, result.policies, steps, EstimatingCounter(), masked)
        except PluginFailed as failed:
            raise Failure(f"the cases can't be run: a plug-in {failed}") from None
    _show(cases, results, as_json=as_json)
    if not all(result.passed for result in results):
        raise typer.Exit(FAILED)


def _plugins(result: Checked, stack: ExitStack) -> "tuple[Analyze | None, Own]":
    """The controls that ask plug-ins, which run as long as `stack` lasts. Raises Failure."""
    analyzers = result.config.detectors.analyzers
    if not analyzers and not result.config.classifiers:
        return None, NO_OWN
    from narrows.cli import engine  # noqa: PLC0415
    from narrows.wiring.aside import Aside  # noqa: PLC0415

    aside = stack.enter_context(Aside(result.config, result.policies))
    try:
        analyze = aside.analyze(engine.load(result.loaded)) if analyzers else None
        return analyze, aside.own()
    except ConfigError as error:
        raise Failure(str(result.loaded.locate(error.problems)), USAGE) from None


def _sights(result: Checked) -> "Sights | None":
    """What finds the entities that prompt rules name; None where none names any."""
    if not any(rule.entities for rule in result.policies.rules):
        return None
    from narrows.cli import engine  # noqa: PLC0415
    from narrows.wiring.masking import sights  # noqa: PLC0415

    return sights(engine.load(result.loaded))


def _needs_masking(result: Checked, placed: Sequence[Placed]) -> bool:
    """Whether masking can refuse one of the calls, or change what the cases speak of."""
    blocks = any(mask.transform is Transform.BLOCK for mask in result.policies.masks)
    watches = result.policies.masks or any(policy.responses for policy in result.loaded.config.policies)
    return blocks or say_masks(placed) or (bool(watches) and say_replies(placed))


def _masking(result: Checked) -> "tuple[Masked, Mask]":
    """Says what is masked, and masks. What that takes is imported only where it is needed."""
    from narrows.cli import engine  # noqa: PLC0415
    from narrows.controls.mask import Mask  # noqa: PLC0415
    from narrows.wiring.masking import masked_entities  # noqa: PLC0415

    loaded = engine.load(result.loaded)
    return masked_entities(loaded), Mask(loaded, secrets.token_bytes(32), result.policies.masks)


def _show(cases: Path, results: Sequence[Result], *, as_json: bool) -> None:
    if as_json:
        for result in results:
            print_json({"id": f"{cases}:{result.line}", **msgspec.to_builtins(result)})
        return
    rows = [("ok" if each.passed else "FAILED", each.name, each.expected, each.got) for each in results]
    print_table(("", "case", "expected", "got"), rows)
    failed = [each for each in results if not each.passed]
    for each in failed:
        complain(f"{cases}:{each.line}: {each.name}: expected {each.expected}, got {each.got}")
    say(f"{len(results) - len(failed)} of {len(results)} cases are as expected")


def _principal(
    result: Checked, user: str | None, groups: Sequence[str], attributes: Sequence[str], service_account: str | None
) -> Principal:
    if user is None and not groups and not attributes and service_account is None:
        raise Failure("say who asks: --user, --group, --attribute or --service-account", USAGE)
    try:
        return persona(
            result.policies.issuers,
            user=user,
            groups=groups,
            attributes=_pairs(attributes),
            service_account=service_account,
        )
    except PersonaError as error:
        raise Failure(str(error), USAGE) from None


def _pairs(attributes: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    pairs: dict[str, tuple[str, ...]] = {}
    for text in attributes:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise Failure(f"--attribute: '{text}' is not NAME=VALUE", USAGE)
        pairs[name] = (*pairs.get(name, ()), value)
    return pairs


def _known(result: Checked, connection: str, operation: str) -> None:
    """Names that do not exist would be explained as a refusal, which misleads."""
    settings = result.loaded.config.connections.get(connection)
    if settings is None:
        raise Failure(_unknown("connection", connection, list(result.loaded.config.connections)), USAGE)
    operations = sorted(build_dialect(settings).operations)
    if operation not in operations:
        raise Failure(_unknown("operation", operation, operations), USAGE)


def _unknown(kind: str, name: str, known: Sequence[str]) -> str:
    hint = nearest(name, known)
    return f"there is no {kind} '{name}'" + (f"; {hint}" if hint else f"; there are {', '.join(known)}")
