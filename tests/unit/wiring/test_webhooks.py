"""A service's settings become what can be asked; what of them can't be used is told."""

import json

import pytest

from narrows.config.plugins import Webhook
from narrows.model.secret import Secret
from narrows.plugins.kinds import classifying
from narrows.plugins.process import PluginUnusable
from narrows.wiring.webhooks import service, texts
from unit.upstream.scripted import Peer, serving

SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")


async def test_each_that_is_begun_asks_on_a_connection_of_its_own() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        body = json.dumps({"labels": [{"a": 0.9}]}).encode()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await peer.gone()

    async with serving(script) as server:
        begin = texts(Webhook(url=f"{server.url}/x", secret=SECRET), 5.0, classifying({"a"}, 0.5), {"name": "topics"})
        for asker in [await begin(), await begin()]:
            assert await asker.ask(["hello"], 5.0) == [("a",)]
            await asker.end()
        assert server.accepted == 2
    assert b"webhook-signature: v1," in seen[0]
    assert b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" not in b"".join(seen)


@pytest.mark.parametrize(
    "hook",
    [
        Webhook(url="https://x.example", secret=Secret("none")),
        Webhook(url="https://u:p@x.example", secret=SECRET),
        Webhook(url="https://x.example", secret=SECRET, ca_bundle="/nowhere.pem"),
    ],
)
def test_what_can_not_be_used_is_told(hook: Webhook) -> None:
    with pytest.raises(PluginUnusable):
        service(hook, 1.0)
