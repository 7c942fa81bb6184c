"""What this SCIM service is and can do, as it tells clients (RFC 7643, sections 5 to 7).

The schemas are those of the RFC, as far as a directory of people and groups needs them; what else a provider sends is
kept and given back.
"""

from typing import Any, Final

from narrows.console.scim.attributes import ENTERPRISE, GROUP, USER
from narrows.console.scim.faults import Fault

PAGE: Final = 200
"""Resources that one reply lists at most."""

_CONFIG: Final = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
_TYPE: Final = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
_SCHEMA: Final = "urn:ietf:params:scim:schemas:core:2.0:Schema"
_LIST: Final = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

Document = dict[str, Any]

# name, type, what it is, and, where it differs: several values, required, mutability, uniqueness, exact case.
_Row = tuple[str, str, str, dict[str, Any]]

_NAMES: Final = ("formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")
_ADDRESSES: Final = ("formatted", "streetAddress", "locality", "region", "postalCode", "country", "type")

_USER: Final[tuple[_Row, ...]] = (
    ("userName", "string", "The name that the provider knows them by.", {"required": True, "uniqueness": "server"}),
    ("displayName", "string", "What people call them.", {}),
    ("nickName", "string", "What friends call them.", {}),
    ("profileUrl", "reference", "A page about them.", {"referenceTypes": ["external"]}),
    ("title", "string", "What they do.", {}),
    ("userType", "string", "How they belong to the organisation.", {}),
    ("preferredLanguage", "string", "The language that they prefer.", {}),
    ("locale", "string", "Where they are, for formats.", {}),
    ("timezone", "string", "Their time zone.", {}),
    ("active", "boolean", "Whether they are let in. False: nothing of theirs is, from now on.", {}),
    ("password", "string", "Not kept.", {"mutability": "writeOnly", "returned": "never"}),
)

_ENTERPRISE: Final = ("employeeNumber", "costCenter", "organization", "division", "department")


def service(base: str) -> Document:
    """`ServiceProviderConfig`."""
    no = {"supported": False}
    return {
        "schemas": [_CONFIG],
        "patch": {"supported": True},
        "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": PAGE},
        "changePassword": no,
        "sort": no,
        "etag": no,
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "The token of the setting `scim.token`, as `Authorization: Bearer`.",
                "primary": True,
            }
        ],
        "meta": {"resourceType": "ServiceProviderConfig", "location": f"{base}/ServiceProviderConfig"},
    }


def resource_types(base: str) -> list[Document]:
    """Both of them."""
    extensions = {"User": [{"schema": ENTERPRISE, "required": False}]}
    return [
        {
            "schemas": [_TYPE],
            "id": name,
            "name": name,
            "endpoint": f"/{name}s",
            "schema": schema,
            "schemaExtensions": extensions.get(name, []),
            "meta": {"resourceType": "ResourceType", "location": f"{base}/ResourceTypes/{name}"},
        }
        for name, schema in (("User", USER), ("Group", GROUP))
    ]


def schemas(base: str) -> list[Document]:
    """All of them."""
    named = (
        (USER, "User", "A person.", _user()),
        (GROUP, "Group", "A group of people.", _group()),
        (ENTERPRISE, "EnterpriseUser", "What an enterprise says of a person.", _enterprise()),
    )
    return [
        {
            "schemas": [_SCHEMA],
            "id": schema,
            "name": name,
            "description": what,
            "attributes": attributes,
            "meta": {"resourceType": "Schema", "location": f"{base}/Schemas/{schema}"},
        }
        for schema, name, what, attributes in named
    ]


def one_of(documents: list[Document], ident: str) -> Document:
    """The one of that id. Raises Fault."""
    for document in documents:
        if document["id"] == ident:
            return document
    raise Fault(404, "there is no such document")


def listed(documents: list[Document], total: int | None = None, start: int = 1) -> Document:
    """A list of resources (RFC 7644, section 3.4.2)."""
    return {
        "schemas": [_LIST],
        "totalResults": len(documents) if total is None else total,
        "startIndex": start,
        "itemsPerPage": len(documents),
        "Resources": documents,
    }


def canonical_names() -> dict[str, str]:
    """Names of attributes at the top of people and groups, by themselves in lower case."""
    rows = [*_user(), *_group()]
    return {name.lower(): name for name in ("externalId", *(row["name"] for row in rows))}


def _attribute(name: str, kind: str, what: str, **changes: Any) -> Document:
    usual = {
        "name": name,
        "type": kind,
        "multiValued": False,
        "description": what,
        "required": False,
        "caseExact": False,
        "mutability": "readWrite",
        "returned": "default",
        "uniqueness": "none",
    }
    return {**usual, **changes}


def _texts(*names: str) -> list[Document]:
    return [_attribute(name, "string", f"Its {name}.") for name in names]


def _several(name: str, what: str, *more: Document) -> Document:
    inner = [
        *(more or _texts("value", "display", "type")),
        _attribute("primary", "boolean", "Whether it is the one to be taken first."),
    ]
    return _attribute(name, "complex", what, multiValued=True, subAttributes=inner)


def _reference(kind: str) -> Document:
    return _attribute("$ref", "reference", "Where it is.", caseExact=True, referenceTypes=[kind], mutability="readOnly")


def _user() -> list[Document]:
    plain = [_attribute(name, kind, what, **changes) for name, kind, what, changes in _USER]
    inner = [_attribute("value", "string", "Its id.", mutability="readOnly", caseExact=True), _reference("Group")]
    display = _attribute("display", "string", "Its name.", mutability="readOnly")
    groups = _attribute(
        "groups",
        "complex",
        "The groups that they are in; changed with the groups.",
        multiValued=True,
        mutability="readOnly",
        subAttributes=[*inner, display],
    )
    return [
        *plain,
        _attribute("name", "complex", "Their name, in parts.", subAttributes=_texts(*_NAMES)),
        _several("emails", "Their addresses."),
        _several("phoneNumbers", "Their numbers."),
        _several("addresses", "Where they are.", *_texts(*_ADDRESSES)),
        _several("roles", "Their roles at the provider. They are none here."),
        _several("entitlements", "What they are entitled to at the provider. It is nothing here."),
        groups,
    ]


def _group() -> list[Document]:
    inner = [_attribute("value", "string", "Their id.", mutability="immutable", caseExact=True), _reference("User")]
    display = _attribute("display", "string", "Their user name.", mutability="readOnly")
    kind = _attribute("type", "string", "What it is.", mutability="immutable", canonicalValues=["User"])
    members = _attribute("members", "complex", "Who is in it.", multiValued=True, subAttributes=[*inner, display, kind])
    return [
        _attribute("displayName", "string", "What policies call it.", required=True, uniqueness="server"),
        members,
    ]


def _enterprise() -> list[Document]:
    inner = [*_texts("value", "displayName"), _reference("User")]
    return [*_texts(*_ENTERPRISE), _attribute("manager", "complex", "Whom they report to.", subAttributes=inner)]
