"""One attempt to sign in: what the browser is sent with, and which answers are taken."""

from urllib.parse import urlencode

import msgspec
import pytest

from narrows.client.authorization import Attempt, authorization_url, begin, code_of, is_answer
from narrows.client.failure import SignInFailed
from unit.client.world import IDP, ISSUER, PROVIDER, asked, challenge, counting

URI = "http://127.0.0.1:5000/callback"


def attempt() -> Attempt:
    return begin(URI, counting())


def query(**changes: str | None) -> str:
    usual = {"code": "c", "state": attempt().state, "iss": IDP}
    return urlencode({name: value for name, value in {**usual, **changes}.items() if value is not None})


def test_the_request_is_the_code_flow_with_pkce() -> None:
    made = attempt()
    said = asked(authorization_url(made, ISSUER, PROVIDER))
    assert said == {
        "response_type": "code",
        "client_id": "cli",
        "redirect_uri": URI,
        "scope": "openid offline_access",
        "state": made.state,
        "nonce": made.nonce,
        "code_challenge": challenge(made.verifier),
        "code_challenge_method": "S256",
    }
    assert len({made.state, made.nonce, made.verifier}) == 3
    assert all(len(part) == 43 for part in (made.state, made.nonce, made.verifier)), "RFC 7636: 43 to 128 characters"


def test_what_the_issuer_wants_besides_is_added_and_changes_nothing_else() -> None:
    issuer = msgspec.structs.replace(ISSUER, resource="urn:narrows", parameters={"prompt": "consent", "state": "mine"})
    said = asked(authorization_url(attempt(), issuer, PROVIDER))
    assert (said["resource"], said["prompt"], said["state"]) == ("urn:narrows", "consent", attempt().state)


def test_an_endpoint_with_a_query_keeps_it() -> None:
    provider = msgspec.structs.replace(PROVIDER, authorization_endpoint=f"{IDP}/a?tenant=1")
    assert authorization_url(attempt(), ISSUER, provider).startswith(f"{IDP}/a?tenant=1&response_type=code")


@pytest.mark.parametrize(
    "changes", [{"authorization_endpoint": None}, {"code_challenge_methods_supported": ("plain",)}]
)
def test_a_provider_that_cant_is_not_asked(changes: dict[str, object]) -> None:
    with pytest.raises(SignInFailed):
        authorization_url(attempt(), ISSUER, msgspec.structs.replace(PROVIDER, **changes))


def test_only_its_own_state_is_an_answer() -> None:
    state = attempt().state
    assert is_answer(query(), attempt())
    for other in (
        query(state="other"),
        query(state=""),
        query(state=None),
        query() + f"&state={state}",
        query(state=state.swapcase()),
        query(state="ü"),
        "",
        "state",
        "&".join("a=b" for _ in range(100)) + f"&state={state}",
    ):
        assert not is_answer(other, attempt())


def test_the_code_is_taken() -> None:
    assert code_of(query(), ISSUER, PROVIDER) == "c"
    assert code_of(query(iss=None), ISSUER, PROVIDER) == "c"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (query(iss="https://evil.test"), "mixed up"),
        (query(code=None), "no code"),
        (query(code=""), "no code"),
        (query() + "&code=d", "repeats"),
        (query(code=None, error="access_denied", error_description="no"), r"access_denied \(no\)"),
        (query(error="access_denied", iss="https://evil.test"), "mixed up"),
    ],
)
def test_any_other_answer_is_refused(said: str, why: str) -> None:
    with pytest.raises(SignInFailed, match=why):
        code_of(said, ISSUER, PROVIDER)


def test_a_provider_that_names_itself_must() -> None:
    """RFC 9207: without `iss` an answer could be that of another provider."""
    provider = msgspec.structs.replace(PROVIDER, authorization_response_iss_parameter_supported=True)
    assert code_of(query(), ISSUER, provider) == "c"
    with pytest.raises(SignInFailed, match="mixed up"):
        code_of(query(iss=None), ISSUER, provider)
