"""The console put together: a socket, a data directory, an issuer that signs, and what a reload changes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import yaml

from e2e.issuer import Issuer
from narrows.config.load import load
from narrows.model.revocation import Revoked
from narrows.stores.sqlite.audit import SqliteAudit
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.wiring.clock import SystemClock
from narrows.wiring.console import Console
from unit.identity.revoking import revocation


def settings(directory: Path, issuer: Issuer, **console: Any) -> Path:
    roles = {"admin": ["platform"], "user": ["*"]}
    path = directory / "narrows.yaml"
    config = {
        "store": "data",
        "console": {"listen": "127.0.0.1:0", "roles": roles, **console},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"openai": {"url": "https://x.example", "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {"name": "p", "who": {"groups": ["*"]}, "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]}}
        ],
    }
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(config), encoding="utf-8")
    fresh.replace(path)
    return path


@asynccontextmanager
async def running(path: Path) -> AsyncIterator[Console]:
    console = Console(load(path, {}), path, {})
    await console.start()
    try:
        yield console
    finally:
        await console.stop()


async def whoami(console: Console, token: str, scheme: str = "http", verify: Any = True) -> httpx.Response:
    async with httpx.AsyncClient(verify=verify) as client:
        url = f"{scheme}://127.0.0.1:{console.port}/api/v1/whoami"
        return await client.get(url, headers={"authorization": f"Bearer {token}"})


async def test_a_token_of_the_issuer_gets_in_and_another_does_not(tmp_path: Path) -> None:
    with Issuer() as issuer, Issuer() as stranger:
        async with running(settings(tmp_path, issuer)) as console:
            reply = await whoami(console, issuer.token("pat", ("platform",)))
            assert (reply.status_code, reply.json()["roles"]) == (200, ["admin", "user"])
            for token in (stranger.token("pat", ("platform",)), issuer.token("pat", lifetime=-3600), "nrw_x"):
                assert (await whoami(console, token)).status_code == 401


async def test_roles_that_are_taken_away_are_gone_within_a_moment(tmp_path: Path) -> None:
    with Issuer() as issuer:
        token = issuer.token("pat", ("platform",))
        async with running(settings(tmp_path, issuer)) as console:
            assert (await whoami(console, token)).json()["roles"] == ["admin", "user"]
            settings(tmp_path, issuer, roles={"user": ["*"]})
            await console.reload()
            assert (await whoami(console, token)).json()["roles"] == ["user"]


async def test_whoever_is_contained_is_out_and_in_again_when_that_is_lifted(tmp_path: Path) -> None:
    with Issuer() as issuer:
        token = issuer.token("pat", ("platform",))
        async with running(settings(tmp_path, issuer)) as console:
            assert (await whoami(console, token)).status_code == 200
            kept = SqliteRevocations(tmp_path / "data", SystemClock())
            kept.add([revocation(Revoked.USER, "corp:pat")])

            async def answered(status: int) -> str:
                async with asyncio.timeout(10):
                    while (reply := await whoami(console, token)).status_code != status:
                        await asyncio.sleep(0.01)
                return str(reply.json().get("code"))

            assert await answered(401) == "identity_contained"
            kept.lift("rev_1", "corp:ann", "a mistake")
            await answered(200)
            kept.close()


async def test_the_file_is_watched(tmp_path: Path) -> None:
    with Issuer() as issuer:
        token = issuer.token("pat", ("platform",))
        async with running(settings(tmp_path, issuer)) as console:
            settings(tmp_path, issuer, roles={})
            for _ in range(300):
                if (await whoami(console, token)).status_code == 403:
                    break
                await asyncio.sleep(0.02)
            else:
                pytest.fail("the roles are still in force")


async def test_a_broken_version_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Issuer() as issuer:
        token = issuer.token("pat", ("platform",))
        async with running(settings(tmp_path, issuer)) as console:
            settings(tmp_path, issuer, roles={"admin": ["*"]})
            with caplog.at_level(logging.ERROR, "narrows.console"):
                await console.reload()
            assert "would make everybody admin" in caplog.text
            assert (await whoami(console, token)).json()["roles"] == ["admin", "user"]


async def test_another_issuer_is_asked_once_it_is_configured(tmp_path: Path) -> None:
    with Issuer() as before, Issuer() as after:
        async with running(settings(tmp_path, before)) as console:
            settings(tmp_path, after)
            await console.reload()
            assert (await whoami(console, before.token("pat"))).status_code == 401
            assert (await whoami(console, after.token("pat"))).status_code == 200


async def test_another_address_is_for_the_next_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Issuer() as issuer:
        async with running(settings(tmp_path, issuer)) as console:
            settings(tmp_path, issuer, listen="127.0.0.1:1")
            await console.reload()
            assert "at its next start" in caplog.text


async def test_it_speaks_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    pair = authority.issue_cert("127.0.0.1")
    pair.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "pair.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with Issuer() as issuer:
        path = settings(tmp_path, issuer, tls={"certificate": "pair.pem", "key": "pair.pem"})
        async with running(path) as console:
            import ssl

            verify = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
            reply = await whoami(console, issuer.token("pat"), "https", verify)
            assert reply.status_code == 200
            assert "strict-transport-security" in reply.headers


async def test_what_stands_in_the_trail_is_in_the_data_directory(tmp_path: Path) -> None:
    with Issuer() as issuer:
        async with running(settings(tmp_path, issuer)) as console, httpx.AsyncClient() as client:
            url = f"http://127.0.0.1:{console.port}/api/v1/approvals/apr_1/approve"
            reply = await client.post(url, headers={"authorization": f"Bearer {issuer.token('ana')}"})
            assert reply.json()["code"] == "role_missing"
    audit = SqliteAudit(tmp_path / "data", SystemClock())
    (act,) = audit.newest(10)
    assert (act.who, act.action, act.target, act.code) == ("corp:ana", "approval.approve", "apr_1", "role_missing")
    audit.close()


async def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    with Issuer() as issuer:
        async with running(settings(tmp_path, issuer)) as first:
            path = settings(tmp_path, issuer, listen=f"127.0.0.1:{first.port}")
            second = Console(load(path, {}), path, {})
            with pytest.raises(OSError, match="in use"):
                await second.start()
            with pytest.raises(RuntimeError, match="not been started"):
                _ = second.port


async def test_nobody_with_a_role_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Issuer() as issuer:
        async with running(settings(tmp_path, issuer, roles={})):
            assert "nobody has a role" in caplog.text
