"""`/scim/v2/{issuer}`: SCIM 2.0 over HTTP, for one provider each.

Whoever presents that provider's token may do everything with its people and groups, and nothing with anybody else's.
Every change has its rows in the trail.
"""

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post, put, route
from litestar.di import NamedDependency, Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.params import PathParameter

from narrows.console.desk import Books
from narrows.console.identity import PUBLIC
from narrows.console.problems import MEANINGS, refusal
from narrows.console.providers import Caller, Connection, Providers, presents
from narrows.console.scim import schemas
from narrows.console.scim.attributes import member
from narrows.console.scim.faults import MEDIA_TYPE, Fault
from narrows.console.scim.keeping import Asked, Groups, People, Tenant, everything
from narrows.console.scim.resources import Projection, projection
from narrows.console.scim.schemas import PAGE, Document
from narrows.dialects.strict_json import Malformed, scan

LARGEST_BODY: Final = 2 * 1024 * 1024
"""Bytes of a request: a group of some thousand members, sent whole."""

PATH: Final = "/scim/v2/{issuer:str}"
CREDENTIAL: Final = "scim"
"""What stands in the trail as the credential."""

Asking = Request[Any, Any, Any]
Door = NamedDependency[Providers]
Answer = Response[bytes]
Ident = Annotated[str, PathParameter(description="The resource's id.")]
T = TypeVar("T")

_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="narrows"'}
_OPEN: Final = {PUBLIC: True}


def known_provider(providers: Providers, connection: Connection, _handler: BaseRouteHandler) -> None:
    """A guard: the request carries the token of the provider that its path names. Raises Fault."""
    caller = providers.caller(connection)
    issuer = providers.settings.get(caller.issuer)
    tokens = () if issuer is None or issuer.scim is None else (issuer.scim.token, issuer.scim.previous)
    if not presents(connection, tokens):
        providers.strange(caller)
        raise Fault(401, "the token is not that of the provider")


@get("/ServiceProviderConfig", opt=_OPEN, sync_to_thread=False)
def service(request: Asking) -> Answer:
    """What the service can do."""
    return _answer(schemas.service(_base(request)))


@get("/ResourceTypes", opt=_OPEN, sync_to_thread=False)
def resource_types(request: Asking) -> Answer:
    """Users and groups."""
    return _answer(schemas.listed(schemas.resource_types(_base(request))))


@get("/ResourceTypes/{ident:str}", opt=_OPEN, sync_to_thread=False)
def resource_type(request: Asking, ident: Ident) -> Answer:
    """One of them."""
    return _answer(schemas.one_of(schemas.resource_types(_base(request)), ident))


@get("/Schemas", opt=_OPEN, sync_to_thread=False)
def all_schemas(request: Asking) -> Answer:
    """What attributes there are."""
    return _answer(schemas.listed(schemas.schemas(_base(request))))


@get("/Schemas/{ident:str}", opt=_OPEN, sync_to_thread=False)
def one_schema(request: Asking, ident: Ident) -> Answer:
    """Those of one schema."""
    return _answer(schemas.one_of(schemas.schemas(_base(request)), ident))


@get("/Users", opt=_OPEN)
async def list_users(request: Asking, providers: Door) -> Answer:
    """People, by a filter."""
    return _answer(await _read(request, providers, lambda people, _: people.page(_asked(request))))


@post("/Users", opt=_OPEN, status_code=201)
async def create_user(request: Asking, providers: Door) -> Answer:
    """A new person."""
    body = await _body(request)
    made = await _change(request, providers, "scim.user.create", None, lambda people, _: people.create(body))
    return _answer(made, 201)


@post("/Users/.search", opt=_OPEN, status_code=200)
async def search_users(request: Asking, providers: Door) -> Answer:
    """People, by a filter that is not in the address (RFC 7644, section 3.4.3)."""
    asked = _searched(await _body(request))
    return _answer(await _read(request, providers, lambda people, _: people.page(asked)))


@get("/Users/{ident:str}", opt=_OPEN)
async def show_user(request: Asking, providers: Door, ident: Ident) -> Answer:
    """One person."""
    return _answer(await _read(request, providers, lambda people, _: people.get(ident, _wanted(request))))


