"""The trail: every act that decides something, shows a prompt to somebody, or was refused for want of a role.

It owns what an act's row says. Lists and one's own identity are not acts. What can't be written here is not done.
"""

from collections.abc import Callable
from typing import TypeVar

from narrows.console.desk import Books
from narrows.console.problems import Refused
from narrows.console.scim.faults import Fault
from narrows.console.visitor import Visitor
from narrows.model.audit import Act, ActOutcome

T = TypeVar("T")


class Trail:
    """Writes what one visitor does. `now` gives Unix microseconds."""

    def __init__(self, visitor: Visitor, now: Callable[[], int]) -> None:
        self._visitor = visitor
        self._now = now

    def did(
        self, books: Books, action: str, target: str, outcome: ActOutcome = ActOutcome.DONE, code: str | None = None
    ) -> None:
        """Writes one row. Raises AuditUnavailable."""
        visitor = self._visitor
        books.audit.append(
            Act(
                at=self._now(),
                request_id=visitor.request_id,
                who=visitor.who,
                credential=visitor.credential,
                roles=visitor.named,
                address=visitor.address,
                action=action,
                target=target,
                outcome=outcome,
                code=code,
            )
        )

    def doing(self, books: Books, action: str, target: str, work: Callable[[], T]) -> T:
        """Does something that changes what is kept, between two rows: nothing is done that does not stand here."""
        done = begun(lambda outcome, code: self.did(books, action, target, outcome, code), work)
        self.did(books, action, target)
        return done


def begun(write: Callable[[ActOutcome, str | None], None], work: Callable[[], T]) -> T:
    """Does something once a row says that it was begun, and has another say why it came to nothing. That it is done is
    for the caller to write, who knows what came of it."""
    write(ActOutcome.BEGUN, None)
    try:
        return work()
    except (Refused, Fault) as refused:
        write(ActOutcome.REFUSED, refused.problem if isinstance(refused, Refused) else refused.code)
        raise
    except Exception as error:
        write(ActOutcome.FAILED, type(error).__name__)
        raise
