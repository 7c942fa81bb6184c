"""Numbers of a request: which of them are texts, and how they are spelled.

A number stands where a text can stand: a card is `4111111111111111` as well as `"4111111111111111"`. So wherever the
caller chooses what is there, and wherever no dialect knows what is there, numbers are texts like strings. They are not
where the API itself says that a number belongs: an upstream takes nothing else there, and no model reads it as text.
"""

import re
from typing import Any, Final

import msgspec
from msgspec import Raw

PART_NUMBERS: Final = frozenset(
    {
        # places, counts and times in parts of messages and in definitions of tools
        "budget_tokens", "chunk_overlap_tokens", "compact_threshold", "content_index", "created", "created_at",
        "display_height", "display_height_px", "display_number", "display_width", "display_width_px",
        "document_index", "end_block_index", "end_char_index", "end_index", "end_page_number", "exit_code",
        "expires_at", "height", "index", "logprob", "logprobs", "max_characters", "max_chunk_size_tokens",
        "max_content_tokens", "max_num_results", "max_output_length", "max_results", "max_search_results", "max_uses",
        "output_compression", "output_index", "partial_images", "score", "score_threshold", "scroll_x", "scroll_y",
        "search_result_index", "sequence_number", "start_block_index", "start_char_index", "start_index",
        "start_page_number", "summary_index", "timeout", "timeout_ms", "top_logprobs", "ttl", "width", "x", "y",
        # vectors
        "audio_embeds", "bytes", "image_embeds", "video_embeds",
    }
)  # fmt: skip
"""Members of messages, their parts and definitions that hold numbers, or lists of them."""

API_NUMBERS: Final = PART_NUMBERS | frozenset(
    {
        # sampling and its limits
        "best_of", "dimensions", "dry_allowed_length", "dry_base", "dry_multiplier", "dry_penalty_last_n",
        "dynatemp_exponent", "dynatemp_range", "frequency_penalty", "length_penalty", "logit_bias",
        "max_completion_tokens", "max_new_tokens", "max_output_tokens", "max_tokens", "max_tool_calls", "min_keep",
        "min_p", "min_tokens", "mirostat", "mirostat_eta", "mirostat_tau", "n", "n_cmpl", "n_keep", "n_predict",
        "n_probs", "num_beams", "num_ctx", "num_keep", "num_predict", "presence_penalty", "priority",
        "prompt_logprobs", "repeat_last_n", "repeat_penalty", "repetition_penalty", "seed", "temperature", "tfs_z",
        "top_a", "top_k", "top_n_sigma", "top_p", "truncate_prompt_tokens", "typical_p", "xtc_probability",
        "xtc_threshold",
        # tokens and vectors
        "allowed_token_ids", "bad_words_ids", "embedding", "embeddings", "eos_token_id", "input_ids", "pad_token_id",
        "prompt_embeds", "prompt_token_ids", "stop_token_ids", "token_ids",
    }
)  # fmt: skip
"""Members of requests that hold numbers, lists of numbers, or an object whose values are numbers."""

SCHEMA_NUMBERS: Final = frozenset(
    {
        "exclusiveMaximum", "exclusiveMinimum", "maxContains", "maxItems", "maxLength", "maxProperties", "maximum",
        "minContains", "minItems", "minLength", "minProperties", "minimum", "multipleOf",
    }
)  # fmt: skip
"""Keywords of JSON Schema that hold a number (JSON Schema Validation, draft 2020-12)."""

FEW: Final = 4
"""Numbers of a list that are texts one by one. A longer list of nothing but numbers, or of such lists, is one text: a
vector has thousands, and a record that names each place would be no shorter than the vector."""

_SHORT: Final = 512
"""Characters of the source of nested lists that are not worth being one text."""

_NUMBERS: Final = re.compile(rb"[\[\],0-9.eE+-]*")
_encode: Final = msgspec.json.Encoder().encode


def literal(value: Any) -> str | None:
    """A number, `true` or `false` as JSON spells it; None for anything else. A `Raw` is a number that kept its literal:
    before a request is read, it holds no other."""
    kind = type(value)
    if kind is int:
        return str(value)
    if kind is bool:
        return "true" if value else "false"
    if kind is float:
        return _encode(value).decode()
    return bytes(value).decode() if kind is Raw else None


def long_source(value: list[Any]) -> str | None:
    """The source of a long list of numbers, or of lists of them; None for any other list. Whether it is worth a look
    its first leaf tells, so that lists of anything else cost nothing."""
    leaf: Any = value
    while type(leaf) is list and leaf:
        leaf = leaf[0]
    if type(leaf) not in (int, float, Raw) or (len(value) <= FEW and type(value[0]) is not list):
        return None
    source = _encode(value)
    if len(value) <= FEW and len(source) <= _SHORT:
        return None
    return source.decode() if _NUMBERS.fullmatch(source) is not None else None
