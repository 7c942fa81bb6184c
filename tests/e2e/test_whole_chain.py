"""Nothing stands in for anything: a real OpenID provider, the official SDKs, the gate, and llama.cpp's own server."""

from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

from e2e.conftest import PLATFORM, RESEARCH, SUPPORT
from e2e.gate import Gate
from e2e.oidc_provider.provider import OidcProvider, oidc_provider

__all__ = ["oidc_provider"]

HELLO: Any = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def chain(oidc_provider: OidcProvider, llama: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A gate between the provider's users and the model."""
    none = {"none": True}
    settings = {
        "identity": {"issuers": [oidc_provider.settings(introspection=oidc_provider.introspection())]},
        "connections": {
            "llama": {"url": llama, "dialect": "openai", "credential": none},
            "claude": {"url": llama, "dialect": "anthropic", "credential": none},
        },
        "policies": [RESEARCH, SUPPORT, PLATFORM],
    }
    gate = Gate(tmp_path_factory.mktemp("chain"), settings)
    gate.start()
    yield gate
    gate.stop()


def test_an_openai_call_with_a_token_of_the_provider(chain: Gate, oidc_provider: OidcProvider) -> None:
    asked: Any = {"model": "tiny", "messages": HELLO, "max_tokens": 8, "temperature": 0}
    token = oidc_provider.token("alice")
    with openai.OpenAI(base_url=f"{chain.url}/llama/v1", api_key=token, max_retries=0) as client:
        assert client.chat.completions.create(**asked).choices[0].message.content is not None
        pieces = client.chat.completions.create(**asked, stream=True)
        assert [piece.choices[0].finish_reason for piece in pieces][-1] is not None


def test_an_anthropic_call_with_a_token_of_the_provider(chain: Gate, oidc_provider: OidcProvider) -> None:
    token = oidc_provider.token("carol")
    with anthropic.Anthropic(base_url=f"{chain.url}/claude", auth_token=token, api_key=None, max_retries=0) as client:
        reply = client.messages.create(model="tiny", max_tokens=8, messages=HELLO, extra_body={"temperature": 0})
    assert reply.type == "message"


def test_a_user_of_another_group_is_kept_to_its_policy(chain: Gate, oidc_provider: OidcProvider) -> None:
    token = oidc_provider.token("bob")
    with (
        openai.OpenAI(base_url=f"{chain.url}/llama/v1", api_key=token, max_retries=0) as client,
        pytest.raises(openai.PermissionDeniedError) as refused,
    ):
        client.chat.completions.create(model="other", messages=HELLO)
    assert refused.value.code == "model_not_allowed"


def test_an_opaque_token_is_introspected_and_worthless_once_revoked(chain: Gate, oidc_provider: OidcProvider) -> None:
    revoked, kept = (oidc_provider.token("alice", "urn:narrows:opaque") for _ in range(2))
    oidc_provider.revoke("alice", revoked)
    statuses = [
        httpx.get(
            f"{chain.url}/llama/v1/models",
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=30,
        ).status_code
        for token in (revoked, kept)
    ]
    assert statuses == [401, 200]


def test_a_token_for_somebody_else_is_no_credential(chain: Gate, oidc_provider: OidcProvider) -> None:
    token = oidc_provider.token("alice", "urn:other")
    with (
        openai.OpenAI(base_url=f"{chain.url}/llama/v1", api_key=token, max_retries=0) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.models.list()


def test_new_keys_of_the_provider_are_learnt(chain: Gate, oidc_provider: OidcProvider) -> None:
    oidc_provider.rotate(keep=True)
    reply = httpx.get(
        f"{chain.url}/llama/v1/models",
        headers={"authorization": f"Bearer {oidc_provider.token('alice')}"},
        trust_env=False,
        timeout=30,
    )
    assert reply.status_code == 200, reply.text
