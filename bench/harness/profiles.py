"""What a gate is asked to do beside the spine: nothing, every mask, two hundred prompt rules, limits, or all of it.

The rules are of the kinds that organisations write, and each is different: code names and customers in word lists,
host names, ticket numbers, phrasings, commands, kinds of documents. They look at new content and at every decoded
view, as rules do by default. Nothing in the corpus breaks one, since a refused call would measure nothing. The limits
are those of a team with a budget in money and one in tokens, a rate, and caps on what runs at once; none is reached.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Any

RULES = 200

LIMITS: Mapping[str, Any] = {
    "budgets": ["100000 usd / day / user", "900000000000 tokens / month / group"],
    "calls": "100000000 / minute",
    "concurrent": {"calls": 5000, "agents": 100},
}
PRICES: Mapping[str, Any] = {"models": ["*"], "input": 0.15, "output": 0.6, "cached": 0.075}
"""What the model costs, so that money can be counted."""

_BIRDS = (
    "nightjar", "bittern", "dunlin", "godwit", "whimbrel", "garganey", "smew", "hoopoe", "wryneck", "ortolan",
    "dotterel", "phalarope", "gannet", "fulmar", "kittiwake", "guillemot", "razorbill", "shearwater", "turnstone",
    "sanderling", "redshank", "greenshank", "lapwing", "corncrake", "spoonbill", "goshawk", "merlin falcon", "osprey",
    "twite", "brambling", "fieldfare", "waxwing", "crossbill", "chiffchaff", "dunnock", "goldcrest", "nuthatch",
    "treecreeper", "yellowhammer", "stonechat",
)  # fmt: skip
_PLACES = (
    "Aldermere", "Brockhurst", "Calderwick", "Dunmarsh", "Elverton", "Farrowgate", "Grimsdale", "Hollowmoor",
    "Inverlake", "Kestrelby", "Langshaw", "Marrowford", "Netherby", "Oxcombe", "Penhallow", "Quarrington",
    "Ravensworth", "Saltmarsh", "Thornholme", "Underbank", "Vennacher", "Westerdale", "Yarrowdene", "Zeal Monachorum",
)  # fmt: skip
_BUSINESSES = ("Holdings", "Insurance", "Foundries", "Bank")
_COMMANDS = (
    r"rm\s+-rf\s+/(?:etc|var|home)", r"drop\s+(?:table|database)\s+prod_\w+", r"mkfs\.\w+\s+/dev/\w+",
    r"kubectl\s+delete\s+(?:ns|namespace)\s+\S+", r"terraform\s+destroy\s+-auto-approve",
    r"git\s+push\s+(?:-f|--force)\s+origin\s+(?:main|master)", r"aws\s+s3\s+rb\s+s3://\S+\s+--force",
    r"truncate\s+table\s+ledger_\w+", r"dd\s+if=/dev/zero\s+of=/dev/sd[a-z]", r"chmod\s+-R\s+777\s+/",
    r"revoke\s+all\s+on\s+ledger", r"shutdown\s+-h\s+now\s+prod", r"systemctl\s+stop\s+payments?",
    r"iptables\s+-F\s+INPUT", r"helm\s+uninstall\s+billing", r"flushall\s+async\s+prod",
    r"delete\s+from\s+customers\s+where\s+1\s*=\s*1", r"gcloud\s+projects\s+delete\s+\S+",
    r"az\s+group\s+delete\s+--yes", r"vault\s+secrets\s+disable\s+\S+",
)  # fmt: skip
_VERBS = ("ignore", "forget", "disregard", "override", "bypass", "skip", "drop", "set aside", "overrule", "discard")
_TARGETS = ("instructions", "rules you were given", "system prompt", "guardrails", "safety policy")


class Profile(Enum):
    """What beside the spine a gate has to do."""

    NONE = "none"
    MASKS = "masks"
    RULES = "rules"
    LIMITS = "limits"
    ALL = "all"

    @property
    def suffix(self) -> str:
        """What is added to the names of rows."""
        return {
            Profile.NONE: "",
            Profile.MASKS: ", every detector on",
            Profile.RULES: f", {RULES} rules on",
            Profile.LIMITS: ", limits on",
            Profile.ALL: f", every detector, {RULES} rules and limits on",
        }[self]

    @property
    def masks(self) -> bool:
        return self in (Profile.MASKS, Profile.ALL)

    def apply(self, policy: dict[str, Any]) -> None:
        """Adds to a policy what the profile asks for."""
        if self.masks:
            policy["mask"] = [{"entities": ["PII", "PAYMENT", "HEALTH", "SECRETS"], "where": ["prompt", "response"]}]
        if self in (Profile.RULES, Profile.ALL):
            policy["prompts"] = [*policy["prompts"], *islice(_rules(), RULES - len(policy["prompts"]))]
        if self in (Profile.LIMITS, Profile.ALL):
            policy["limits"] = {**policy["limits"], **LIMITS}


def _rules() -> Iterator[dict[str, Any]]:
    """More than enough of them, kinds mixed."""
    kinds = [
        _named("codename", [rf"(?i)\b(?:project|operation|code ?name)[ _-]?{bird}\b" for bird in _BIRDS]),
        _named("host", [rf"\b[a-z0-9-]{{2,40}}\.{place.lower().split()[0]}\.(?:corp|intra)\b" for place in _PLACES]),
        _named("ticket", [rf"\b{place[:4].upper()}-[0-9]{{5,8}}\b" for place in _PLACES]),
        _named("customers", [[f"{place} {business}" for business in _BUSINESSES] for place in _PLACES]),
        _named("command", [f"(?i){command}" for command in _COMMANDS]),
        _named(
            "phrase",
            [rf"(?i)\b{verb}\s+(?:all\s+|any\s+|your\s+|the\s+|previous\s+)+{target}"
             for verb in _VERBS for target in _TARGETS],
        ),
        _named("document", [[f"{bird} {kind}" for kind in ("term sheet", "board minutes", "cap table", "bid book")]
                            for bird in _BIRDS]),
    ]  # fmt: skip
    while kinds:
        for kind in list(kinds):
            rule = next(kind, None)
            if rule is None:
                kinds.remove(kind)
            else:
                yield rule


def _named(kind: str, wanted: list[str] | list[list[str]]) -> Iterator[dict[str, Any]]:
    """Rules of one kind; every fourth only flags."""
    for number, what in enumerate(wanted):
        match = {"pattern": what} if isinstance(what, str) else {"words": what}
        action = "flag" if number % 4 == 3 else "deny"
        yield {action: {**match, "name": f"{kind}-{number}"}}
