"""The dialect `openai`: its routes, and which reader, writer and reply belongs to each operation."""

from collections.abc import Callable
from functools import partial
from typing import Final

from narrows.config.schema import Connection
from narrows.dialects import model_lists, refusals
from narrows.dialects.cap_fields import CapFields
from narrows.dialects.model_lists import ModelLists, openai_entry
from narrows.dialects.openai import chat, completions, moderations, responses
from narrows.dialects.openai.chat_reply import CompletionStream, read_completion, read_unlabelled
from narrows.dialects.openai.embeddings_reply import read_embeddings_reply
from narrows.dialects.openai.responses_reply import read_response
from narrows.dialects.openai.responses_stream import ResponseStream
from narrows.dialects.readers import BufferedReader, Classify
from narrows.dialects.reading import Refused
from narrows.dialects.routes import Routes
from narrows.model.call import Asked, Json
from narrows.model.verdict import Deny
from narrows.ports.dialect import Forward, ReplyReader, Route

PATHS: Final = {
    "/chat/completions": chat.OPERATION,
    "/responses": responses.OPERATION,
    "/completions": completions.COMPLETIONS,
    "/embeddings": completions.EMBEDDINGS,
    "/moderations": moderations.OPERATION,
}
OPERATIONS: Final = frozenset({*PATHS.values(), model_lists.OPERATION})
QUERIES: Final = frozenset({"limit", "after", "order"})
HEADERS: Final = frozenset({b"openai-beta", b"idempotency-key"})
GOVERNED: Final = (
    "model", "models", "messages", "input", "instructions", "prompt", "stream", "stream_options", "tools", "store",
    "background", "n", "n_cmpl", "best_of", "echo", "fallbacks", "previous_response_id", "conversation", "modalities",
    "web_search_options",
    "max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "n_predict",
)  # fmt: skip

_SPLIT: Final = {
    chat.OPERATION: chat.SPLIT,
    responses.OPERATION: responses.SPLIT,
    completions.EMBEDDINGS: completions.EMBEDDING_SPLIT,
    moderations.OPERATION: moderations.SPLIT,
}


class OpenAi:
    """One connection's `openai` dialect."""

    name: Final = "openai"
    operations: Final = OPERATIONS
    request_headers: Final = HEADERS
    governed: Final = GOVERNED

    def __init__(self, connection: Connection) -> None:
        self._routes = Routes(connection.url, PATHS, QUERIES, connection.aliases)
        self._models = ModelLists(connection.aliases, openai_entry)
        self._cap_fields = CapFields(connection.cap_fields)

    def route(self, method: str, path: str, query: str) -> Route | None:
        """The operation behind a path."""
        return self._routes.find(method, path, query)

    def read(self, route: Route, body: Json) -> Asked | Deny:
        """What the body asks."""
        try:
            match route.operation:
                case chat.OPERATION:
                    return chat.read(body)
                case responses.OPERATION:
                    return responses.read(body)
                case completions.COMPLETIONS:
                    return completions.read(body)
                case completions.EMBEDDINGS:
                    return completions.read_embeddings(body)
                case moderations.OPERATION:
                    return moderations.read(body)
                case _:
                    return self._models.asked(route)
        except Refused as refused:
            return refused.deny

    def forward(self, asked: Asked, model: str | None, output_cap: int | None) -> Forward:
        """The body to send."""
        match asked.operation:
            case chat.OPERATION:
                field = self._cap_fields.field(model or asked.model)
                return chat.forward(asked, model, output_cap, field, chat.SPLIT)
            case completions.COMPLETIONS:
                return chat.forward(asked, model, output_cap, "max_tokens", completions.COMPLETION_SPLIT)
            case responses.OPERATION:
                return responses.forward(asked, model, output_cap)
            case completions.EMBEDDINGS:
                return completions.forward_embeddings(asked, model)
            case moderations.OPERATION:
                return moderations.forward(asked, model)
            case _:
                return Forward(b"", ())

    def reply(
        self,
        asked: Asked,
        *,
        stream: bool,
        usable: Callable[[str], bool],
        lines: bool = False,  # noqa: ARG002 - this API streams server-sent events alone
        words: bool = True,
    ) -> ReplyReader:
        """A reader for the operation's reply."""
        if not stream and asked.operation == chat.OPERATION and not asked.parameters:
            # Nearly all replies.
            return BufferedReader(read_completion if words else read_unlabelled, self.refuse)
        if stream:
            return ResponseStream(asked) if asked.operation == responses.OPERATION else CompletionStream(asked)
        if asked.operation == model_lists.OPERATION:
            return BufferedReader(partial(self._models.read, asked, usable=usable), self.refuse)
        return BufferedReader(_classify(asked), self.refuse)

    def refuse(self, deny: Deny, request_id: str) -> bytes:  # noqa: ARG002 - the shape has no place for it
        """`{"error": {…}}`."""
        return refusals.openai_refusal(deny)

    def upstream_error(self, status: int, body: bytes, request_id: str) -> bytes:  # noqa: ARG002 - as above
        """The upstream's error, rendered anew."""
        return refusals.openai_upstream(status, body)


def _classify(asked: Asked) -> Classify:
    """What fills in the event of a whole reply."""
    stored = "store" in asked.parameters
    match asked.operation:
        case responses.OPERATION:
            return partial(read_response, stored=stored)
        case completions.EMBEDDINGS:
            return read_embeddings_reply
        case moderations.OPERATION:
            return moderations.read_reply
        case _:
            return partial(read_completion, stored=True) if stored else read_completion
