"""Whatever an upstream reports, a call settles at no less than nothing and no more than it held."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.amounts import ABSURD, LARGEST, PLACES, Seen, Terms, settle, usual, worst
from narrows.config.limits import ComputeWeight
from narrows.model.call import Asked, Call, Source
from narrows.model.limits import Budget, Limits, Per, Scope, Unit, Window
from narrows.model.plan import Plan
from narrows.model.price import Price, Rates
from narrows.model.principal import Credential, Principal
from narrows.model.reservation import Stage
from narrows.model.text import Opaque, Role, Text
from narrows.model.usage import Usage

RATES = Rates(1_000_000, 2_000_000, 500_000, 1_000_000, 1_000_000, 2_000_000)
PRICE = Price(((0, RATES),))
WEIGHTS = ComputeWeight(models=("*",), prompt_token=2, output_token=5, second=1_000)

counts = st.none() | st.integers(-(1 << 70), 1 << 70) | st.integers(0, 500)
usages = st.none() | st.builds(Usage, counts, counts, counts, counts, counts, counts, counts, counts)
sizes = st.integers(0, 100_000)
rates = st.builds(Rates, *[st.integers(0, 10**9)] * 6)
prices = st.none() | st.builds(
    lambda first, second, start, call: Price(((0, first), (start, second)), call, 5),
    rates, rates, st.integers(1, 300), st.integers(0, 10**9),
)  # fmt: skip
terms_of = st.builds(
    Terms, prices, st.none() | st.just(WEIGHTS), st.none() | st.integers(0, 1_000), st.integers(0, 10**9), st.booleans()
)


def call(bound: int | None = 100, cap: int | None = 50, operation: str = "chat", **asked: Any) -> Call:
    return Call(
        "call_1", "req_1", "s", 0, Principal("corp", "alice"), Credential("oidc", "jti", 1.0), Source("127.0.0.1"),
        "openai", "openai", "POST", "/v1", Asked(operation, "gpt", {}, **asked), "gpt", Plan("r"), 20, cap,
        prompt_bound=bound,
    )  # fmt: skip


calls = st.builds(
    lambda bound, cap, operation, choices, media, tools: call(
        bound,
        cap,
        operation,
        choices=choices,
        opaque=(Opaque("$", "", "", 0),) * media,
        parameters=frozenset({"server_tools"}) if tools else frozenset(),
    ),
    st.none() | st.integers(0, 300),
    st.none() | st.integers(-1, 300),
    st.sampled_from(["chat", "embeddings", "models", "count_tokens", "json"]),
    st.integers(0, 4),
    st.integers(0, 2),
    st.booleans(),
)


@given(
    calls, terms_of, st.sampled_from(Stage), usages, st.builds(Seen, sizes, sizes, st.booleans(), st.booleans(), sizes)
)
def test_nothing_settles_below_zero_or_above_what_was_held(
    this: Call, terms: Terms, stage: Stage, usage: Usage | None, seen: Seen
) -> None:
    held = worst(this, terms)
    result = settle(this, terms, held, stage, usage, seen)
    if result is None:
        assert stage is Stage.SENT
        return
    for amount, most in zip(result.vector, held.vector, strict=True):
        assert 0 <= amount <= (most or 0)
    if stage is not Stage.ANSWERED:
        assert not any(result.vector)
    if result.cost is not None and held.vector[0] is not None:
        assert result.cost == result.vector[0]


@given(st.integers(0, 100), st.integers(0, 50), st.integers(0, 100), st.integers(0, 100))
def test_what_is_reported_within_its_bounds_is_believed(prompt: int, output: int, cached: int, written: int) -> None:
    this, terms = call(), Terms(PRICE)
    result = settle(
        this, terms, worst(this, terms), Stage.ANSWERED, Usage(prompt, output, cached, cache_write=written), Seen()
    )
    assert result is not None
    assert result.vector[PLACES[Unit.PROMPT_TOKENS]] == prompt
    assert result.vector[PLACES[Unit.OUTPUT_TOKENS]] == output
    assert result.vector[PLACES[Unit.TOKENS]] == prompt + output


@given(st.none() | st.integers(0, 50), sizes, sizes, st.booleans(), st.booleans())
def test_no_less_is_settled_than_was_certainly_generated(
    reported: int | None,
    size: int,
    deltas: int,
    whole: bool,
    done: bool,
) -> None:
    this, terms = call(), Terms(PRICE)
    usage = None if reported is None else Usage(10, reported)
    result = settle(this, terms, worst(this, terms), Stage.ANSWERED, usage, Seen(size, deltas, whole, done))
    assert result is not None
    if whole:
        assert result.vector[PLACES[Unit.OUTPUT_TOKENS]] >= min(50, -(-size // 32))


def test_cached_tokens_cost_what_they_cost() -> None:
    this, terms = call(), Terms(PRICE)
    result = settle(this, terms, worst(this, terms), Stage.ANSWERED, Usage(100, 10, cached=80), Seen())
    assert result is not None
    assert result.cost == 20 + 40 + 20


def test_parts_of_a_prompt_that_was_not_reported_are_not_believed() -> None:
    this, terms = call(), Terms(PRICE)
    result = settle(this, terms, worst(this, terms), Stage.ANSWERED, Usage(None, 10, cached=80), Seen())
    assert result is not None
    assert result.cost == 20 + 20


@pytest.mark.parametrize("operation", ["models", "count_tokens"])
def test_what_runs_no_model_comes_to_one_call(operation: str) -> None:
    this = call(None, None, operation)
    held = worst(this, Terms())
    assert held.vector == (0, 0, 0, 0, 0, 1)
    result = settle(this, Terms(), held, Stage.ANSWERED, Usage(5, 5), Seen())
    assert result is not None
    assert (result.vector, result.cost) == ((0, 0, 0, 0, 0, 1), 0)


def test_embeddings_have_no_output() -> None:
    assert worst(call(100, None, "embeddings"), Terms(PRICE)).vector == (100, 100, 100, 0, None, 1)


def test_a_tier_of_long_prompts_is_reckoned_with() -> None:
    dear = Rates(5_000_000, 2_000_000, 500_000, 1_000_000, 1_000_000, 2_000_000)
    assert worst(call(), Terms(Price(((0, RATES), (90, dear))))).vector[0] == 500 + 100


def test_a_reason_is_given_for_what_has_no_bound() -> None:
    assert "how long" in worst(call(None), Terms()).reason
    assert "output" in worst(call(100, None), Terms()).reason
    assert "compute units" in worst(call(), Terms()).reason


@pytest.mark.parametrize("observe", [True, False])
def test_a_call_without_a_cap_is_reckoned_with_the_one_it_would_have_only_where_nothing_is_enforced(
    observe: bool,
) -> None:
    budget = Budget("p", Unit.TOKENS, Window(Per.DAY), Scope.USER, 1_000, observe=observe)
    about = msgspec.structs.replace(call(100, None, choices=2), plan=Plan("r", limits=Limits(budgets=(budget,))))
    assert worst(about, Terms(default=64)).vector[1] == (228 if observe else None)
    assert worst(about, Terms(default=64, capped=False)).vector[1] is None


def counted(usage: Usage | None, seen: Seen, terms: Terms = Terms(PRICE)) -> Usage | None:  # noqa: B008 - frozen
    this = call()
    result = settle(this, terms, worst(this, terms), Stage.ANSWERED, usage, seen)
    assert result is not None
    return result.counted


def test_what_was_counted_is_told_where_the_report_does_not_say_it() -> None:
    cut = Seen(size=80, deltas=7, done=False)
    assert counted(None, cut) == Usage(20, 20)
    assert counted(Usage(18, 1, cached=4), cut) == Usage(18, 20, cached=4)
    assert counted(Usage(-1, 5), Seen()) == Usage(20, 5)
    assert counted(Usage(18, 1 << 50), Seen(size=80)) == Usage(18, 20)
    assert counted(Usage(18, 1), Seen(size=640)) == Usage(18, 20)


def test_a_report_that_says_it_stands_alone_even_if_it_is_of_more_than_was_held() -> None:
    assert counted(Usage(18, 9), Seen()) is None
    assert counted(Usage(18, 30), Seen(size=80, done=False)) is None
    assert counted(Usage(500, 900), Seen()) is None


def test_what_the_server_adds_to_a_prompt_is_reserved_for_and_counts_where_nobody_reports() -> None:
    this, terms = call(), Terms(PRICE, overhead=700)
    held = worst(this, terms)
    assert held.vector[PLACES[Unit.PROMPT_TOKENS]] == 800
    assert held.vector[PLACES[Unit.TOKENS]] == 850
    reported = settle(this, terms, held, Stage.ANSWERED, Usage(790, 5), Seen())
    assert reported is not None
    assert (reported.vector[PLACES[Unit.PROMPT_TOKENS]], reported.counted) == (790, None)
    assert counted(None, Seen(), terms) == Usage(720, 0)
    pictured = worst(call(opaque=(Opaque("$", "", "", 0),)), Terms(PRICE, media=50, overhead=700))
    assert pictured.prompt == 850
    assert worst(call(operation="models"), terms).vector[PLACES[Unit.PROMPT_TOKENS]] == 0


@given(calls, rates, st.integers(0, 10**9), st.integers(0, 200))
def test_a_usual_call_comes_to_the_same_in_fewer_steps(this: Call, each: Rates, fee: int, overhead: int) -> None:
    flat = Terms(Price(((0, each),), fee, 5), overhead=overhead)
    tiered = Terms(Price(((0, each), (1 << 60, each)), fee, 5), overhead=overhead)
    assert (flat.flat is None, tiered.flat is None) == (False, True)
    assert msgspec.structs.replace(flat, compute=WEIGHTS).flat is None
    assert worst(this, flat) == worst(this, tiered)


@given(calls, rates, st.integers(0, 10**9), usages, sizes)
def test_a_usual_report_settles_at_the_same_in_fewer_steps(
    this: Call, each: Rates, fee: int, usage: Usage | None, size: int
) -> None:
    terms = Terms(Price(((0, each),), fee, 5))
    held = worst(this, terms)
    result = None if usage is None else usual(this, terms, held, usage, size)
    if result is not None:
        assert result == settle(this, terms, held, Stage.ANSWERED, usage, Seen(size=size))


def test_a_report_of_next_to_no_prompt_is_not_believed() -> None:
    this = call(bound=9_000, texts=(Text(Role.USER, "$.messages[0].content", "x" * 6_400),))
    this = msgspec.structs.replace(this, prompt_tokens=1_607)
    terms = Terms(PRICE)
    held = worst(this, terms)
    for told, settled in ((1, 200), (199, 200), (200, 200), (201, 201), (1_600, 1_600)):
        result = settle(this, terms, held, Stage.ANSWERED, Usage(told, 10), Seen(size=40))
        assert result is not None
        assert result.vector[PLACES[Unit.PROMPT_TOKENS]] == settled
        assert (result.counted is None) == (told >= 200)
        assert (usual(this, terms, held, Usage(told, 10), 40) is None) == (told < 201)


@pytest.mark.parametrize("choices", [1, (1 << 53) - 1])
@pytest.mark.parametrize("parameters", [frozenset(), frozenset({"n"})])
@pytest.mark.parametrize("rate", [1, (1 << 53) - 1])
def test_whatever_is_asked_for_what_is_held_is_an_integer_that_a_file_takes(
    choices: int, parameters: frozenset[str], rate: int
) -> None:
    this = call(cap=(1 << 53) - 1, choices=choices, parameters=parameters)
    dear = Terms(Price(((0, Rates(*[rate] * 6)),)), ComputeWeight(models=("*",), output_token=rate))
    held = worst(this, dear)
    assert held.output == ABSURD
    amounts = [amount for amount in held.vector if amount is not None]
    assert len(amounts) == 6
    assert max(amounts) <= LARGEST
    result = settle(this, dear, held, Stage.ANSWERED, None, Seen(whole=False))
    assert result is not None
    assert all(came <= most for came, most in zip(result.vector, amounts, strict=True))


def test_a_usual_call_at_an_absurd_price_is_held_at_the_most_there_is() -> None:
    rate = (1 << 53) - 1
    assert worst(call(cap=ABSURD), Terms(Price(((0, Rates(*[rate] * 6)),)))).vector[0] == LARGEST
