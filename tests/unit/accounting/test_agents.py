"""Agents of one identity are told apart by what stays the same while each of them runs."""

import pytest

from narrows.accounting.agents import agent, label, labels
from narrows.model.call import Source
from narrows.model.principal import Credential, Principal

ALICE = Principal("corp", "alice")
ROBOT = Principal("narrows", "ci", "service_account")


def of(source: Source, principal: Principal = ALICE, credential: Credential | None = None) -> str:
    return agent(principal, credential or Credential("oidc", "jti-1", 1.0), source)


def test_a_renewed_token_is_the_same_agent() -> None:
    source = Source("10.0.0.7", "curl/8.0")
    assert of(source) == of(source, credential=Credential("oidc", "jti-2", 2.0))


def test_two_keys_of_one_service_account_are_two_agents() -> None:
    source = Source("10.0.0.7", declared_agent="planner")
    one, other = (of(source, ROBOT, Credential("service_account", key, 1.0)) for key in ("k1", "k2"))
    assert one != other
    assert label(one) == label(other) == "planner"


def test_two_clients_of_one_user_are_two_agents_where_the_issuer_says_so() -> None:
    source = Source("10.0.0.7", "curl/8.0")
    one, other = (of(source, Principal("corp", "alice", attributes={"azp": (client,)})) for client in ("cli", "ide"))
    assert one != other


@pytest.mark.parametrize(
    "other", [Source("10.0.0.8", "curl/8.0"), Source("10.0.0.7", "curl/8.1"), Source("10.0.0.7", declared_agent="a")]
)
def test_containers_behind_one_token_are_agents_of_their_own(other: Source) -> None:
    assert of(Source("10.0.0.7", "curl/8.0")) != of(other)


def test_a_declared_agent_may_come_from_anywhere() -> None:
    here, there = Source("10.0.0.7", "a", declared_agent="planner"), Source("10.0.0.8", "b", declared_agent="planner")
    assert of(here) == of(there)


def test_no_name_is_taken_for_what_was_seen() -> None:
    seen = of(Source("10.0.0.7", "curl/8.0"))
    assert of(Source("x", declared_agent="10.0.0.7\x1fcurl/8.0")) != seen
    assert of(Source("x", declared_agent=seen)) != seen


def test_a_label_is_a_name_or_a_user_agent_and_where_it_comes_from() -> None:
    assert label(of(Source("10.0.0.7", declared_agent="planner"))) == "planner"
    assert label(of(Source("10.0.0.7", "curl/8.0"))) == "curl/8.0 from 10.0.0.7"
    assert label(of(Source("10.0.0.7"))) == "an agent without a name from 10.0.0.7"


def test_a_label_is_one_short_line() -> None:
    assert label(of(Source("h", declared_agent="a\nb" + "c" * 200))) == "a�b" + "c" * 77 + "…"


def test_agents_that_look_alike_are_counted() -> None:
    named = [of(Source("h", declared_agent="a"), ROBOT, Credential("service_account", str(n), 1.0)) for n in range(2)]
    assert labels((*named, of(Source("h", declared_agent="b")))) == "a (2 times), b"


def test_a_long_list_ends() -> None:
    assert labels(tuple(of(Source("h", declared_agent=str(n))) for n in range(12))).endswith("8, 9 and 2 more")
