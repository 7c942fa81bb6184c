"""What one call comes to, by unit: at worst, before it is sent, and in the end.

At worst: the prompt's bound, and the tokens for its opaque parts and for what the server adds, and for each reply it
may ask for the output cap; money by the dearest reckoning of that; compute units by the connection's weights, with the
longest time an upstream may take. What has no bound has no amount, and a reason why. Listing models and counting tokens
runs no model: that comes to one call and nothing else.

In the end, by how far the call came and what the upstream reported:

| stage | reported | it comes to |
|---|---|---|
| held, failed | | nothing: no call, no tokens, no money |
| sent, and no answer began | | unknown: it stays held, and settles at its bound later |
| answered, done | plausible | what was reported, but no less than certainly was said and generated |
| answered, done | missing, negative or absurd | the prompt's estimate, and the output as counted |
| answered, not done | plausible | the larger of that and the output as counted: reports of cut replies begin at 1 |
| answered, its texts not seen | missing | the bound: it was read apart, cut before it was read, or holds media |

- *Plausible* is a whole number from 0 to `ABSURD`; what is above the bound is cut to it, so no settlement is more than
  what was held, whatever an upstream claims. Parts of a prompt (cached, written to a cache, audio) count where the
  whole was reported, and no more of them than the whole.
- *Certainly* said or generated is one token for 32 bytes of UTF-8 (`said`); *as counted* is one token for four bytes,
  and at least one for each delta that has text. Reasoning that the upstream keeps to itself is in neither.
- Tools that the provider runs cost what their price says is the most; how often they ran is not reported alike.
- Seconds of upstream time are those from the reservation to the ending, rounded up in millionths of a unit.

Pure: times are given.
"""

from typing import Final

import msgspec

from narrows.accounting import pricing
from narrows.accounting.said import DOUBT, USUAL_TOKEN, said
from narrows.config.limits import ComputeWeight
from narrows.model.call import Call
from narrows.model.limits import NOTHING_GENERATED, NOTHING_RUN, Limits, Unit
from narrows.model.price import PICO_PER_MICRO, Price, Rates
from narrows.model.reservation import Stage
from narrows.model.usage import LONGEST_TOKEN, Usage

ABSURD: Final = 1 << 40
"""No call has so many tokens: whoever reports more reports nothing, and whoever asks for more asks for this."""

LARGEST: Final = 1 << 60
"""The most that is held of a unit: above every limit, and not above what files and databases take for an integer."""

SECOND: Final = 1_000_000

PLACES: Final = {unit: place for place, unit in enumerate(Unit)}
"""Where the amount of a unit stands in a vector."""

Vector = tuple[int, ...]
"""Amounts by the places of their units."""

_USD, _TOKENS, _PROMPT, _OUTPUT, _COMPUTE, _CALLS = range(6)
_OF_OUTPUT: Final = frozenset({Unit.USD, Unit.TOKENS, Unit.OUTPUT_TOKENS, Unit.COMPUTE})
_NOTHING: Final[Vector] = (0, 0, 0, 0, 0, 0)
_ONE_CALL: Final[Vector] = (0, 0, 0, 0, 0, 1)

_ELSEWHERE: Final = (
    ("stored_prompt", "the prompt is stored with the provider"),
    ("stored_files", "the prompt refers to files that are stored with the provider"),
)


class Terms(msgspec.Struct, frozen=True, eq=False):
    """What calls of one model over one connection are reckoned by. `media` is the most tokens that an opaque part
    counts as, None: nobody knows; `longest` the microseconds that the upstream may take; `capped`: the model takes an
    output cap. `default` is the cap that a call without one would have if the limits that only observe it were
    enforced. `overhead` is the most that the model server adds to a prompt, in tokens. `flat` is found from the
    others: the price, where a usual call is reckoned by that alone."""

    price: Price | None = None
    compute: ComputeWeight | None = None
    media: int | None = None
    longest: int = 0
    capped: bool = True
    default: int | None = None
    overhead: int = 0
    flat: pricing.Flat | None = None

    def __post_init__(self) -> None:
        plain = self.compute is None and self.capped
        msgspec.structs.force_setattr(self, "flat", pricing.flat(self.price) if plain else None)


