"""What a command may fail with: one message on standard error and an exit code, never a traceback."""

from typing import Final

FAILED: Final = 1
"""Something is wrong that the command was asked to find or do."""
USAGE: Final = 2
"""The command can't begin: a wrong option, a missing file or store."""


class Failure(Exception):
    """An expected problem. `message` is for the person at the terminal: what is wrong and the way out."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
