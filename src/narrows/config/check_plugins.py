"""The cross-checks of plug-ins: that each is one thing, that what it is asked through exists, and that every label that
a rule names is one that a classifier gives."""

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Final

from narrows.config.forms import url
from narrows.config.globs import Glob
from narrows.config.plugins import AnalyzerSettings, ClassifierSettings, ControlSettings, Through, Webhook
from narrows.config.problem import Problem
from narrows.config.scalars import nearest
from narrows.config.schema import Config

KEY_PREFIX: Final = "whsec_"
LEAST_KEY: Final = 24
MOST_KEY: Final = 64
"""Bytes of a webhook's key, as Standard Webhooks has them."""

_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_WAYS: Final = ("plugin", "webhook", "moderation", "judge")
_OWN: Final = ("options", "environment", "processes")
"""Settings of plug-ins that run in processes."""

Row = AnalyzerSettings | ClassifierSettings | ControlSettings


def webhook_key(secret: str) -> bytes | None:
    """The key that a webhook's secret stands for; None if it is none."""
    if not secret.startswith(KEY_PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(KEY_PREFIX), validate=True)
    except binascii.Error:
        return None
    return key if LEAST_KEY <= len(key) <= MOST_KEY else None


class PluginChecks:
    """One run over a configuration; `problems` are filled on the way."""

    def __init__(self, config: Config) -> None:
        self.problems: list[Problem] = []
        self._config = config

    def run(self) -> None:
        """Checks every plug-in, and the labels of every rule."""
        config = self._config
        for index, analyzer in enumerate(config.detectors.analyzers):
            self._way(f"detectors.analyzers[{index}]", analyzer)
        sections: list[tuple[str, Sequence[ClassifierSettings | ControlSettings]]] = [
            ("classifiers", config.classifiers),
            ("controls", config.controls),
        ]
        for section, rows in sections:
            names: set[str] = set()
            for index, row in enumerate(rows):
                key = f"{section}[{index}]"
                if row.name in names:
                    self._problem(f"{key}.name", f"another one is already called {row.name}")
                names.add(row.name)
                self._way(key, row)
        for index, classifier in enumerate(config.classifiers):
            self._classifier(f"classifiers[{index}]", classifier)
        self._labels()

    def _way(self, key: str, row: Row) -> None:
        """Exactly one way to ask it."""
        ways = [way for way in _WAYS if way in row.__struct_fields__]
        given = [way for way in ways if getattr(row, way) is not None]
        if len(given) != 1:
            said = f"gives {' and '.join(f'`{way}`' for way in given)}" if given else "says nothing of how it is asked"
            self._problem(key, said, f"give one of {', '.join(f'`{way}`' for way in ways)}")
            return
        if row.webhook is not None:
            self._webhook(f"{key}.webhook", row.webhook)
        if given != ["plugin"]:
            for field in _OWN:
                if field in row.__struct_fields__ and getattr(row, field) not in ({}, (), 1):
                    self._problem(f"{key}.{field}", f"is for plug-ins, and this is asked by `{given[0]}`", "remove it")

    def _webhook(self, key: str, hook: Webhook) -> None:
        wrong = url(hook.url)
        if wrong is not None:
            self._problem(f"{key}.url", wrong)
        elif hook.url.startswith("http://") and not is_here(hook.url):
            self._problem(f"{key}.url", "is plain http, and what is sent are prompts", "use https")
        if webhook_key(hook.secret.reveal()) is None:
            hint = "make one with: echo whsec_$(openssl rand -base64 32)"
            self._problem(f"{key}.secret", f"is not `whsec_` and {LEAST_KEY} to {MOST_KEY} bytes in base64", hint)

    def _classifier(self, key: str, row: ClassifierSettings) -> None:
        for index, label in enumerate(row.labels):
            here = f"{key}.labels[{index}]"
            if not label.strip() or label != label.strip() or not label.isprintable() or "*" in label:
                self._problem(here, "is no label: printable, without `*` and white space around it")
            elif label in row.labels[:index]:
                self._problem(here, f"`{label}` stands here twice")
        for way in ("moderation", "judge"):
            through: Through | None = getattr(row, way)
            if through is not None:
                self._through(f"{key}.{way}", through)
        if row.judge is not None and row.judge.prompt is not None and "{labels}" not in row.judge.prompt:
            self._problem(f"{key}.judge.prompt", "does not say where the labels stand", "write `{labels}` into it")

    def _through(self, key: str, through: Through) -> None:
        connections = self._config.connections
        connection = connections.get(through.connection)
        if connection is None:
            hint = nearest(through.connection, connections) or f"there are: {', '.join(connections)}"
            self._problem(f"{key}.connection", f"there is no connection `{through.connection}`", hint)
        elif connection.dialect != "openai":
            self._problem(f"{key}.connection", f"speaks {connection.dialect}, and this is asked in `openai`")

    def _labels(self) -> None:
        """A rule that names a label that nothing gives would never match."""
        given = [label for row in self._config.classifiers for label in row.labels]
        for key, labels in self._named():
            for index, label in enumerate(labels):
                if not any(Glob(label).matches(known) for known in given):
                    hint = nearest(label, given) or (f"there are: {', '.join(given)}" if given else "configure one")
                    self._problem(f"{key}[{index}]", f"no classifier gives a label `{label}`", hint)

    def _named(self) -> Iterator[tuple[str, Sequence[str]]]:
        for number, policy in enumerate(self._config.policies):
            for section in ("prompts", "responses"):
                for index, entry in enumerate(getattr(policy, section)):
                    for action in entry.__struct_fields__:
                        match = getattr(entry, action)
                        if match is not None and match.labels is not None:
                            yield f"policies[{number}].{section}[{index}].{action}.labels", match.labels

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))


def is_here(address: str) -> bool:
    """Whether a URL of plain HTTP names this machine."""
    host = address.removeprefix("http://").partition("/")[0]
    return host in _LOOPBACK or host.rpartition(":")[0] in _LOOPBACK