class Worst(msgspec.Struct, frozen=True, gc=False):
    """What a call comes to at most. `vector` has None where there is no bound, and `why_prompt` and `why_output` say
    why; `unpriced`: it has no price; `tools`: the provider may run tools of its own in it."""

    vector: tuple[int | None, ...]
    prompt: int | None = 0
    output: int | None = 0
    why_prompt: str = ""
    why_output: str = ""
    unpriced: bool = False
    tools: bool = False

    @property
    def reason(self) -> str:
        """Why something has no bound."""
        return self.why_prompt or self.why_output or "the connection declares no compute units for this model"


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What the gate itself saw of a reply: bytes of generated text, deltas with text; `whole`: nothing was hidden from
    it; `done`: the reply came to its end. `microseconds` are from the reservation to the ending."""

    size: int = 0
    deltas: int = 0
    whole: bool = True
    done: bool = True
    microseconds: int = 0


class Result(msgspec.Struct, frozen=True, gc=False):
    """What a call came to; `cost` is in millionths of a dollar, None where there is no price. `counted` are the tokens
    that it came to where the upstream reported none, not all of them or nonsense; None: what was reported says it."""

    vector: Vector
    cost: int | None
    counted: Usage | None = None


def needs_cap(limits: Limits) -> bool:
    """Whether an enforced limit counts what a reply may come to, so that no call may go without a cap."""
    return (
        any(budget.unit in _OF_OUTPUT and not budget.observe for budget in limits.budgets)
        or any(rate.unit in _OF_OUTPUT and not rate.observe for rate in limits.rates)
        or any(not cap.observe for cap in limits.costs)
    )


def worst(call: Call, terms: Terms) -> Worst:
    """What a call comes to at most, as the controls left it."""
    asked = call.asked
    operation = asked.operation
    if operation in NOTHING_RUN:
        return _FREE
    prompt, why_prompt = call.prompt_bound, ""
    flat, most = terms.flat, call.output_cap
    if (
        flat is not None
        and most is not None
        and prompt is not None
        and asked.choices == 1
        and not (asked.opaque or asked.parameters or asked.references)
        and 0 <= most <= ABSURD
        and prompt >= 0
        and operation not in NOTHING_GENERATED
    ):
        # As nearly all calls are: the same as below, in fewer steps.
        prompt += terms.overhead
        pico = flat.prompt_most * prompt + flat.output_most * most + flat.call
        usd = -(-pico // PICO_PER_MICRO)
        return Worst((usd if usd < LARGEST else LARGEST, prompt + most, prompt, most, None, 1), prompt, most)
    if asked.opaque or asked.parameters or asked.references:
        prompt, why_prompt = _prompt(call, terms)
    elif prompt is None:
        why_prompt = _UNKNOWN
    else:
        prompt += terms.overhead
    cap, why_output = call.output_cap, ""
    if cap is None and not needs_cap(call.plan.limits):
        cap = terms.default
    output: int | None = None
    if operation in NOTHING_GENERATED:
        output = 0
    elif cap is None or not terms.capped:
        why_output = "its output can't be capped"
    else:
        output = min(max(cap, 0) * max(asked.choices, 1), ABSURD)
    tools = "server_tools" in asked.parameters
    price, tokens, cost = terms.price, None, None
    if prompt is None or output is None:
        cost = None if price is None else _cost(price, prompt, output, tools=tools)
    else:
        tokens = prompt + output
        cost = None if price is None else pricing.worst(price, prompt, output, tools=tools)
    compute = None if terms.compute is None else _compute(terms, prompt, output, terms.longest)
    cost = None if cost is None else min(cost, LARGEST)
    compute = None if compute is None else min(compute, LARGEST)
    return Worst(
        (cost, tokens, prompt, output, compute, 1), prompt, output, why_prompt, why_output, price is None, tools
    )


def _prompt(call: Call, terms: Terms) -> tuple[int | None, str]:
    """The bound of a prompt that is not only text of its own, or why there is none."""
    asked = call.asked
    if call.prompt_bound is None:
        return None, _UNKNOWN
    if asked.references:
        return None, "the prompt goes on with a conversation that is stored with the provider"
    for parameter, why in _ELSEWHERE:
        if parameter in asked.parameters:
            return None, why
    if "server_tools" in asked.parameters and (terms.price is None or terms.price.tools is None):
        return None, "the provider may run tools of its own, and what they cost is not declared (`tools` of a price)"
    bound = call.prompt_bound + terms.overhead
    if not asked.opaque:
        return bound, ""
    if terms.media is None:
        return None, "it has images, audio or files, and how many tokens one counts as is not declared (`media_tokens`)"
    return bound + terms.media * len(asked.opaque), ""


def _cost(price: Price, prompt: int | None, output: int | None, *, tools: bool) -> int | None:
    """What a call costs at most. What is free needs no bound: many endpoints are paid by the call."""
    if prompt is None and not any(_reads(rates) for _, rates in price.tiers):
        prompt = 0
    if output is None and not any(rates.output or rates.audio_output for _, rates in price.tiers):
        output = 0
    return pricing.worst(price, prompt, output, tools=tools)


def _reads(rates: Rates) -> bool:
    """Whether a token of the prompt costs something."""
    long = rates.cache_write_long
    return any((rates.prompt, rates.cached, rates.cache_write, rates.audio_prompt, long))


def _compute(terms: Terms, prompt: int | None, output: int | None, microseconds: int) -> int | None:
    """Millionths of compute units; None where there are no weights, or one of a count without a bound."""
    weights = terms.compute
    if weights is None:
        return None
    if (prompt is None and weights.prompt_token) or (output is None and weights.output_token):
        return None
    time = -(-weights.second * microseconds // SECOND)
    return weights.prompt_token * (prompt or 0) + weights.output_token * (output or 0) + time


def settle(call: Call, terms: Terms, held: Worst, stage: Stage, usage: Usage | None, seen: Seen) -> Result | None:
    """What a call came to, never more than it held; None: unknown. `usage` is what the upstream reported."""
    if stage is Stage.HELD or stage is Stage.FAILED:
        return Result(_NOTHING, None if terms.price is None else 0)
    if stage is Stage.SENT:
        return None
    if call.asked.operation in NOTHING_RUN:
        return Result(_ONE_CALL, 0)
    counted: Usage | None = None
    if usage is not None and _believed(call, held, usage, seen):
        used = usage
    else:
        used = _used(call, terms, held, usage, seen)
        counted = None if usage is not None and _tells(usage, used) else used
    prompt, output = used.prompt or 0, used.completion or 0
    usd, tokens, _, _, units, _ = held.vector
    cost = None if terms.price is None else pricing.cost(terms.price, used, tools=held.tools)
    if cost is not None and usd is not None and cost > usd:
        cost = usd
    compute = None if terms.compute is None else _compute(terms, prompt, output, seen.microseconds)
    return Result(
        (
            0 if cost is None or usd is None else cost,
            0 if tokens is None else prompt + output,
            0 if held.prompt is None else prompt,
            0 if held.output is None else output,
            0 if compute is None or units is None else min(compute, units),
            1,
        ),
        cost,
        counted,
    )


def usual(call: Call, terms: Terms, held: Worst, usage: Usage, size: int) -> Result | None:
    """As `settle`, for a call that was answered to the end, with so many bytes of text, and whose report there is no
    reason to doubt; None: ask `settle`."""
    flat, prompt, output = terms.flat, usage.prompt, usage.completion
    if (
        flat is None
        or prompt is None
        or output is None
        or held.prompt is None
        or held.output is None
        or prompt < 0
        or output < 0
        or prompt > held.prompt
        or output > held.output
        or output * LONGEST_TOKEN < size
        or prompt * DOUBT < call.prompt_tokens
        or usage.cached
        or usage.cache_write
        or usage.audio_prompt
        or usage.audio_completion
        or held.tools
        or held is _FREE
    ):
        return None
    cost = -(-(flat.prompt * prompt + flat.output * output + flat.call) // PICO_PER_MICRO)
    return Result((cost, prompt + output, prompt, output, 0, 1), cost)


def _tells(usage: Usage, used: Usage) -> bool:
    """Whether a report says all that a call came to; one of more than was held is billed all the same."""
    prompt, completion = _plausible(usage.prompt), _plausible(usage.completion)
    return (
        prompt is not None
        and completion is not None
        and prompt >= (used.prompt or 0)
        and completion >= (used.completion or 0)
    )


def _believed(call: Call, held: Worst, usage: Usage, seen: Seen) -> bool:
    """Whether a report is taken as it is, as nearly all are. Parts that can't be are left to `pricing`."""
    prompt, output = usage.prompt, usage.completion
    return (
        prompt is not None
        and output is not None
        and held.prompt is not None
        and held.output is not None
        and 0 <= prompt <= held.prompt
        and 0 <= output <= held.output
        and seen.done
        and output * LONGEST_TOKEN >= seen.size
        and (prompt * DOUBT >= call.prompt_tokens or prompt >= said(call))
    )


