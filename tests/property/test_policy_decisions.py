"""The decision of the PolicySet, with its indexes and caches, against one written as plainly as the rules are told."""

import re
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from narrows.model.plan import Plan
from narrows.model.principal import Principal, Scope
from narrows.model.refusal import Code
from narrows.policy.explain import explain
from narrows.policy.globs import GlobSet
from narrows.policy.limits import each_limit, exhausted
from narrows.policy.personas import usual_credential
from narrows.policy.scope import Reach
from unit.policy.world import VOCABULARY, compiled, denying, limiting

# Few letters, so that globs and names meet; stars anywhere, so that they meet in odd ways.
globs = st.text("ab*", min_size=1, max_size=6)
models = st.text("ab", max_size=7) | st.sampled_from(["a" * 40, "ab" * 20, "*", "a*b", "\n", "A"])
groups = st.sampled_from(["a", "b", "ab", "ba", "corp:a", "partner:a", "aab"])
OPERATIONS = ("chat", "embeddings", "models", "count_tokens")
CONNECTIONS = ("openai", "claude")
PARAMETERS = ("n", "store")
PRESENTED = ("grant", "exchange", "login", "oidc", "service_account")

who_values = st.lists(
    globs.map(lambda glob: f"corp:{glob}") | globs.map(lambda glob: f"partner:{glob}"), min_size=1, max_size=3
)


