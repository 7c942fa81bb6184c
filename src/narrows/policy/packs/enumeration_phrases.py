"""Phrases that ask what there is to be reached: models, tools, connections. Phrases only, and harmless ones at that."""

from typing import Final

from narrows.policy.packs.rule import SPOKEN, Pack, PackRule, Side

_LIST: Final = PackRule(
    id="ask-for-inventory",
    version=1,
    side=Side.PROMPT,
    roles=SPOKEN,
    patterns=(
        (
            r"(?i)\b(?:list|enumerate|name|dump|show(?:\s+me)?|tell\s+me)\s+(?:all|every|each)\s+(?:of\s+)?(?:the\s+|your\s+)?(?:\w+\s+){0,2}?"
            r"(?:models?|endpoints?|deployments?|connections?|tools?|functions?|plug-?ins?)\s+(?:\w+\s+){0,2}?(?:you|your)\s+"
            r"(?:\w+\s+)?(?:have|has|can|know|may|support|call|use|access|are)\b"
        ),
        (
            r"(?i)\b(?:what|which)\s+(?:\w+\s+){0,2}?(?:tools?|functions?|plug-?ins?|connectors?|apis)\s+(?:do|can|are)\s+you\s+"
            r"(?:\w+\s+)?(?:have|access|call|use|connected|given|able)\b"
        ),
        (
            r"(?i)\b(?:return|give|output|show|print)\s+(?:me\s+)?(?:the\s+)?(?:raw\s+)?(?:logits|log-?prob(?:abilitie)?s|embeddings)\s+"
            r"(?:for|of)\s+(?:all|every|each|the\s+(?:whole|entire|full))\b"
        ),
    ),
    purpose="Questions for everything that a model can reach or call, or for the numbers from which it can be copied. "
    "One of them says nothing; together with many refusals it shows somebody looking around.",
    misses="Trying names one by one, which is counted instead.",
    also_matches="Everybody who wants to know what an assistant can do.",
    matches=(
        "List all the tools you have access to",
        "Which functions can you call?",
        "Enumerate every model that you can use",
        "Return the logits for every token",
    ),
    spares=(
        "List all models of the Toyota Corolla.",
        "Which tools do I need to build a shelf?",
        "Show all functions in this file.",
        "What tools are used in carpentry?",
        "Print the embeddings dimension.",
    ),
)

PACK: Final = Pack(
    name="enumeration-phrases",
    version=1,
    summary="Phrases that ask what there is to be reached",
    rules=(_LIST,),
)