@put("/Users/{ident:str}", opt=_OPEN)
async def replace_user(request: Asking, providers: Door, ident: Ident) -> Answer:
    """A person, changed whole."""
    body = await _body(request)
    return _answer(
        await _change(request, providers, "scim.user.replace", ident, lambda people, _: people.replace(ident, body))
    )


@patch("/Users/{ident:str}", opt=_OPEN)
async def change_user(request: Asking, providers: Door, ident: Ident) -> Answer:
    """A person, changed in part."""
    body = await _body(request)
    return _answer(
        await _change(request, providers, "scim.user.change", ident, lambda people, _: people.patch(ident, body))
    )


@delete("/Users/{ident:str}", opt=_OPEN, status_code=204)
async def delete_user(request: Asking, providers: Door, ident: Ident) -> None:
    """A person, forgotten; nothing of theirs is let in any more."""
    await _change(request, providers, "scim.user.delete", ident, lambda people, _: people.delete(ident))


@get("/Groups", opt=_OPEN)
async def list_groups(request: Asking, providers: Door) -> Answer:
    """Groups, by a filter."""
    return _answer(await _read(request, providers, lambda _, groups: groups.page(_asked(request))))


@post("/Groups", opt=_OPEN, status_code=201)
async def create_group(request: Asking, providers: Door) -> Answer:
    """A new group."""
    body = await _body(request)
    made = await _change(request, providers, "scim.group.create", None, lambda _, groups: groups.create(body))
    return _answer(made, 201)


@post("/Groups/.search", opt=_OPEN, status_code=200)
async def search_groups(request: Asking, providers: Door) -> Answer:
    """Groups, in the same way."""
    asked = _searched(await _body(request))
    return _answer(await _read(request, providers, lambda _, groups: groups.page(asked)))


@get("/Groups/{ident:str}", opt=_OPEN)
async def show_group(request: Asking, providers: Door, ident: Ident) -> Answer:
    """One group."""
    return _answer(await _read(request, providers, lambda _, groups: groups.get(ident, _wanted(request))))


@put("/Groups/{ident:str}", opt=_OPEN)
async def replace_group(request: Asking, providers: Door, ident: Ident) -> Answer:
    """A group, changed whole, its members included."""
    body = await _body(request)
    return _answer(
        await _change(request, providers, "scim.group.replace", ident, lambda _, groups: groups.replace(ident, body))
    )


@patch("/Groups/{ident:str}", opt=_OPEN, status_code=204)
async def change_group(request: Asking, providers: Door, ident: Ident) -> None:
    """A group, changed in part. The reply is empty: groups are large."""
    body = await _body(request)
    await _change(request, providers, "scim.group.change", ident, lambda _, groups: groups.patch(ident, body))


@delete("/Groups/{ident:str}", opt=_OPEN, status_code=204)
async def delete_group(request: Asking, providers: Door, ident: Ident) -> None:
    """A group, forgotten."""
    await _change(request, providers, "scim.group.delete", ident, lambda _, groups: groups.delete(ident))


@post("/.search", opt=_OPEN, status_code=200)
async def search_everything(request: Asking, providers: Door) -> Answer:
    """People and groups."""
    asked = _searched(await _body(request))
    return _answer(await _read(request, providers, lambda people, groups: everything(people, groups, asked)))


@route("/{rest:path}", http_method=["GET", "POST", "PUT", "PATCH", "DELETE"], opt=_OPEN, sync_to_thread=False)
def nothing() -> Answer:
    """Whatever else is asked for, so that it is refused in SCIM's own form, too."""
    raise Fault(404, "there is no such endpoint")


def respond(_request: Asking, error: Exception) -> Answer:
    """The reply to a request that ended in an exception, in SCIM's own form."""
    if isinstance(error, Fault):
        fault, headers = error, _CHALLENGE if error.status == 401 else {}
    else:
        refused = refusal(error)
        meaning = MEANINGS[refused.problem]
        fault, headers = Fault(meaning.status, meaning.title), refused.headers
    return _answer(fault.body(), fault.status, headers)


