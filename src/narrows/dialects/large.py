"""Reads a large body in one step, for a worker process: strict JSON, the dialect's reading, and a result made small.

Members that nothing looks at again travel back serialised; the texts travel as they are, as controls judge them.
"""

from narrows.dialects import strict_json
from narrows.model.call import Asked
from narrows.model.verdict import Deny
from narrows.ports.dialect import Dialect, Route


def read_large(dialect: Dialect, route: Route, data: bytes) -> Asked | Deny:
    """What the body asks; `forward` of the same dialect takes the result as it takes any other."""
    body = strict_json.read(data, dialect.governed)
    if isinstance(body, Deny):
        return body
    asked = dialect.read(route, body)
    return asked if isinstance(asked, Deny) else dialect.compact(asked)