def _used(call: Call, terms: Terms, held: Worst, usage: Usage | None, seen: Seen) -> Usage:
    """The counts that a call settles by, where there is something not to be believed."""
    told = _NONE if usage is None else usage
    prompt, completion = _plausible(told.prompt), _plausible(told.completion)
    if completion is None:
        completion = _counted(call, held, seen)
    elif seen.done:
        completion = max(completion, _certain(seen))
    elif seen.whole:
        completion = max(completion, _counted(call, held, seen))
    if held.output is not None:
        completion = min(completion, held.output)
    if prompt is None:
        prompt = call.prompt_tokens + terms.overhead + (terms.media or 0) * len(call.asked.opaque)
        told = _NONE if usage is None else Usage(audio_completion=usage.audio_completion)
    elif prompt * DOUBT < call.prompt_tokens:
        prompt = max(prompt, said(call))
    if held.prompt is not None:
        prompt = min(prompt, held.prompt)
    return msgspec.structs.replace(told, prompt=prompt, completion=completion)


def _plausible(count: int | None) -> int | None:
    return count if count is not None and 0 <= count <= ABSURD else None


def _certain(seen: Seen) -> int:
    """Tokens that were generated whatever the tokenizer."""
    return -(-seen.size // LONGEST_TOKEN)


def _counted(call: Call, held: Worst, seen: Seen) -> int:
    """An estimate of the tokens that were generated; the bound where the gate did not see all of them."""
    if call.asked.operation in NOTHING_GENERATED:
        return 0
    if not seen.whole and held.output is not None:
        return held.output
    return max(-(-seen.size // USUAL_TOKEN), seen.deltas)


_NONE: Final = Usage()
_UNKNOWN: Final = "how long the prompt is at most is not known"
_FREE: Final = Worst(_ONE_CALL)
