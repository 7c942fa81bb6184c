"""A process that only tells: the notifier of a data directory, with one webhook, until it is killed.

Usage: python sending.py DIRECTORY URL
"""

import asyncio
import sys
from pathlib import Path

import msgspec

from narrows.config.notify import Channel, HookChannel, Notify
from narrows.config.schema import Config
from narrows.model.secret import Secret
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.wiring.clock import SystemClock
from narrows.wiring.notify import Notifier

SECRET = "whsec_" + "A" * 32
PLAIN = {
    "identity": {"issuers": [{"name": "corp", "issuer": "https://idp", "audience": "n"}]},
    "connections": {"openai": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
    "policies": [
        {"name": "p", "who": {"service_accounts": ["*"]}, "may": {"connections": ["openai"], "operations": ["*"]}}
    ],
}


async def main(directory: Path, url: str) -> None:
    clock = SystemClock()
    notifier = Notifier(directory, lambda: SqliteDecisions(directory, clock), clock)
    channel = Channel(webhook=HookChannel(url=url, secret=Secret(SECRET)))
    config = msgspec.structs.replace(msgspec.convert(PLAIN, Config), notify=Notify(channels={"ops": channel}))
    await notifier.settle(config)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
