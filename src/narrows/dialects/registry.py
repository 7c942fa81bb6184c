"""Every dialect, named once: which operations there are, and the dialect of a configured connection."""

from typing import Final, assert_never

from narrows.config.schema import Connection
from narrows.dialects.anthropic import dialect as anthropic
from narrows.dialects.json_any.dialect import JsonAny
from narrows.dialects.openai import dialect as openai
from narrows.ports.dialect import Dialect

OPERATIONS: Final = openai.OPERATIONS | anthropic.OPERATIONS | {"json"}
"""Every operation a policy may name, beside the names that `json` connections give their own."""


def build_dialect(connection: Connection) -> Dialect:
    """The dialect of a connection, with its own table of cap fields and its own shape."""
    match connection.dialect:
        case "openai":
            return openai.OpenAi(connection)
        case "anthropic":
            return anthropic.Anthropic(connection)
        case "json":
            return JsonAny(connection)
        case _:
            assert_never(connection.dialect)
