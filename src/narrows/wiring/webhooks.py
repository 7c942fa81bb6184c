"""Services of the operator's, from their settings to what can be asked."""

from collections.abc import Mapping
from typing import Any, TypeVar

from narrows.config.check_plugins import webhook_key
from narrows.config.plugins import Webhook
from narrows.plugins.kinds import Kind
from narrows.plugins.pool import Begin
from narrows.plugins.process import PluginUnusable
from narrows.plugins.webhook import Service, TextService
from narrows.upstream.post import ServicePost
from narrows.upstream.target import TargetInvalid
from narrows.upstream.tls import TlsUnusable
from narrows.wiring.clock import SystemClock

T = TypeVar("T")


def service(hook: Webhook, timeout: float, connections: int = 1) -> Service:
    """A service, with connections of its own. Raises PluginUnusable."""
    key = webhook_key(hook.secret.reveal())
    if key is None:
        raise PluginUnusable("the webhook's secret is none")
    try:
        post = ServicePost(hook.url, timeout, hook.ca_bundle, connections=connections)
    except (TargetInvalid, TlsUnusable) as error:
        raise PluginUnusable(str(error)) from None
    return Service(post, key, SystemClock())


def texts(hook: Webhook, timeout: float, kind: Kind[T], facts: Mapping[str, Any]) -> Begin[T]:
    """Begins to ask a service about texts; each time with a connection of its own, so that no more than that many
    requests are on their way."""

    async def begin() -> TextService[T]:
        return TextService(service(hook, timeout), kind, facts)

    return begin
