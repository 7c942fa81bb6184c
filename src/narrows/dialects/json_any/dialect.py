"""The dialect `json`: a body in, a body out, governed as far as the connection's shape declares it.

By default every string, every number and every key of a request is a text. Any POST to a known path is the one
operation; queries are refused, as a text could hide in one.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from narrows.config.schema import Connection, JsonShape
from narrows.dialects import governed, pieces, refusals
from narrows.dialects.json_any.replies import Document, Documents, ReplyShape
from narrows.dialects.jsonpath import first, located, parse, replaced
from narrows.dialects.reading import Invalid, Reading, Refused
from narrows.dialects.strict_json import shown, written_otherwise
from narrows.model.call import Asked, Json
from narrows.model.names import named
from narrows.model.path import Path, child, element
from narrows.model.text import Role
from narrows.model.verdict import Deny
from narrows.ports.dialect import Forward, ReplyReader, Route

HEADERS: Final = frozenset({b"idempotency-key"})

_CHOICES: Final = ("n", "best_of", "n_cmpl", "num_return_sequences", "candidate_count", "candidateCount")
"""What model servers call the number of replies to generate, each of which may be as long as the cap."""


class JsonAny:
    """One connection's `json` dialect. Raises ValueError when its shape has a path that can't be read."""

    name: Final = "json"
    request_headers: Final = HEADERS

    def __init__(self, connection: Connection) -> None:
        shape = connection.json or JsonShape()
        self._operation = shape.operation
        self._paths = re.compile("|".join(_glob(pattern) for pattern in shape.paths))
        self._model = _single(shape.model)
        self._cap = _single(shape.output_cap)
        self._stream = _single(shape.stream)
        self._declared = frozenset(
            _spelled(path) for path in (self._model, self._cap, self._stream) if path is not None
        )
        self._texts = tuple(parse(text) for text in shape.texts)
        self._reply = ReplyShape(
            tuple(parse(text) for text in shape.reply_texts),
            None if shape.prompt_usage is None else parse(shape.prompt_usage),
            None if shape.completion_usage is None else parse(shape.completion_usage),
        )

    @property
    def operations(self) -> frozenset[str]:
        """The one that the connection names."""
        return frozenset({self._operation})

    @property
    def governed(self) -> tuple[str, ...]:
        """The top-level members that hold the model, the cap and the stream's switch."""
        return tuple(str(path[0]) for path in (self._model, self._cap, self._stream) if path is not None)

    def route(self, method: str, path: str, query: str) -> Route | None:
        """The operation, for any POST to a known path."""
        if method != "POST" or query or self._paths.fullmatch(path) is None:
            return None
        if "%2f" in path.lower():
            # What is one segment here may be several to the upstream, and so another path than the one declared.
            return None
        return Route(self._operation, path)

    def read(self, route: Route, body: Json) -> Asked | Deny:
        """What the body asks."""
        variant = written_otherwise(body, self.governed)
        if variant is not None:
            return Invalid("$", f"has {shown(variant)}, which is a governed key in another case").deny
        try:
            return self._read(route, body)
        except Refused as refused:
            return refused.deny

    def forward(
        self,
        asked: Asked,
        model: str | None,
        output_cap: int | None,
    ) -> Forward:
        """The body to send."""
        body: Any = asked.body
        if model is not None and self._model is not None and asked.model is not None:
            body = replaced(body, self._model, model)
        if output_cap is not None and self._cap is not None:
            cap = output_cap if asked.output_cap is None else min(output_cap, asked.output_cap)
            body = replaced(body, self._cap, cap)
        return pieces.assemble(body, ())

    def reply(
        self,
        asked: Asked,  # noqa: ARG002 - replies of this dialect don't depend on the request
        *,
        stream: bool,
        usable: Callable[[str], bool],  # noqa: ARG002 - it has no lists of models
        lines: bool = False,
        words: bool = True,  # noqa: ARG002 - it knows of no such words
    ) -> ReplyReader:
        """A reader for the reply."""
        return Documents(self._reply, lines=lines) if stream or lines else Document(self._reply)

    def refuse(self, deny: Deny, request_id: str) -> bytes:
        """RFC 9457 problem details."""
        return refusals.problem(deny, request_id)

    def upstream_error(self, status: int, body: bytes, request_id: str) -> bytes:
        """The upstream's error, rendered anew."""
        return refusals.problem_upstream(status, body, request_id)

    def _read(self, route: Route, body: Json) -> Asked:
        reading = Reading()
        model = first(body, self._model)
        if self._model is not None:
            # Without it the upstream would take a model of its own choice, which no policy has permitted.
            governed.check_model(model, "the model")
        stream = first(body, self._stream)
        if stream is not None and type(stream) is not bool:
            raise Invalid("the stream's switch", "must be true or false")
        cap = first(body, self._cap)
        if cap is not None and (type(cap) is not int or cap < 1):
            raise Invalid("the output cap", "must be a positive integer")
        if self._texts:
            for path in self._texts:
                called = next((named(step) for step in reversed(path) if type(step) is str), "")
                for holder, key, where in located(body, path):
                    reading.own(Role.USER, where, holder[key], called)
        else:
            reading.own(Role.USER, "$", body)
            reading.texts = [text for text in reading.texts if text.path not in self._declared]
        return reading.asked(
            route.operation, model, body, stream=stream is True, output_cap=cap, choices=self._choices(body)
        )

    def _choices(self, body: Json) -> int:
        """How many replies a body asks for, beside its cap or at its top; what only looks so reserves too much."""
        if self._cap is None:
            return 1
        holders = [holder for holder in (body, first(body, self._cap[:-1] or None)) if type(holder) is dict]
        asked = [count for holder in holders for name in _CHOICES if type(count := holder.get(name)) is int]
        return min(max([1, *asked]), governed.LARGEST)


def _spelled(path: Path) -> str:
    """A path that names one place, as texts name theirs."""
    place = "$"
    for step in path:
        place = child(place, step) if type(step) is str else element(place, int(step or 0))
    return place


def _single(text: str | None) -> Path | None:
    """A path that names one place. Raises ValueError."""
    if text is None:
        return None
    path = parse(text)
    if None in path or type(path[0]) is not str:
        raise ValueError(f"{text!r} must name one place: no wildcard, and a member first")
    return path


def _glob(pattern: str) -> str:
    """A path glob: `*` within a segment, `**` across segments."""
    pieces_of = re.split(r"(\*\*|\*)", pattern)
    return "".join(".*" if piece == "**" else "[^/]*" if piece == "*" else re.escape(piece) for piece in pieces_of)
