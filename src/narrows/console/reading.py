"""Bodies of requests, read as strictly as the gate reads its own: one JSON text, no member twice, no endless depth."""

from typing import Any

from litestar import Request
from litestar.datastructures import State

from narrows.console.problems import Problem, Refused
from narrows.console.visitor import Visitor
from narrows.dialects.strict_json import Malformed, scan


class StrictRequest(Request[Visitor, Any, State]):
    """A request whose JSON has one meaning."""

    async def json(self) -> Any:
        """The body's value. Raises Refused."""
        try:
            return scan(await self.body())
        except Malformed as wrong:
            raise Refused(Problem.BODY_MALFORMED, str(wrong)) from None
