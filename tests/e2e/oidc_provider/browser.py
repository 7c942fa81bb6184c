"""A person with a browser at the provider: follows redirects, keeps cookies, fills in forms and submits them."""

from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx


class _Forms(HTMLParser):
    """The first form of a page: where it goes, and its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = given.get("action", "")
        elif tag == "input" and "name" in given:
            self.fields[given["name"]] = given.get("value", "")


class Browser:
    """One person's browser. `user` is typed into every login form."""

    def __init__(self, user: str) -> None:
        self.user = user

    def go(self, url: str, **fields: str) -> httpx.Response:
        """Opens a page and submits its forms, with `fields` typed in, until none is left or this machine's own listener
        was reached; the last reply."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            return self._go(client, url, fields, None)

    def landed(self, url: str, redirect: str) -> str:
        """The same, up to the redirect to that address, where nobody need listen: the whole of it, with its query."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            reply = self._go(client, url, {}, redirect)
        assert reply.is_redirect, reply.text
        return str(reply.headers["location"])

    def _go(self, client: httpx.Client, url: str, fields: dict[str, str], until: str | None) -> httpx.Response:
        origin = urlsplit(url).netloc
        reply = client.get(url)
        for _ in range(20):
            here = str(reply.request.url)
            if reply.is_redirect:
                if until is not None and reply.headers["location"].startswith(until):
                    return reply
                reply = client.get(urljoin(here, reply.headers["location"]))
                continue
            form = _Forms()
            form.feed(reply.text)
            if urlsplit(here).netloc != origin or form.action is None or reply.status_code >= 400:
                return reply
            typed = {"login": self.user, "password": "any", **fields}
            data = {name: typed.get(name) or value for name, value in form.fields.items()}
            reply = client.post(urljoin(here, form.action), data=data)
        raise AssertionError("the sign-in goes round in circles")
