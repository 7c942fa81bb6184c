"""A SCIM client of others' making, and its own tests of servers, against a console: all of them pass but where Narrows
does otherwise on purpose."""

import warnings

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from e2e.console.console import Console
from e2e.directory.conftest import TOKEN

ON_PURPOSE = {
    # Nobody is activated by leaving out whether they are.
    ("check_remove_attribute", "active"),
    # A group has nobody in it whom the directory does not know; these tests invent ids.
    ("check_add_attribute", "members"),
    ("check_replace_attribute", "members"),
}


@pytest.mark.soak
def test_another_implementation_finds_nothing_wrong(console: Console) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    with (
        warnings.catch_warnings(),
        httpx2.Client(base_url=f"{console.url}/scim/v2/corp", headers=headers, timeout=20, trust_env=False) as http,
    ):
        warnings.simplefilter("ignore")  # theirs
        client = SyncSCIMClient(http)
        client.discover()
        results = check_server(client)
    wrong = {
        (one.title, one.data.get("urn") if isinstance(one.data, dict) else None): one.reason
        for one in results
        if one.status not in (Status.SUCCESS, Status.SKIPPED)
    }
    assert set(wrong) == ON_PURPOSE, wrong
    assert sum(one.status is Status.SUCCESS for one in results) > 100
