"""The order of the path of a call, in two visible tuples; each line says why it stands where it does."""

from narrows.controls.access import Access
from narrows.controls.media import Media
from narrows.controls.output_cap import OutputCap
from narrows.controls.parameters import Parameters
from narrows.controls.prompt_rules import PromptRules
from narrows.controls.prompt_size import PromptSize
from narrows.engine.scan import Scan
from narrows.ports.control import Control
from narrows.ports.inspector import Inspector


def controls(inspector: Inspector) -> tuple[tuple[Control, ...], tuple[Control, ...]]:
    """The controls in the order of the request, and those of the reply in its order."""
    output_cap = OutputCap()
    request: tuple[Control, ...] = (
        Access(),  # first: nothing more is said to one who may not make the call at all
        Parameters(),  # what widens the call is settled before its texts are looked at
        PromptSize(),  # before the scan: a prompt over its limit is not worth scanning
        Media(),  # what can't be scanned is refused before the scan pretends to have seen everything
        Scan(inspector),  # once over every text; what follows reads its findings
        PromptRules(),  # denies on findings
        output_cap,  # last: changes what is sent, never whether
    )
    reply: tuple[Control, ...] = (
        output_cap,  # stops a reply that passes its cap
    )
    return request, reply
