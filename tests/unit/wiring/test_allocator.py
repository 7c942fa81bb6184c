import subprocess
import sys

import pytest

GROWN = """
import ctypes, sys
from narrows.wiring.allocator import settle
if sys.argv[1] == "settled":
    print(settle())
library = ctypes.CDLL(None)
fields = [(name, ctypes.c_size_t) for name in "abcdefghij"]
library.mallinfo2.restype = type("Info", (ctypes.Structure,), {"_fields_": fields})
for _ in range(2):
    block = bytes(8 << 20)
    del block
block = bytes(4 << 20)
print(library.mallinfo2().e >= 4 << 20)
"""


@pytest.mark.parametrize("how", ["settled", "left alone"])
def test_large_blocks_stay_the_systems_own(how: str) -> None:
    """`hblkhd` of mallinfo2: bytes in blocks of their own; by itself the library soon takes them from its heap."""
    run = subprocess.run([sys.executable, "-c", GROWN, how], capture_output=True, text=True, check=False)
    if "mallinfo2" in run.stderr:
        pytest.skip("not the GNU C library")
    assert run.stdout.split() == (["True", "True"] if how == "settled" else ["False"]), run.stderr
