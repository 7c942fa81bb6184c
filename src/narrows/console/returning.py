"""Tokens that are handed back (RFC 7009): whoever has a token of Narrows may end it, and need show nothing else.

It owns what that does: a revocation of this one token, between two rows in the trail. Of a token that is not known, or
in force no more, nothing is done and nothing is said. It knows nothing of HTTP.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final

from narrows.console.audit import begun
from narrows.console.desk import Books
from narrows.console.exchanging import Caller
from narrows.identity.containment import revoking
from narrows.identity.token_form import ACCESS_TOKEN, id_within
from narrows.model.access import IssuedToken
from narrows.model.audit import Act, ActOutcome
from narrows.model.revocation import Revoked

REASON: Final = "handed back"


def hand_back(books: Books, token: str, caller: Caller, now: Callable[[], int]) -> bool:
    """Ends the token; False where there is none that is in force. Raises TokensUnavailable, RevocationsUnavailable and
    AuditUnavailable."""
    issued = _found(books, token)
    if issued is None or issued.expires <= now() or _ended(books, issued):
        return False
    begun(
        lambda outcome, code: books.audit.append(_act(issued, caller, now(), outcome, code)),
        lambda: books.revocations.add([revoking(Revoked.TOKEN, issued.id, issued.principal.key, REASON, now())]),
    )
    books.audit.append(_act(issued, caller, now(), ActOutcome.DONE))
    return True


def _found(books: Books, token: str) -> IssuedToken | None:
    ident = id_within(ACCESS_TOKEN, token)
    issued = None if ident is None else books.tokens.get(f"tok_{ident}")
    # The id is in records for others to read; only who has the whole token may end it.
    known = issued is not None and hmac.compare_digest(issued.digest, sha256(token.encode()).digest())
    return issued if known else None


def _ended(books: Books, issued: IssuedToken) -> bool:
    """So that handing back again and again writes nothing."""
    return any(one.kind is Revoked.TOKEN and one.subject == issued.id for one in books.revocations.standing())


def _act(issued: IssuedToken, caller: Caller, at: int, outcome: ActOutcome, code: str | None = None) -> Act:
    return Act(
        at=at,
        request_id=caller.request_id,
        who=issued.principal.key,
        credential=issued.id,
        roles=(),
        address=caller.address,
        action="token.return",
        target=issued.id,
        outcome=outcome,
        code=code,
    )