@st.composite
def clauses(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(
        st.sets(
            st.sampled_from(["users", "groups", "attributes", "service_accounts", "credential"]), min_size=1, max_size=2
        )
    )
    clause: dict[str, Any] = {key: draw(who_values) for key in keys & {"users", "groups"}}
    if "attributes" in keys:
        clause["attributes"] = {
            draw(st.sampled_from(["corp:x", "partner:x"])): draw(st.lists(globs, min_size=1, max_size=2))
        }
    if "service_accounts" in keys:
        clause["service_accounts"] = draw(st.lists(globs, min_size=1, max_size=2))
    if "credential" in keys:
        clause["credential"] = draw(st.lists(st.sampled_from(PRESENTED), min_size=1, max_size=2))
    return clause


masks = st.fixed_dictionaries(
    {"entities": st.lists(st.sampled_from(["US", "PAYMENT", "US_SSN", "*PIN"]), min_size=1, max_size=2)},
    optional={
        "where": st.sampled_from([["prompt"], ["response"], ["prompt", "response"]]),
        "with": st.sampled_from(["redact", "partial", "hash", "block"]),
        "mode": st.sampled_from(["enforce", "observe"]),
    },
)


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    made = []
    for index in range(draw(st.integers(1, 6))):
        may: dict[str, Any] = {
            "connections": draw(st.lists(st.sampled_from([*CONNECTIONS, "*", "c*"]), min_size=1, max_size=2)),
            "operations": draw(st.lists(st.sampled_from([*OPERATIONS, "*"]), min_size=1, max_size=2)),
            "parameters": draw(st.lists(st.sampled_from(PARAMETERS), max_size=2)),
        }
        if draw(st.booleans()):
            may["models"] = draw(st.lists(globs, min_size=1, max_size=3))
        made.append(
            {
                "name": f"p{index}",
                "mode": draw(st.sampled_from(["enforce", "enforce", "observe"])),
                "who": draw(clauses()),
                "may": may,
                "limits": limiting(
                    output_tokens=index + 1,
                    mode=draw(st.sampled_from(["enforce", "observe"])),
                    calls=[f"{index + 1} / minute"] if draw(st.booleans()) else [],
                    budgets=["5 usd / day / user"] if draw(st.booleans()) else [],
                ),
                "prompts": [denying("x", mode=draw(st.sampled_from(["enforce", "observe"])))]
                if draw(st.booleans())
                else [],
                "mask": [draw(masks) for _ in range(draw(st.integers(0, 2)))],
                "media": draw(st.sampled_from(["refuse", "allow"])),
            }
        )
    return made


principals = st.builds(
    Principal,
    st.sampled_from(["corp", "partner"]),
    st.text("ab", min_size=1, max_size=4),
    groups=st.frozensets(groups, max_size=3),
    attributes=st.dictionaries(st.just("x"), st.lists(st.text("ab", max_size=3), max_size=2).map(tuple)),
) | st.builds(lambda name: Principal("narrows", name, kind="service_account"), st.text("ab", min_size=1, max_size=4))

presented = st.sampled_from([*PRESENTED, "opaque", "gate", None])
asks = st.tuples(principals, st.sampled_from(CONNECTIONS), st.sampled_from(OPERATIONS), st.none() | models, presented)


def covers(glob: str, value: str) -> bool:
    return re.fullmatch(".*".join(re.escape(piece) for piece in glob.split("*")), value, re.DOTALL) is not None


def any_covers(values: Sequence[str] | None, value: str) -> bool:
    return any(covers(glob, value) for glob in values or ())


def is_about(who: dict[str, Any], principal: Principal, credential: str | None) -> bool:
    person = principal.kind == "user"
    for key, wanted in who.items():
        if key == "users":
            met = person and any_covers(wanted, f"{principal.issuer}:{principal.subject}")
        elif key == "groups":
            met = any(any_covers(wanted, f"{principal.issuer}:{group}") for group in principal.groups)
        elif key == "credential":
            met = ("oidc" if credential == "opaque" else credential) in wanted
        elif key == "service_accounts":
            met = not person and any_covers(wanted, principal.subject)
        else:
            met = all(
                any(any_covers(values, value) for value in principal.attributes.get(claim.split(":")[1], ()))
                and claim.split(":")[0] == principal.issuer
                for claim, values in wanted.items()
            )
        if not met:
            return False
    return bool(who)


Asked = tuple[Principal, str, str, str | None, str | None]


def judge(about: list[dict[str, Any]], asked: Asked) -> tuple[Code | None, list[dict[str, Any]]]:
    """The refusal of these policies alone, if they cover the connection, and those of them that apply."""
    _, _, operation, model, _ = asked
    able = [policy for policy in about if any_covers(policy["may"]["operations"], operation)]
    if not able:
        return Code.OPERATION_NOT_ALLOWED, []
    applying = [policy for policy in able if model is None or any_covers(policy["may"].get("models"), model)]
    return (None, applying) if applying else (Code.MODEL_NOT_ALLOWED, [])


def expected(made: list[dict[str, Any]], asked: Asked) -> tuple[Code | None, list[str], list[str], bool]:
    """Refusal, granting policies, names of observing policies that apply, whether anything is enforced."""
    principal, connection, _, _, credential = asked
    about = [policy for policy in made if is_about(policy["who"], principal, credential)]
    here = [policy for policy in about if any_covers(policy["may"]["connections"], connection)]
    enforcing = [policy for policy in here if policy["mode"] == "enforce"]
    observing = [policy for policy in here if policy["mode"] == "observe"]
    watched = [policy["name"] for policy in judge(observing, asked)[1]] if observing else []
    if enforcing:
        code, granting = judge(enforcing, asked)
        return code, [policy["name"] for policy in granting], watched, True
    if observing:
        return None, [], watched, False
    return (Code.CONNECTION_NOT_ALLOWED if about else Code.NOT_PERMITTED), [], [], True


def restrictions(plan: Plan) -> tuple[set[Any], set[Any], set[Any]]:
    """Enforced limits, rules and masks."""
    limits: set[Any] = {
        (limit.policy, limit.value) for limit in (*plan.prompt_tokens, *plan.output_tokens) if not limit.observe
    }
    limits |= {limit for limit in each_limit(plan.limits) if not limit.observe}
    rules = {(rule.policy, rule.name) for rule in plan.rules if not rule.observe}
    return limits, rules, {mask for mask in plan.masks if not mask.observe}


def inspecting(policy: dict[str, Any]) -> bool:
    """Whether a policy reads prompts in force."""
    rules = [rule["deny"] for rule in policy["prompts"]]
    masks = [mask for mask in policy["mask"] if "prompt" in mask.get("where", ["prompt"])]
    return any(each.get("mode") != "observe" for each in (*rules, *masks))


def refused(plan: Plan) -> Code | None:
    return None if plan.refusal is None else plan.refusal.code


def has_limits(policy: dict[str, Any]) -> bool:
    return bool(policy["limits"]["calls"] or policy["limits"]["budgets"])


def limited(plan: Plan) -> list[str]:
    """The policies whose limits a plan has, in the order of its budgets and then its rates, each once."""
    order = [*plan.policies, *plan.observed]
    names = {limit.policy for limit in each_limit(plan.limits)}
    return [name for name in order if name in names]


TWO = ("corp", "partner")


@given(made=policies(), asked=st.lists(asks, min_size=1, max_size=12))
def test_cached_plans_are_the_decisions_the_rules_tell(made: list[dict[str, Any]], asked: list[Asked]) -> None:
    policy_set = compiled(*made, issuers=TWO)
    for ask in [*asked, *asked]:
        plan = policy_set.plan(*ask)
        code, granting, watched, enforced = expected(made, ask)
        assert refused(plan) is code
        if code is not None:
            continue
        by_name = {policy["name"]: policy for policy in made}
        assert list(plan.policies) == granting
        assert plan.enforced is enforced
        assert plan.parameters == {name for policy in granting for name in by_name[policy]["may"]["parameters"]}
        applying = [*granting, *watched]
        assert [limit.policy for limit in plan.output_tokens] == applying
        for limit in plan.output_tokens:
            policy = by_name[limit.policy]
            assert limit.observe is (policy["mode"] == "observe" or policy["limits"]["mode"] == "observe")
        assert limited(plan) == [name for name in applying if has_limits(by_name[name])]
        for one in each_limit(plan.limits):
            policy = by_name[one.policy]
            assert one.observe is (policy["mode"] == "observe" or policy["limits"]["mode"] == "observe")
        ruled = [name for name in applying if by_name[name]["prompts"]]
        assert [rule.policy for rule in plan.rules] == ruled
        assert [mask.policy for mask in plan.masks] == [name for name in applying for _ in by_name[name]["mask"]]
        for mask in plan.masks:
            policy = by_name[mask.policy]
            entry = policy["mask"][int(mask.name.removeprefix("mask[").removesuffix("]"))]
            assert mask.observe is ("observe" in (policy["mode"], entry.get("mode")))
            assert mask.entities == frozenset().union(*(VOCABULARY.resolve(name) for name in entry["entities"]))
            assert (mask.prompt, mask.response) == tuple(
                way in entry.get("where", ["prompt", "response"]) for way in ("prompt", "response")
            )
        minding = [name for name in granting if inspecting(by_name[name])]
        assert plan.inspects is bool(minding)
        assert list(plan.media_refusers) == [name for name in minding if by_name[name]["media"] == "refuse"]


@given(made=policies(), asked=st.lists(asks, min_size=1, max_size=8))
def test_a_warm_cache_answers_as_a_cold_one(made: list[dict[str, Any]], asked: list[Asked]) -> None:
    warm = compiled(*made, issuers=TWO)
    for ask in asked:
        warm.plan(*ask)
    for ask in asked:
        cold = compiled(*made, issuers=TWO).plan(*ask)
        told = warm.plan(*ask)
        assert (told.refusal, told.policies, told.observed, told.notes) == (
            cold.refusal,
            cold.policies,
            cold.observed,
            cold.notes,
        )
        assert restrictions(told) == restrictions(cold)


@given(made=policies(), ask=asks)
def test_observing_policies_never_change_what_is_enforced(made: list[dict[str, Any]], ask: Asked) -> None:
    enforcing = [policy for policy in made if policy["mode"] == "enforce"]
    if not enforcing:
        return
    alone = compiled(*enforcing, issuers=TWO).plan(*ask)
    together = compiled(*made, issuers=TWO).plan(*ask)
    if not together.enforced:
        assert refused(alone) in (Code.NOT_PERMITTED, Code.CONNECTION_NOT_ALLOWED)
        assert restrictions(together) == (set(), set(), set())
        return
    assert (refused(alone) is None) == (refused(together) is None)
    assert alone.policies == together.policies
    assert alone.parameters == together.parameters
    assert restrictions(alone) == restrictions(together)
    assert (alone.media, alone.inspects) == (together.media, together.inspects)


@given(made=policies(), more=policies(), ask=asks)
def test_another_enforcing_policy_never_loosens_or_takes_away(
    made: list[dict[str, Any]], more: list[dict[str, Any]], ask: Asked
) -> None:
    added = {**more[0], "name": "added", "mode": "enforce"}
    before = compiled(*made, issuers=TWO).plan(*ask)
    after = compiled(*made, added, issuers=TWO).plan(*ask)
    if before.refusal is not None or not before.enforced:
        return
    assert after.refusal is None
    for old, new in zip(restrictions(before), restrictions(after), strict=True):
        assert old <= new
    assert before.parameters <= after.parameters
    assert after.inspects or not before.inspects
    assert before.media or not after.media


@given(made=policies(), principal=principals, connection=st.sampled_from(CONNECTIONS), model=models, held=presented)
def test_a_model_is_listed_if_something_can_run_it(
    made: list[dict[str, Any]], principal: Principal, connection: str, model: str, held: str | None
) -> None:
    policy_set = compiled(*made, issuers=TWO)
    runs = any(
        policy_set.plan(principal, connection, operation, model, held).refusal is None
        for operation in ("chat", "embeddings")
    )
    assert policy_set.usable(principal, connection, held)(model) is runs


@given(made=policies(), own=st.booleans(), ask=asks, full=st.sets(st.sampled_from(["", *(f"p{n}" for n in range(6))])))
def test_what_is_refused_before_its_model_is_known_would_be_refused_with_it(
    made: list[dict[str, Any]], own: bool, ask: Asked, full: set[str]
) -> None:
    policy_set = compiled(*made, issuers=TWO, own=limiting(calls=["9 / minute"] if own else []))
    principal, connection, operation, _, credential = ask
    early = exhausted(policy_set.rates(principal, connection, operation, credential), lambda rate: rate.policy in full)
    plan = policy_set.plan(*ask)
    if early is not None:
        late = {rate.policy for rate in plan.limits.rates if not rate.observe and rate.policy in full}
        assert plan.refusal is not None or late
    # What applies whatever the model is refuses at once: the gateway's own, and a policy that permits every model.
    if plan.refusal is None and own and "" in full:
        assert early is not None
    for name in set(plan.policies) & full:
        policy = next(policy for policy in made if policy["name"] == name)
        enforced = policy["limits"]["calls"] and policy["limits"]["mode"] == "enforce"
        if enforced and any(not glob.strip("*") for glob in policy["may"].get("models", ())):
            assert early is not None


@given(made=policies(), ask=asks)
def test_an_explanation_agrees_with_the_decision(made: list[dict[str, Any]], ask: Asked) -> None:
    policy_set = compiled(*made, issuers=TWO)
    *asked, credential = ask
    said = explain(policy_set, *asked, credential=credential)
    plan = policy_set.plan(*asked, credential or usual_credential(ask[0]))
    assert said.allowed is (plan.refusal is None)
    applying = {answer.policy for answer in said.policies if answer.applies and answer.mode == "enforce"}
    if plan.refusal is None and plan.enforced:
        assert applying == set(plan.policies)
    else:
        assert applying == set()


@given(texts=st.lists(globs | st.just(""), max_size=8), value=models)
def test_many_globs_answer_as_each(texts: list[str], value: str) -> None:
    together = GlobSet(texts)
    matched = together.matched(value)
    assert {together.texts[index] for index in matched} == {text for text in texts if covers(text, value)}
    assert together.covers(value) is bool(matched)


scopes = st.builds(
    Scope,
    st.lists(globs | st.sampled_from(CONNECTIONS), min_size=1, max_size=2).map(tuple),
    st.lists(globs, max_size=2).map(tuple),
    st.lists(st.sampled_from([*OPERATIONS, "c*"]), min_size=1, max_size=2).map(tuple),
)


@given(scope=scopes, ask=asks)
def test_a_scope_covers_what_its_globs_do(scope: Scope, ask: Asked) -> None:
    _, connection, operation, model, _ = ask
    reach = Reach(scope)
    inside = (
        any_covers(scope.connections, connection)
        and any_covers(scope.operations, operation)
        and (model is None or any_covers(scope.models, model))
    )
    deny = reach.exceeded(connection, operation, model)
    assert (deny is None) is inside
    assert deny is None or deny.code is Code.SCOPE_EXCEEDED
    assert model is None or reach.shows(model) is any_covers(scope.models, model)
