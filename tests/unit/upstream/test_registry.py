"""Pools over the changes of a configuration."""

from pathlib import Path

import msgspec
import pytest

from narrows.config.schema import Connection, ConnectionCredential, Timeouts, Tls
from narrows.model.secret import Secret
from narrows.upstream.registry import ConnectionInvalid, Upstreams
from unit.upstream.certificates import Authority
from unit.upstream.scripted import always, serving, until

PLAIN = Connection(url="http://127.0.0.1:9", dialect="openai", credential=ConnectionCredential(bearer=Secret("one")))


def changed(**settings: object) -> Connection:
    return msgspec.structs.replace(PLAIN, **settings)


def test_the_same_way_upstream_keeps_its_pool() -> None:
    upstreams = Upstreams()
    pool = upstreams.get("main", PLAIN)
    assert upstreams.get("main", changed()) is pool
    assert upstreams.get("main", changed(aliases={"a": "b"}, models=("x",), hosts=("h",))) is pool
    assert upstreams.get("main", changed(credential=ConnectionCredential(bearer=Secret("one")))) is pool
    assert upstreams.get("other", PLAIN) is not pool


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://127.0.0.1:8"},
        {"credential": ConnectionCredential(bearer=Secret("two"))},
        {"timeouts": Timeouts(total=1)},
        {"max_connections": 1},
    ],
)
def test_another_way_upstream_is_another_pool(settings: dict[str, object]) -> None:
    upstreams = Upstreams()
    assert upstreams.get("main", changed(**settings)) is not upstreams.get("main", PLAIN)


def test_a_renewed_certificate_is_another_pool(tmp_path: Path) -> None:
    upstreams = Upstreams()
    config = changed(url="https://127.0.0.1", ca_bundle=Authority(tmp_path).bundle)
    pool = upstreams.get("main", config)
    assert upstreams.get("main", config) is pool
    Authority(tmp_path)
    assert upstreams.get("main", config) is not pool


async def test_what_is_no_longer_in_force_drains_and_what_is_keeps_its_connections() -> None:
    async with serving(always) as server:
        kept, moved, dropped = (changed(url=server.url, max_connections=count) for count in (1, 2, 3))
        upstreams = Upstreams()
        pools = [
            upstreams.get("kept", kept),
            upstreams.get("moved", moved),
            upstreams.get("dropped", dropped),
        ]
        for pool in pools:
            await (await pool.send("GET", "/", [], b"")).read_all(5)
        now = {"kept": kept, "moved": msgspec.structs.replace(moved, max_connections=9)}
        newer = upstreams.get("moved", now["moved"])
        upstreams.retain(now)
        await until(lambda: [pool.open for pool in pools] == [1, 0, 0])
        assert upstreams.get("kept", kept) is pools[0]
        assert upstreams.get("moved", now["moved"]) is newer
        assert upstreams.get("dropped", dropped) is not pools[2]
        upstreams.close()
        upstreams.close()
        await until(lambda: pools[0].open == 0)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"url": "ftp://x"}, r"connections\.main\.url"),
        ({"url": "https://me:hush@x"}, r"connections\.main\.url.*credential"),
        ({"credential": ConnectionCredential(bearer=Secret("hush\n"))}, r"connections\.main\.credential"),
        ({"credential": ConnectionCredential()}, r"connections\.main\.credential"),
        ({"url": "https://x", "ca_bundle": "/absent.pem"}, r"connections\.main.*/absent\.pem"),
        (
            {"url": "https://x", "client_certificate": Tls(certificate="/absent.crt", key="/absent.key")},
            r"connections\.main.*/absent\.crt",
        ),
    ],
)
def test_settings_that_can_not_work_name_their_place(settings: dict[str, object], reason: str) -> None:
    with pytest.raises(ConnectionInvalid, match=reason) as caught:
        Upstreams().get("main", changed(**settings))
    assert "hush" not in str(caught.value)
