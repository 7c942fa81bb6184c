"""The reference page of the management API, made from its routes, so that it can't tell anything else than they do."""

from collections.abc import Collection, Iterator
from typing import Any, Final

from narrows.console.app import ROUTES, Description, described
from narrows.console.identity import PUBLIC, ROLES, SCOPED
from narrows.console.problems import MEANINGS, Problem
from narrows.console.roles import Role

_HEAD: Final = """\
# Management API

What `narrows console` serves ([how to run it](../how-to/console.md)). `GET /openapi.json` describes it to programs,
`GET /healthz` answers probes; both are open to everybody. What is not said to be for everybody takes an access token of
a configured issuer as `Authorization: Bearer`. Bodies are JSON of at most 16 KiB; a field that is not known is refused.
Times are RFC 3339 in UTC."""

_PROBE: Final = "/healthz"

_PROBLEMS: Final = """\
## Problems

What is refused is refused as RFC 9457 says: `application/problem+json` with `type`, `title`, `status` and `instance`,
and beside them `code` (stable, for programs), `request_id`, `detail` where there is more to say, `errors` with the
name of each field that is wrong, and `state` where an approval stands otherwise than was asked for.

| code | status | what happened | what to do |
|---|---|---|---|
"""


def render() -> str:
    """The page, in Markdown."""
    description = described()
    parts = [_HEAD, "\n## Resources\n", *_resources(description), _PROBLEMS.rstrip()]
    parts += [
        f"| `{code}` | {MEANINGS[code].status} | {MEANINGS[code].title} | {MEANINGS[code].remedy} |" for code in Problem
    ]
    return "\n".join(parts) + "\n"


def _resources(description: Description) -> Iterator[str]:
    opens = {
        (method, _plain(path)): handler.opt
        for handler in ROUTES
        for method in handler.http_methods
        for path in handler.paths
    }
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            opt = opens[method.upper(), path]
            if path == _PROBE:
                continue
            whom = "everybody" if opt.get(PUBLIC) else _roles(opt[ROLES])
            if SCOPED in opt:
                whom += f"; of the team: {_roles(opt[SCOPED])}"
            yield f"### `{method.upper()} {path}`\n"
            yield f"{operation['description']} For: {whom}.\n"
            yield from _parameters(operation)
            yield from _body(operation, description["components"]["schemas"])


def _plain(path: str) -> str:
    return path.replace(":str}", "}")


def _parameters(operation: dict[str, Any]) -> Iterator[str]:
    found = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    if found:
        yield "| query | meaning |\n|---|---|"
        yield from (f"| `{each['name']}` | {each.get('description', '')} |" for each in found)
        yield ""


def _body(operation: dict[str, Any], schemas: dict[str, Any]) -> Iterator[str]:
    text = str(operation.get("requestBody", ""))
    for name, schema in schemas.items():
        if f"'#/components/schemas/{name}'" in text:
            yield "| field of the body | meaning |\n|---|---|"
            needed = schema.get("required", ())
            for field, shape in schema["properties"].items():
                yield f"| `{field}` | {shape['description']}{' Required.' if field in needed else ''} |"
            yield ""


def _roles(named: Collection[Role]) -> str:
    return ", ".join(role.value for role in Role if role in named)
