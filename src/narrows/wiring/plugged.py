"""Makes the controls that plug-ins are behind: the one that classifies, and those of the operator's own."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from narrows.config.plugins import ControlSettings
from narrows.config.problem import ConfigError, Problem
from narrows.config.scalars import nearest
from narrows.config.schema import Config
from narrows.engine.inner import GateCalls
from narrows.model.plan import ReplyRule, Rule
from narrows.policy.policyset import PolicySet
from narrows.ports.classifier import Classification
from narrows.ports.control import Control
from narrows.ports.own_control import ENTRY_POINTS, Configured

if TYPE_CHECKING:
    from narrows.controls.classify import Classify
    from narrows.controls.classify_replies import ClassifyReplies
    from narrows.plugins.webhook import Service
    from narrows.wiring.classifiers import Classifiers


class Own(msgspec.Struct, frozen=True):
    """What a configuration adds to the path of a call. `classify`: None where no rule on prompts names a label,
    `classify_replies`: where none on replies does."""

    classify: "Classify | None" = None
    controls: tuple[Control, ...] = ()
    classify_replies: "ClassifyReplies | None" = None


NO_OWN: Final = Own()


class PluggedControls:
    """One configuration's after the other's. What plug-ins need is imported when one is first configured; what is
    configured alike is kept. `calls` is bound to the gateway when there is one."""

    def __init__(self) -> None:
        self.calls = GateCalls()
        self._classifiers: Classifiers | None = None
        self._made: list[tuple[ControlSettings, Control, Service | None]] = []
        self._latest: Sequence[ControlSettings] = ()

    async def build(self, config: Config, policies: PolicySet) -> Own:
        """Raises ConfigError where a plug-in can't be used; what was made before goes on."""
        controls = await self._controls(config.controls) if config.controls else ()
        classify, replies = await self._classify(config, policies)
        return Own(classify, controls, replies)

    async def _classify(self, config: Config, policies: PolicySet) -> "tuple[Classify | None, ClassifyReplies | None]":
        rules = labelling(config, policies)
        if not rules:
            return None, None
        from narrows.wiring.classifiers import Classifiers  # noqa: PLC0415 - see the class

        if self._classifiers is None:
            self._classifiers = Classifiers(self.calls)
        return classifying(await self._classifiers.pools(config.classifiers, rules), rules)

    async def _controls(self, rows: Sequence[ControlSettings]) -> tuple[Control, ...]:
        controls: list[Control] = []
        fresh: list[tuple[ControlSettings, Control, Service | None]] = []
        problems: list[Problem] = []
        for index, row in enumerate(rows):
            known = next((made for made in self._made if made[0] == row), None)
            if known is None:
                try:
                    known = (row, *await asyncio.to_thread(_make, row))
                except ConfigError as error:
                    place = f"controls[{index}]"
                    problems += [
                        msgspec.structs.replace(problem, key=f"{place}{problem.key}") for problem in error.problems
                    ]
                    continue
                fresh.append(known)
            controls.append(known[1])
        if problems:
            for _, _, service in fresh:
                if service is not None:
                    service.close()
            raise ConfigError(problems)
        self._made += fresh
        self._latest = rows
        return tuple(controls)

    def settle(self, config: Config) -> None:
        """What was built last is in force: what it does not use stops when the last call has left it."""
        if self._classifiers is not None:
            self._classifiers.settle()
        for made in self._made[:]:
            if made[0] not in config.controls:
                self._made.remove(made)
                if made[2] is not None:
                    made[2].retire()

    async def close(self) -> None:
        """Ends the plug-ins."""
        if self._classifiers is not None:
            await self._classifiers.close()
        for _, _, service in self._made:
            if service is not None:
                service.close()
        self._made.clear()


def labelling(config: Config, policies: PolicySet) -> tuple[Rule | ReplyRule, ...]:
    """The rules that ask classifiers."""
    if not config.classifiers:
        return ()
    prompts = [rule for rule in policies.rules if rule.labels]
    return (*prompts, *(rule for rule in policies.replies if rule.labels))


def classifying(
    pools: Sequence[Classification], rules: Sequence[Rule | ReplyRule]
) -> "tuple[Classify | None, ClassifyReplies | None]":
    """The controls that ask classifiers about prompts and about replies; None where no rule asks."""
    classify, replies = None, None
    if any(isinstance(rule, Rule) for rule in rules):
        from narrows.controls.classify import Classify  # noqa: PLC0415 - see PluggedControls

        classify = Classify(pools)
    if any(isinstance(rule, ReplyRule) for rule in rules):
        from narrows.controls.classify_replies import ClassifyReplies  # noqa: PLC0415

        replies = ClassifyReplies(pools)
    return classify, replies


def _make(row: ControlSettings) -> "tuple[Control, Service | None]":
    """A control as it is configured; runs in a thread, since a plug-in may take long to import. Raises ConfigError,
    whose keys are below the row's."""
    from narrows.plugins.own_control import OwnControl  # noqa: PLC0415 - see the class

    control, service = _behind(row)
    return OwnControl(row.name, control, observe=row.mode == "observe", timeout=row.timeout), service


def _behind(row: ControlSettings) -> "tuple[Control, Service | None]":
    from narrows.plugins.process import PluginUnusable  # noqa: PLC0415 - as above
    from narrows.plugins.webhook_control import WebhookControl  # noqa: PLC0415
    from narrows.plugins.worker import installed  # noqa: PLC0415
    from narrows.wiring.webhooks import service  # noqa: PLC0415

    if row.webhook is not None:
        try:
            asked = service(row.webhook, row.timeout, row.webhook.concurrency)
        except PluginUnusable as error:
            raise ConfigError([Problem(".webhook", f"the webhook can't be used: {error}")]) from None
        return WebhookControl(row.name, asked, row.timeout), asked
    known = installed(ENTRY_POINTS)
    point = known.get(row.plugin or "")
    if point is None:
        hint = nearest(row.plugin or "", known) or f"installed: {', '.join(sorted(known)) or 'none'}"
        raise ConfigError([Problem(".plugin", f"no installed package offers a control called {row.plugin}", hint)])
    try:
        return point.load()(Configured(row.name, row.options)), None
    except Exception as failure:  # noqa: BLE001 - the boundary of a plug-in; nothing was asked of it yet, so it is told
        message = f"the plug-in can't be used: {type(failure).__name__}: {failure}"
        raise ConfigError([Problem(".plugin", message)]) from None


def try_out(config: Config, policies: PolicySet) -> None:
    """Makes what a gate would make of plug-ins, and ends it. Raises ConfigError with what can't be used."""

    async def make() -> None:
        plugged = PluggedControls()
        try:
            await plugged.build(config, policies)
        finally:
            await plugged.close()

    if config.classifiers or config.controls:
        asyncio.run(make())
