"""What a provider's directory says takes effect at the gate: in by a group, out by one word, open streams included."""

import threading
from contextlib import closing

from e2e.directory.conftest import Provider, person, research
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import until
from e2e.revocation.conftest import Caller


def test_groups_of_the_directory_decide_at_once(
    gate: Gate, issuer: Issuer, provider: Provider, callers: list[Caller]
) -> None:
    ann = person(gate, issuer, callers, "ann", groups=("research",))
    assert ann.ask() == "not_permitted"  # whatever tokens say
    user = research(provider, "ann")
    until(lambda: ann.ask() is None)
    team = provider.team("research")
    provider.patch(f"/Groups/{team}", {"op": "Remove", "path": "members", "value": [{"value": user}]})
    until(lambda: ann.ask() == "not_permitted")


def test_who_is_deactivated_is_out_with_all_they_own_until_they_are_back(
    gate: Gate, issuer: Issuer, provider: Provider, callers: list[Caller]
) -> None:
    user = research(provider, "eve")
    eve, max_ = person(gate, issuer, callers, "eve"), person(gate, issuer, callers, "max")
    research(provider, "max")
    (made,) = gate.rows("keys", "create", "eves-robot", "--owner", "corp:eve", "--purpose", "tests")
    robot = Caller(gate, made["key"])
    callers.append(robot)
    until(lambda: (eve.ask(), robot.ask(), max_.ask()) == (None, None, None))
    response, pieces = eve.stream(), []

    def read() -> None:
        with closing(response):
            pieces.extend(response.iter_raw())

    thread = threading.Thread(target=read)
    thread.start()
    provider.active(user, "False")
    until(lambda: (eve.ask(), robot.ask()) == ("identity_contained", "identity_contained"))
    thread.join(10)
    assert not thread.is_alive()
    assert b"identity_contained" in b"".join(pieces)
    assert max_.ask() is None
    provider.active(user, value=True)
    until(lambda: (eve.ask(), robot.ask()) == (None, None))
    assert provider.client.delete(f"/Users/{user}").status_code == 204
    until(lambda: (eve.ask(), robot.ask()) == ("identity_contained", "identity_contained"))
