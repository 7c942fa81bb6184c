"""`${env:NAME}` and `${file:/path}` in texts of the configuration. What they stand for never gets into a message."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from narrows.config.scalars import Wrong

LARGEST: Final = 64 * 1024
"""Bytes of a referenced file."""

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class References:
    """Resolves references against the environment and the file system. Relative paths start at `base`.

    `resolved` remembers what was put in, so that the reader can keep it out of messages.
    """

    def __init__(self, environ: Mapping[str, str], base: Path) -> None:
        self._environ = environ
        self._base = base
        self.resolved: dict[str, str] = {}

    def expand(self, text: str) -> str:
        """The text with every reference replaced; `$${` stands for a plain `${`. Raises Wrong."""
        return _REFERENCE.sub(self._replace, text) if "${" in text else text

    def _replace(self, match: re.Match[str]) -> str:
        whole = match.group(0)
        if whole == "$${":
            return "${"
        kind, colon, target = (match.group(1) or "").partition(":")
        if not whole.endswith("}") or not colon or kind not in ("env", "file") or not target:
            raise Wrong("there is an unknown `${…}`", "write `${env:NAME}`, `${file:/path}`, or `$${` for a plain `${`")
        value = self._variable(target) if kind == "env" else self._file(target)
        if value:
            self.resolved[value] = whole
        return value

    def _variable(self, name: str) -> str:
        if not _NAME.match(name):
            raise Wrong(f"`{name}` can't be the name of an environment variable", "write `${env:NAME}`")
        value = self._environ.get(name)
        if value is None:
            raise Wrong(f"the environment variable {name} is not set")
        return value

    def _file(self, name: str) -> str:
        try:
            with (self._base / name).open("rb") as file:
                data = file.read(LARGEST + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a usable path"
            raise Wrong(f"the file {name} can't be read: {reason}") from None
        if len(data) > LARGEST:
            raise Wrong(f"the file {name} is larger than {LARGEST // 1024} KB")
        try:
            return data.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise Wrong(f"the file {name} is not UTF-8 text") from None
