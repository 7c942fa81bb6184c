"""The console's API, as the command line asks it in somebody's name: JSON there and back, and what it refuses as a
message. It knows no resource by name."""

from typing import Any, Final, Protocol
from urllib.parse import urlencode

from narrows.client.failure import SignInFailed
from narrows.client.web import Answer
from narrows.model.secret import Secret

_PAGE: Final = 50
"""Items that one reply lists: a page is a small document."""

_SHOWN: Final = 500
"""Characters of the console's own words that are shown."""


class Asks(Protocol):
    """What sends requests; see `web.Web`."""

    def ask(self, method: str, url: str, token: Secret, body: object | None) -> Answer:
        """The reply to a request with JSON or nothing, whatever its status. Raises SignInFailed."""


class ConsoleRefused(SignInFailed):
    """The console refused; `code` says why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class ConsoleApi:
    """The API of the console at `url`, with this token. Every method raises SignInFailed."""

    def __init__(self, web: Asks, url: str, token: Secret) -> None:
        self._web = web
        self._url = url.rstrip("/")
        self._token = token

    def get(self, path: str, **query: str | int | None) -> dict[str, Any]:
        """What a resource says."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._object("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What has become of it."""
        return self._object("POST", path, body)

    def all(self, path: str, **query: str | None) -> list[dict[str, Any]]:
        """Every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            page = self.get(path, **query, limit=_PAGE, after=after)
            items = page.get("items")
            if not isinstance(items, list):
                raise SignInFailed(f"{self._url} does not answer as a console of Narrows does")
            found += items
            after = page.get("next")
            if not isinstance(after, str):
                return found

    def _object(self, method: str, path: str, body: object | None) -> dict[str, Any]:
        answer = self._web.ask(method, self._url + path, self._token, body)
        said = answer.body
        if said is None:
            raise SignInFailed(f"{self._url} does not answer as a console of Narrows does (status {answer.status})")
        if answer.status >= 300:
            raise _refusal(said, answer.status)
        return dict(said)


def _refusal(said: Any, status: int) -> ConsoleRefused:
    """Problem details (RFC 9457) as one message."""
    title, detail, code = said.get("title"), said.get("detail"), said.get("code")
    words = [part for part in (title, detail) if isinstance(part, str) and part]
    errors = said.get("errors")
    listed = errors if isinstance(errors, list) else []
    words += [f"{each.get('field')}: {each.get('message')}" for each in listed if isinstance(each, dict)]
    message = " ".join(words)[:_SHOWN] or f"the console refuses (status {status})"
    return ConsoleRefused(message, code if isinstance(code, str) else "")
