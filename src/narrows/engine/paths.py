"""Which controls a call has to pass, by its plan: those that have nothing to do under a plan cost its calls nothing.

It decides nothing: a control that can't say what it does under a plan is asked in every call.
"""

import logging
from collections.abc import Sequence
from typing import Final

from narrows.model.plan import Plan
from narrows.policy.recent import Recent
from narrows.ports.control import Control, Fitting, Guardless, Wordless

_log = logging.getLogger("narrows.engine")

PLANS: Final = 512
"""Plans whose paths are kept."""


class Path:
    """The controls of the calls under one plan. `steps` are they in the order of the request, each with its place in
    it, and what to ask where it needs no guard; `reply` are these places in the order of the reply. `words`: one of
    them may look at what a reply says of itself."""

    __slots__ = ("plan", "reply", "steps", "whole", "words")

    def __init__(
        self, plan: Plan, whole: Sequence[Control], controls: tuple[Control, ...], reply: tuple[int, ...]
    ) -> None:
        """`whole`: the controls of the snapshot, of which these are made."""
        self.plan = plan
        self.whole = whole
        self.steps = tuple(
            (place, control, control.on_request if isinstance(control, Guardless) else None)
            for place, control in enumerate(controls)
        )
        self.reply = reply
        self.words = not all(isinstance(controls[place], Wordless) for place in reply)


class Paths:
    """The paths of the plans of one snapshot."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: Recent[int, Path] = Recent(PLANS)

    def of(self, plan: Plan, controls: Sequence[Control], reply_controls: Sequence[Control]) -> Path:
        """The path of calls under a plan, through these controls."""
        known = self._known.get(id(plan))
        if known is None or known.plan is not plan or known.whole is not controls:
            known = _path(plan, controls, reply_controls)
            if plan.refusal is None:
                # What refuses every call is made anew for each of them, and would push out the others.
                self._known.put(id(plan), known)
        return known


def _path(plan: Plan, controls: Sequence[Control], reply_controls: Sequence[Control]) -> Path:
    fitted: list[Control] = []
    places: dict[int, int] = {}
    for control in controls:
        fitting = _under(control, plan)
        if fitting is not None:
            if not isinstance(fitting, Guardless):
                places[id(control)] = len(fitted)
            fitted.append(fitting)
    reply = tuple(places[id(control)] for control in reply_controls if id(control) in places)
    return Path(plan, controls, tuple(fitted), reply)


def _under(control: Control, plan: Plan) -> Control | None:
    if not isinstance(control, Fitting):
        return control
    try:
        return control.under(plan)
    except Exception as failure:  # noqa: BLE001 - the boundary of a control: it is asked in each call, and refuses there
        _log.error("control %s can't be fitted: %s", control.name, type(failure).__qualname__)
        return control
