"""Builds the controls for `probing` and for shipped rules on replies; owns what identities have tried and sent."""

from typing import Final, NamedTuple

from narrows.config.schema import Config
from narrows.controls.echo import EchoWatch
from narrows.controls.enumeration import Enumeration
from narrows.controls.floods import Floods, Sketch
from narrows.controls.reply_packs import ReplyPacks
from narrows.inspection.enumeration import Distinct, PerIdentity
from narrows.inspection.similarity import Window
from narrows.policy.policyset import PolicySet
from narrows.policy.probing import ProbingRules
from narrows.ports.control import Control

GATE_ONLY: Final = frozenset({Enumeration.name, Floods.name})
"""Controls that need what identities did before, and no texts: large calls are judged apart without them, and by them
in the gate."""


class Tried:
    """What identities have tried and sent. It lives as long as the gate, whatever becomes of the configuration."""

    def __init__(self) -> None:
        self.names: Final = PerIdentity[str, Distinct](Distinct)
        self.prompts: Final = PerIdentity[str, Window](Window)


class ProbingControls(NamedTuple):
    """The controls that the policies ask for, each at most once, by where they stand."""

    enumeration: tuple[Enumeration, ...] = ()
    floods: tuple[Control, ...] = ()
    replies: tuple[Control, ...] = ()


NO_PROBING: Final = ProbingControls()


def probing_controls(config: Config, policies: PolicySet, tried: Tried | None) -> ProbingControls:
    """The controls of a snapshot. `tried` None: of one that judges large calls, which knows of nothing before."""
    rules = ProbingRules(config.policies, policies)
    said = rules.everything
    floods: tuple[Control, ...] = (Sketch(rules),) if said.floods else ()
    if said.floods and tried is not None:
        floods += (Floods(rules, tried.prompts),)
    replies: tuple[Control, ...] = (EchoWatch(rules),) if said.echoes else ()
    if said.phrases:
        replies += (ReplyPacks(rules),)
    return ProbingControls(
        (Enumeration(rules, tried.names),) if said.names and tried is not None else (), floods, replies
    )
