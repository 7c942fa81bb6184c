"""Access as it is shown: exact times, what was said, and what the reader may do."""

import msgspec

from narrows.console.accessing import Said
from narrows.console.grant_views import offer, outcome, token_view, view
from narrows.model.access import IssuedToken, Origin
from narrows.model.secret import Secret
from narrows.policy.access import standing
from unit.console.access import ALICE, AT, HOUR, approved, request, rules
from unit.console.world import visitor


def test_a_grant_says_all_of_itself() -> None:
    grant = standing(request(network=True, certificate="ab" * 32), [approved()], AT + 1)
    shown = msgspec.to_builtins(view(grant, visitor("alice")))
    assert (shown["state"], shown["own"], shown["may_decide"], shown["requester"]) == (
        "active",
        True,
        False,
        "corp:alice",
    )
    assert (shown["groups"], shown["seconds"], shown["approved_by"]) == (("corp:research",), 3600, ("corp:ana",))
    assert (shown["starts_at"], shown["ends_at"]) == ("2023-11-14T22:13:20Z", "2023-11-14T23:13:20Z")
    assert (shown["bound_to_network"], shown["certificate"]) == (True, "ab" * 32)
    assert shown["acts"] == ({"who": "corp:ana", "step": "approve", "at": "2023-11-14T22:13:20Z", "reason": "fine"},)
    assert outcome(Said(grant, recorded=True), visitor("ana")).recorded


def test_a_question_has_no_end_yet() -> None:
    shown = view(standing(request(), (), AT), visitor("ana"))
    assert (shown.starts_at, shown.ends_at, shown.may_decide, shown.by.groups) == (None, None, True, ("corp:security",))


def test_a_token_is_shown_to_whom_it_was_given() -> None:
    token = IssuedToken("tok_1", b"." * 32, Origin.GRANT, "grt_1", ALICE, AT, AT + HOUR)
    shown = token_view(token, Secret("nrw_at_x"))
    assert (shown.id, shown.token, shown.expires_at.isoformat()) == ("tok_1", "nrw_at_x", "2023-11-14T23:13:20+00:00")


def test_an_offer_is_a_rule_in_plain_words() -> None:
    small, large = (offer(rule) for rule in rules().rules)
    assert (small.needed, small.bound_to_network, small.bound_to_certificate) == (0, True, False)
    assert (large.needed, large.by.groups, large.message) == (1, ("corp:security",), "say which incident")
