"""The settings of access that is given for a time, and of what every credential of a program must have."""

from typing import Annotated

from msgspec import Meta

from narrows.config.exchange import Accounts, Exchange
from narrows.config.setting import Setting


class Access(Setting, frozen=True, kw_only=True):
    """Access that ends by itself."""

    exchange: Annotated[
        tuple[Exchange, ...],
        Meta(description="Whose tokens workloads exchange for one of Narrows, the first rule first."),
    ] = ()
    accounts: Annotated[Accounts, Meta(description="What every service account must have.")] = Accounts()
