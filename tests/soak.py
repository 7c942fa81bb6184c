"""How much longer the slow tier takes its loops than the fast one."""

import os
from typing import Final

SOAK: Final = int(os.environ.get("NARROWS_SOAK", "1"))
"""1 in `scripts/test`; `.ci/soak` says 10. Tests whose examples are dear take so many times their number."""
