"""Refusals in SCIM's own form."""

from narrows.console.scim.faults import Fault, unknown, wrong_value


def test_a_refusal_says_its_status_as_a_text_and_why() -> None:
    assert wrong_value("no").body() == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": "400",
        "scimType": "invalidValue",
        "detail": "no",
    }
    assert "scimType" not in unknown("per_1").body()
    assert (unknown("per_1").code, Fault(409, "x", "uniqueness").code) == ("404", "uniqueness")
