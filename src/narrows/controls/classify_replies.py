"""Has classifiers say of the texts of a reply what rules on replies ask by `labels`.

A field of a stream is asked about when it has ended, and a whole reply alike: where a rule denies, masking has held
the field until then (`Side.holds`), so nothing of it has left. What a rule flags is noted. Asked about is what the
model says, its reasoning and the arguments of its calls as what they say, whatever escapes they are spelled with; of
strings that stand for themselves, those that are more than an id. A classifier that fails stops the reply, unless only
rules ask that stop nothing, or it need not answer. It must not know processes or a wire format.
"""

import functools
import re
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.dialects.fields import ENVELOPE_TEXT, ID, NUMBER, PADDING, grows, is_json
from narrows.masking.spotted import LONGEST, is_analyzed
from narrows.model.call import Call
from narrows.model.plan import Action, Plan, ReplyRule
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Verdict
from narrows.policy.labels import Given, Need, covers, needs, recalled
from narrows.policy.recent import Recent
from narrows.ports.classifier import Classification
from narrows.ports.control import Guard, Wait
from narrows.ports.plugin import PluginFailed

PLANS: Final = 512
"""Plans of which it is known what they ask for."""

GRACE: Final = 5.0
"""Seconds over all timeouts of the classifiers after which an answer is not waited for, whatever they do."""

STREAMS: Final = 512
"""Fields of a reply that are put together; of what begins beyond that, each piece is asked about by itself."""

_NO_TEXTS: Final = frozenset({"models"})
_NOT_SAID: Final = frozenset({ENVELOPE_TEXT, ID, PADDING, "signature", "logprobs", "event"})
_ESCAPES: Final = re.compile(r"(?:\\u[0-9A-Fa-f]{4})+|\\.", re.DOTALL)
_SHORT: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}

_Key = tuple[int, str]


class _Asked(msgspec.Struct, frozen=True):
    """What one plan asks for, and the rules that do."""

    plan: Plan
    needs: tuple[Need, ...]
    rules: tuple[ReplyRule, ...]


