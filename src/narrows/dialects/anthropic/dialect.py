"""The dialect `anthropic`: its routes, and which reader, writer and reply belongs to each operation."""

from collections.abc import Callable
from functools import partial
from typing import Final

from narrows.config.schema import Connection
from narrows.dialects import model_lists, refusals
from narrows.dialects.anthropic import messages
from narrows.dialects.anthropic.replies import MessageStream, read_count, read_message
from narrows.dialects.model_lists import ModelLists, anthropic_entry
from narrows.dialects.readers import BufferedReader
from narrows.dialects.reading import Refused
from narrows.dialects.routes import Routes
from narrows.model.call import Asked, Json
from narrows.model.verdict import Deny
from narrows.ports.dialect import Forward, ReplyReader, Route

PATHS: Final = {"/messages": messages.OPERATION, "/messages/count_tokens": messages.COUNT}
OPERATIONS: Final = frozenset({*PATHS.values(), model_lists.OPERATION})
QUERIES: Final = frozenset({"beta", "limit", "after_id", "before_id"})
HEADERS: Final = frozenset({b"anthropic-version", b"anthropic-beta", b"idempotency-key"})
GOVERNED: Final = (
    "model", "messages", "system", "stream", "tools", "thinking", "mcp_servers", "container", "fallbacks", "thread",
    "max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n_predict",
)  # fmt: skip


class Anthropic:
    """One connection's `anthropic` dialect."""

    name: Final = "anthropic"
    operations: Final = OPERATIONS
    request_headers: Final = HEADERS
    governed: Final = GOVERNED

    def __init__(self, connection: Connection) -> None:
        self._routes = Routes(connection.url, PATHS, QUERIES, connection.aliases)
        self._models = ModelLists(connection.aliases, anthropic_entry)

    def route(self, method: str, path: str, query: str) -> Route | None:
        """The operation behind a path."""
        return self._routes.find(method, path, query)

    def read(self, route: Route, body: Json) -> Asked | Deny:
        """What the body asks."""
        if not route.body:
            return self._models.asked(route)
        try:
            return messages.read(route.operation, body)
        except Refused as refused:
            return refused.deny

    def forward(
        self,
        asked: Asked,
        model: str | None,
        output_cap: int | None,
    ) -> Forward:
        """The body to send."""
        if asked.operation == model_lists.OPERATION:
            return Forward(b"", ())
        return messages.forward(asked, model, output_cap)

    def reply(
        self,
        asked: Asked,
        *,
        stream: bool,
        usable: Callable[[str], bool],
        lines: bool = False,  # noqa: ARG002 - this API streams server-sent events alone
        words: bool = True,  # noqa: ARG002 - it gives them all
    ) -> ReplyReader:
        """A reader for the operation's reply."""
        if stream:
            return MessageStream(asked)
        if asked.operation == model_lists.OPERATION:
            return BufferedReader(partial(self._models.read, asked, usable=usable), self.refuse)
        if asked.operation == messages.COUNT:
            return BufferedReader(read_count, self.refuse)
        stored = "store" in asked.parameters
        return BufferedReader(partial(read_message, stored=True) if stored else read_message, self.refuse)

    def refuse(self, deny: Deny, request_id: str) -> bytes:
        """`{"type": "error", …}`."""
        return refusals.anthropic_refusal(deny, request_id)

    def upstream_error(self, status: int, body: bytes, request_id: str) -> bytes:
        """The upstream's error, rendered anew."""
        return refusals.anthropic_upstream(status, body, request_id)
