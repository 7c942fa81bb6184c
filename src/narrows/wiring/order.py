"""The order of the path of a call, in two visible tuples; each line says why it stands where it does."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from narrows.controls.access import Access
from narrows.controls.bounds import Bounds
from narrows.controls.media import Media
from narrows.controls.new_content import NewContent
from narrows.controls.output_cap import OutputCap
from narrows.controls.parameters import Parameters
from narrows.controls.prompt_rules import PromptRules
from narrows.controls.prompt_size import PromptSize
from narrows.engine.scan import Scan
from narrows.inspection.novelty import Sessions
from narrows.policy.tokens import EstimatingCounter
from narrows.ports.control import Control
from narrows.ports.inspector import Inspector
from narrows.wiring.approvals import NO_APPROVALS, ApprovalControls
from narrows.wiring.limits import NO_LIMITS, LimitControls
from narrows.wiring.plugged import NO_OWN, Own
from narrows.wiring.probing import NO_PROBING, ProbingControls

if TYPE_CHECKING:
    from narrows.controls.analyze import Analyze
    from narrows.controls.mask import Mask


NO_CONNECTIONS: Final[Mapping[str, int]] = MappingProxyType({})


def controls(
    inspector: Inspector,
    sessions: Sessions,
    mask: "Mask | None" = None,
    analyze: "Analyze | None" = None,
    probing: ProbingControls = NO_PROBING,
    own: Own = NO_OWN,
    output_defaults: Mapping[str, int] = NO_CONNECTIONS,
    limits: LimitControls = NO_LIMITS,
    approvals: ApprovalControls = NO_APPROVALS,
) -> tuple[tuple[Control, ...], tuple[Control, ...]]:
    """The controls in the order of the request, and those of the reply in its order. `mask`: None where no policy
    masks; `analyze`: None where none masks what plug-ins find; `sessions` knows what each has sent before; `probing`:
    what notices probing.
    `own`: what the configuration adds; `output_defaults`: the caps of connections, where a limit needs one and there is
    no other; `limits`: what counts calls, and what they come to; `approvals`: what asks people."""
    output_cap, media = OutputCap(), Media()
    bounds = Bounds(EstimatingCounter(), output_defaults, changed=bool(own.controls))
    new_content = NewContent(sessions, always=bool(own.controls))  # the operator's own are told, too
    masking: tuple[Control, ...] = () if mask is None else (mask,)
    analyzing: tuple[Control, ...] = () if analyze is None else (analyze,)
    classifying: tuple[Control, ...] = () if own.classify is None else (own.classify,)
    judging: tuple[Control, ...] = () if own.classify_replies is None else (own.classify_replies,)
    request: tuple[Control, ...] = (
        *probing.enumeration,  # first: who tries names is not told whether this is one
        Access(),  # nothing more is said to one who may not make the call at all
        *limits.throttle,  # before anything costs; who may not make the call is not counted
        Parameters(),  # what widens the call is settled before its texts are looked at
        PromptSize(),  # before the scan: a prompt over its limit is not worth scanning
        media,  # what can't be scanned is refused before the scan pretends to have seen everything
        *analyzing,  # before anything refuses for what a prompt says: only what was analysed can be recorded masked
        *probing.floods,  # before what refuses for what a prompt says: what it refuses was sent, too
        new_content,  # before what looks only at what is new
        *classifying,  # before the scan, which reads labels; only what is new is asked about
        Scan(inspector),  # once over every text; what follows reads its findings
        PromptRules(),  # denies on findings
        *approvals.seal,  # what people approve is bound to what was asked: before anything is replaced
        *own.controls,  # the operator's own: they see what was written, and need not see what the rules refuse
        *masking,  # after what reads the prompt as it was written; what follows, the record and the model see stand-ins
        *probing.replies,  # after masking: the reply is compared with the system text that the model sees
        *judging,  # has nothing to do yet; here it learns of the call
        output_cap,  # changes what is sent, never whether
        bounds,  # after all that changes the call: what it can come to is known of what is sent
        *approvals.approve,  # people see what will be sent; what waits for them holds nothing of any budget
        *approvals.cap,  # after those who set it
        *limits.reserve,  # last: nothing that refuses comes after it, and what it holds is for what is sent
    )
    reply: tuple[Control, ...] = (
        *limits.reserve,  # first: counts what was generated, whatever becomes of it
        output_cap,  # stops a reply that passes its cap, as it was generated
        *approvals.cap,  # so does this
        media,  # what can't be masked ends the reply before anything waits for its texts
        *probing.replies,  # as it was generated: what masking puts in, or holds back, would hide a repetition
        *analyzing,  # as it was generated; masking needs what it finds
        *judging,  # as it was generated; masking holds what it is asked about until it has answered
        *own.controls,  # the operator's own, as it was generated: what they change is masked as well
        *masking,  # nothing that changes a text may come between masking and the caller
        new_content,  # last: what comes back as history is what the caller received
    )
    return request, reply