class ClassifyReplies:
    """The control for labels of replies."""

    name: Final = "classify_replies"

    def __init__(self, classifications: Sequence[Classification]) -> None:
        self._classifications = tuple(classifications)
        self._known: Recent[int, _Asked] = Recent(PLANS)

    def under(self, plan: Plan) -> "ClassifyReplies | None":
        """Nothing to do where no rule on replies names a label."""
        return self if plan.replies and self._of(plan).rules else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no rule on replies names a label, and in calls that the gate makes to classify a text:
        they would never end."""
        if not call.plan.replies or call.asked.operation in _NO_TEXTS or call.credential.kind == "gate":
            return None
        asked = self._of(call.plan)
        return _Classifying(asked) if asked.rules else None

    def _of(self, plan: Plan) -> _Asked:
        known = self._known.get(id(plan))
        if known is None or known.plan is not plan:
            rules = tuple(rule for rule in plan.replies if rule.labels)
            known = _Asked(plan, needs(self._classifications, rules), rules)
            self._known.put(id(plan), known)
        return known


class _Classifying:
    """One reply. Each rule that stops nothing, and each classifier that fails, is noted once."""

    __slots__ = ("_asked", "_began", "_noted", "_open", "_presumed", "_size")

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._open: dict[_Key, list[str]] = {}
        self._size = 0
        self._began = False
        self._noted: set[Note] = set()
        self._presumed: tuple[str, ...] | None = None
        for need in asked.needs:
            need.classification.enter()

    def presume(self, labels: Sequence[str]) -> None:
        """See `ports.classifier.Presuming`."""
        self._presumed = tuple(labels)

    def on_request(self, call: Call) -> Verdict:  # noqa: ARG002 - what a guard is told
        return PROCEED

    def on_event(self, event: Event) -> Deny | Wait[Deny | None] | None:
        whole = self._whole(event)
        if self._size > LONGEST or any(len(text) > LONGEST for text in whole):
            message = (
                f"the texts of the reply have more than {LONGEST:,} characters at a time, so it can't be classified"
            )
            return Deny(Code.CONTROL_FAILED, message, rule=self.rule)
        if not whole:
            return None
        asked, given = self._asked.needs, Given()
        if self._presumed is not None:
            return self._judge(event, whole, dict.fromkeys(whole, self._presumed))
        if recalled(asked, whole, given):
            return self._judge(event, whole, given)
        patience = sum(need.classification.timeout for need in asked) + GRACE
        return Wait(functools.partial(self._event, event, whole), patience)

    @property
    def rule(self) -> str:
        """What is named where nothing can be asked."""
        return self._asked.needs[0].rule if self._asked.needs else ClassifyReplies.name

    async def _event(self, event: Event, whole: dict[str, str | None]) -> Deny | None:
        texts = tuple(whole)
        given: Given = dict.fromkeys(texts, ())
        for need in self._asked.needs:
            try:
                answers = await need.classification.classify(texts)
            except PluginFailed as failed:
                if need.strict:
                    message = f"replies can't be judged: the classifier {need.classification.name!r} {failed}"
                    return Deny(Code.CONTROL_FAILED, message, policy=need.policy, rule=need.rule)
                self._note(event, Note(Code.CONTROL_FAILED, need.policy, need.rule))
                continue
            for text, labels in zip(texts, answers, strict=True):
                given[text] += labels
        return self._judge(event, whole, given)

    def _judge(self, event: Event, whole: dict[str, str | None], given: Given) -> Deny | None:
        """Notes what rules see that let it pass, once each; gives the refusal of the first that does not."""
        deny: Deny | None = None
        for text, place in whole.items():
            for rule in self._asked.rules:
                if not covers(rule, given[text]):
                    continue
                if not rule.stops:
                    flagged = rule.action is Action.FLAG
                    self._note(event, Note(Code.REPLY_DENIED, rule.policy, rule.name, flagged=flagged), place)
                elif deny is None:
                    deny = Deny(Code.REPLY_DENIED, rule.message, policy=rule.policy, rule=rule.name)
        return deny

    def _note(self, event: Event, note: Note, place: str | None = None) -> None:
        if note not in self._noted:
            self._noted.add(note)
            event.notes.append(msgspec.structs.replace(note, param=place))

    def _whole(self, event: Event) -> dict[str, str | None]:
        """The texts that are whole with an event, each once, and where the first of each stands."""
        found: dict[str, str | None] = {}
        whole, held = event.last and not self._began, self._open
        self._began = self._began or not event.hidden
        for delta in event.deltas:
            field, text = delta.field, delta.text
            if not text or field in _NOT_SAID or field.startswith(NUMBER):
                continue
            key = (delta.choice, field)
            # Elements of a list in any JSON that is there at once are not parts of one text, only named alike.
            if not grows(field) or (whole and field.startswith("$")):
                if is_analyzed(text) or grows(field):
                    _add(found, key, text)
            elif key in held or len(held) < STREAMS:
                held.setdefault(key, []).append(text)
                self._size += len(text)
            else:
                _add(found, key, text)
        for key in tuple(held) if event.last else event.ends:
            parts = held.pop(key, None)
            if parts is not None:
                text = "".join(parts)
                self._size -= len(text)
                _add(found, key, text)
        return found

    def on_finish(self) -> Deny | None:
        """What is still held belongs to fields that the upstream never ended; it is not sent."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:  # noqa: ARG002 - however it ended
        for need in self._asked.needs:
            need.classification.leave()


def _add(found: dict[str, str | None], key: _Key, text: str) -> None:
    choice, field = key
    if is_json(field):
        text = _ESCAPES.sub(_plain, text)
    if text.strip():
        # A field of any JSON is a path in which a key of the model's may stand: it is not told.
        place = None if field.startswith("$") else field if choice == 0 else f"{choice}:{field}"
        found.setdefault(text, place)


def _plain(escapes: re.Match[str]) -> str:
    """What escapes of JSON stand for."""
    spelled = escapes.group()
    if len(spelled) == 2:
        return _SHORT.get(spelled[1], spelled[1])
    units = "".join(chr(int(code, 16)) for code in spelled.split("\\u")[1:])
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