def scim_router(providers: Providers) -> Router:
    """All of it."""

    def own(connection: Connection, handler: BaseRouteHandler) -> None:
        # A function and not a partial one: what a router is given is copied, but functions are not.
        known_provider(providers, connection, handler)

    return Router(
        PATH,
        route_handlers=[
            service, resource_types, resource_type, all_schemas, one_schema,
            list_users, create_user, search_users, show_user, replace_user, change_user,
            delete_user,
            list_groups, create_group, search_groups, show_group, replace_group, change_group, delete_group,
            search_everything, nothing,
        ],
        guards=[own],
        dependencies={"providers": Provide(lambda: providers, sync_to_thread=False)},
        exception_handlers={Exception: respond},
        request_max_body_size=LARGEST_BODY,
        include_in_schema=False,
    )  # fmt: skip


async def _read(request: Asking, providers: Providers, work: Callable[[People, Groups], Document]) -> Document:
    tenant = _tenant(request, providers, providers.caller(request))
    return await providers.desk.run(lambda books: work(*_both(books, tenant)))


async def _change(
    request: Asking, providers: Providers, action: str, ident: str | None, work: Callable[[People, Groups], T]
) -> T:
    caller = providers.caller(request)
    tenant = _tenant(request, providers, caller)
    trail = providers.trail(caller, CREDENTIAL)

    def done(books: Books) -> T:
        people, groups = _both(books, tenant)
        target = f"{caller.issuer}:"
        if ident is not None:
            target = (people if action.startswith("scim.user") else groups).named(ident)
        return trail.doing(books, action, target, lambda: work(people, groups))

    return await providers.desk.run(done)


def _both(books: Books, tenant: Tenant) -> tuple[People, Groups]:
    return People(books.directory, tenant), Groups(books.directory, tenant)


def _tenant(request: Asking, providers: Providers, caller: Caller) -> Tenant:
    issuer = providers.settings.get(caller.issuer)
    if issuer is None or issuer.scim is None:
        # Its setting went away between the guard and now.
        raise Fault(401, "the token is not that of the provider")
    return Tenant(issuer.name, issuer.scim, _base(request), caller.ident, providers.desk.now())


async def _body(request: Asking) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (MEDIA_TYPE, "application/json"):
        raise Fault(415, f"the body must be {MEDIA_TYPE}")
    try:
        return scan(await request.body())
    except Malformed as wrong:
        raise Fault(400, str(wrong), "invalidSyntax") from None


def _base(request: Asking) -> str:
    return f"{str(request.base_url).rstrip('/')}/scim/v2/{request.path_params['issuer']}"


def _wanted(request: Asking) -> Projection:
    query = request.query_params
    return projection(query.get("attributes"), query.get("excludedAttributes"))


def _asked(request: Asking) -> Asked:
    query = request.query_params
    return _page(query.get("filter"), query.get("startIndex"), query.get("count"), _wanted(request))


def _searched(body: Any) -> Asked:
    """A list that is asked for in a body."""
    named = [member(body, name) for name in ("attributes", "excludedAttributes")]
    if not isinstance(body, dict) or not all(one is None or _texts(one) for one in named):
        raise Fault(400, "the body must be a search, and its attributes lists of names", "invalidSyntax")
    wanted = projection(*(None if one is None else ",".join(one) for one in named))
    text = member(body, "filter")
    if text is not None and not isinstance(text, str):
        raise Fault(400, "`filter` must be a text", "invalidFilter")
    return _page(text, member(body, "startIndex"), member(body, "count"), wanted)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _page(text: str | None, start: Any, count: Any, wanted: Projection) -> Asked:
    first = max(1, _number(start, 1))
    most = min(PAGE, max(0, _number(count, PAGE)))
    return Asked(text or None, first, most, wanted)


def _number(value: Any, usual: int) -> int:
    if value is None:
        return usual
    try:
        return int(str(value)[:12])
    except ValueError:
        raise Fault(400, "`startIndex` and `count` must be numbers", "invalidValue") from None


def _answer(document: Document, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    location = {}
    if status == 201:
        location["Location"] = str(document["meta"]["location"])
    return Response(
        msgspec.json.encode(document),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={**location, **(headers or {})},
    )
