"""What is known of a prompt's tokens without the model's tokenizer: an estimate for limits, and a bound for money.

The *estimate*: for each text one token for every four bytes of UTF-8, rounded up, and four for its frame (role,
separators); three more for the start of the reply. English and code come out slightly high, other scripts about right,
since a character of theirs takes two to four bytes.

The *bound*: the bytes of the request's body, less those of opaque parts, and an allowance. A token stands for at least
one byte of what the model reads, and what it reads is the body, in another frame:

- Texts stand in a body with at least as many bytes as in UTF-8: an escape of JSON is never shorter than what it stands
  for.
- A message's frame in JSON (`{"role":"user","content":""},`, 28 bytes) is longer than any chat template's is in tokens
  (3 to 8). The same holds for a tool call, and for the reply's own beginning, which has `"messages":[]` in its place.
- Schemas are written anew by some servers, with indents or as types of another language. That is no more tokens than
  their JSON has bytes: each name, with its quotes, colon and comma, is several bytes longer than it is tokens, and an
  indent, however deep, is a token or two.
- Token ids given as numbers have at least two bytes each.
- What servers add of their own is covered by `CALL`, and with tools by `TOOLS`: dates and fixed preambles (Llama 3.1:
  25 tokens, gpt-oss: about 70), and the instructions that come with tools: at most 530 for Claude, and 245 to 735 for
  each tool that it has learnt (shell, editor, computer). A server whose template puts in a system prompt of several
  hundred tokens by default where a request has none (some of Mistral's and Cohere's do) adds more than that to a very
  short prompt.

It is no bound where the prompt goes on from what the provider keeps; such calls have none.
"""

from collections.abc import Sequence
from typing import Final

from narrows.model.call import Asked
from narrows.model.text import Role, Text
from narrows.policy.patterns import encode

BYTES_PER_TOKEN: Final = 4
FRAME: Final = 4
REPLY: Final = 3
_ROUND_UP: Final = BYTES_PER_TOKEN - 1

CALL: Final = 64
TOOLS: Final = 3_072
_TOOL: Final = Role.TOOL_DEFINITION


class EstimatingCounter:
    """The `TokenCounter` that knows no tokenizer."""

    __slots__ = ()

    def prompt(self, texts: Sequence[Text]) -> int:
        """ceil(bytes / 4) + 4 for each text, + 3."""
        total = REPLY
        for text in texts:
            value = text.value
            total += ((len(value) if value.isascii() else len(encode(value))) + _ROUND_UP) // BYTES_PER_TOKEN + FRAME
        return total

    def bound(self, asked: Asked, size: int) -> int:
        """Bytes of the body without its opaque parts, + 64, + 3,072 where it has tools."""
        for part in asked.opaque:
            size -= part.length
        for text in asked.texts:
            if text.role is _TOOL:
                return max(size, 0) + CALL + TOOLS
        return max(size, 0) + CALL
