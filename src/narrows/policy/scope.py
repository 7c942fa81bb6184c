"""What a credential is good for at most: whether a call is within its scope, and which models a list may show.

A scope takes away and never gives: what it covers, policies must permit, too. Models are named as callers name them,
as in policies: an alias by its own name.
"""

from narrows.model.principal import Scope
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.policy.globs import GlobSet


class Reach:
    """One scope, ready to be asked."""

    __slots__ = ("_connections", "_models", "_operations", "_scope")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._connections = GlobSet(scope.connections)
        self._models = GlobSet(scope.models)
        self._operations = GlobSet(scope.operations)

    def exceeded(self, connection: str, operation: str, model: str | None) -> Deny | None:
        """The refusal of a call that is not within it."""
        scope = self._scope
        if not self._connections.covers(connection):
            return _refusal("connection", connection, scope.connections)
        if not self._operations.covers(operation):
            return _refusal("operation", operation, scope.operations)
        if model is not None and not self._models.covers(model):
            return _refusal("model", model, scope.models, param="$.model")
        return None

    def shows(self, model: str) -> bool:
        """Whether a list of models may show this one."""
        return self._models.covers(model)


def _refusal(what: str, asked: str, granted: tuple[str, ...], param: str | None = None) -> Deny:
    shown = asked if len(asked) <= 100 else f"{asked[:100]}…"
    names = ", ".join(granted) or "none"
    return Deny(
        Code.SCOPE_EXCEEDED,
        f"The credential was not issued for the {what} {shown!r}, but for: {names}.",
        param=param,
    )
