"""Numba reads past the end of an array in silence, unless it is told to check every index.

``make bounds`` tells it so (``NUMBA_BOUNDSCHECK``), compiles everything apart, runs what drives the
kernels, and this file last: that the check acts, and that no kernel was left out.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import quorate
from quorate.core.kernel import cache_folder, kernel

ROOT = Path(quorate.__file__).parent
FLAG = "NUMBA_BOUNDSCHECK"
under_the_flag = pytest.mark.skipif(
    os.environ.get(FLAG) != "1", reason="only where every index is checked: make bounds"
)

BEYOND = """
import numpy as np
from quorate.core.kernel import inlined, kernel

@inlined
def there(x, row, column):
    return x[row, column]

@kernel
def total(x, rows):
    found = 0.0
    for row in range(rows):
        found += there(x, row, 0)
    return found

whole = np.ones((8, 2))
print(total(whole[:3], 3), flush=True)
total(whole[:3], 4)  # the row is there in memory, and not in the array
"""


def test_the_flag_makes_an_index_out_of_range_an_error():
    done = subprocess.run(
        [sys.executable, "-c", BEYOND],
        env=os.environ | {FLAG: "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.stdout, done.returncode) == ("3.0\n", 1)
    assert done.stderr.splitlines()[-1] == "IndexError: index is out of bounds"


@kernel
def at(x: np.ndarray, i: int) -> float:
    return x[i]


@under_the_flag
def test_every_index_is_checked_here():
    x = np.ones(8)[:3]
    assert at(x, 2) == at(x, -3) == 1.0  # from the end is within
    for i in (3, 7, -4):
        with pytest.raises(IndexError, match="out of bounds"):
            at(x, i)


def kernels() -> set[tuple[str, str]]:
    """Return every kernel by folder and name, as the cache files them."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            marks = getattr(node, "decorator_list", ())
            if any(
                isinstance(mark, ast.Name) and mark.id in {"kernel", "inlined"} for mark in marks
            ):
                folder = ".".join(path.parent.relative_to(ROOT).parts)
                found.add((folder, f"{path.stem}.{node.name}"))
    return found


def test_the_kernels_are_found():
    assert len(kernels()) > 300
    assert ("core.features", "build.span") in kernels()


@under_the_flag
def test_no_kernel_was_left_out():
    """Machine code with the check in it lies in a folder of its own, a file a kernel."""
    names = {
        (path.parent.name, path.name.partition("-")[0].removesuffix(".door"))
        for path in cache_folder().rglob("*.nbi")
    }
    assert sorted(kernels() - names) == []
