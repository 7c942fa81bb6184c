"""The API as an ASGI application: its routes, with one door before all of them and one way to say what went wrong."""

from typing import Any, Final

from litestar import Litestar, Request, get
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.enums import OpenAPIMediaType
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.response import Response

from narrows import __version__
from narrows.console.api import access, approvals, health, revocations, teams, token, who, whoami
from narrows.console.api.told import told_router
from narrows.console.desk import Desk
from narrows.console.envelope import Envelope
from narrows.console.exchanging import TokenOffice
from narrows.console.failures import Failures
from narrows.console.identity import PUBLIC, Door
from narrows.console.problems import respond
from narrows.console.providers import Providers
from narrows.console.reading import StrictRequest
from narrows.console.scim.routes import scim_router
from narrows.console.visitor import Visitor
from narrows.ports.clock import Ids

Description = dict[str, Any]

LARGEST_BODY: Final = 16 * 1024
"""Bytes of a request's body."""

ROUTES: Final = (
    health.health,
    token.exchange_token,
    token.return_token,
    whoami.whoami,
    who.show_who,
    who.review_access,
    approvals.list_approvals,
    approvals.show_approval,
    approvals.approve,
    approvals.reject,
    approvals.review,
    revocations.list_revocations,
    revocations.show_revocation,
    revocations.revoke,
    revocations.lift,
    revocations.contain,
    access.list_offers,
    access.list_access,
    access.request_access,
    access.show_access,
    access.approve_access,
    access.reject_access,
    access.cancel_access,
    access.issue_token,
    teams.list_teams,
    teams.list_policies,
    teams.show_policy,
    teams.put_policy,
    teams.remove_policy,
    teams.list_changes,
    teams.show_change,
    teams.approve_change,
    teams.reject_change,
    teams.withdraw_change,
)


@get("/openapi.json", opt={PUBLIC: True}, include_in_schema=False, sync_to_thread=False)
def openapi(description: NamedDependency[Description]) -> Response[Description]:
    """What the API is, as OpenAPI."""
    return Response(description, media_type=OpenAPIMediaType.OPENAPI_JSON)


def described() -> Description:
    """The OpenAPI description of the routes."""
    # Of an application that is never served: one that describes itself serves pages of its own, too.
    routes = Litestar(
        ROUTES,
        dependencies=_given(None),
        openapi_config=OpenAPIConfig(
            title="Narrows console",
            version=__version__,
            description="The management API of Narrows.",
            components=Components(
                security_schemes={"oidc": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")}
            ),
            security=[{"oidc": []}],
            use_handler_docstrings=True,
        ),
        logging_config=None,
    )
    description = routes.openapi_schema.to_schema()
    for methods in description["paths"].values():
        for operation in methods.values():
            body = operation.get("requestBody")
            if body is not None and "'null'" in str(body["content"]):
                body["required"] = False
    return description


def litestar_app(
    door: Door,
    desk: Desk,
    office: TokenOffice | None = None,
    providers: Providers | None = None,
    looks: who.Looks | None = None,
) -> Litestar:
    """The routes alone, without what is around every reply. Without an office no tokens are exchanged, without
    providers nobody tells anything, without looks nobody is looked at."""
    description = described()
    told = providers or Providers(desk, Failures())
    return Litestar(
        [*ROUTES, openapi, scim_router(told), told_router(told)],
        guards=[door.admit],
        dependencies=_given(desk, door, office, looks)
        | {"description": Provide(lambda: description, sync_to_thread=False)},
        exception_handlers={Exception: respond},
        openapi_config=None,
        request_class=StrictRequest,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
        debug=False,
    )


def _given(
    desk: Desk | None, door: Door | None = None, office: TokenOffice | None = None, looks: who.Looks | None = None
) -> dict[str, Provide]:
    """What routes are given, by name."""

    def visitor(request: Request[Visitor, Any, State]) -> Visitor:
        return request.user

    return {
        "desk": Provide(lambda: desk, sync_to_thread=False),
        "looks": Provide(lambda: looks, sync_to_thread=False),
        "office": Provide(lambda: office, sync_to_thread=False),
        "teams": Provide(lambda: None if door is None else door.admission.teams, sync_to_thread=False),
        "rules": Provide(lambda: None if door is None else door.admission.access, sync_to_thread=False),
        "visitor": Provide(visitor, sync_to_thread=False),
    }


def build_app(
    door: Door,
    desk: Desk,
    ids: Ids,
    office: TokenOffice | None = None,
    providers: Providers | None = None,
    looks: who.Looks | None = None,
) -> Envelope:
    """The application to serve."""
    return Envelope(litestar_app(door, desk, office, providers, looks), ids)
