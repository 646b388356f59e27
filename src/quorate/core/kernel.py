"""The one door to Numba: how every kernel is compiled, and where the machine code is kept.

In: a plain typed function over arrays and scalars. Out: the same function, compiled on first
call. The flags are fixed here because bytes depend on them: no ``fastmath`` (fused operations
differ between processors), no ``parallel`` and no SVML (sums and functions change with width).
A function that makes no array is compiled without reference counts: it borrows its arrays from
its caller, and each record of arrays handed on costs neither time nor compile time. Numba's own
cache key misses callees in other files, so the cache folder is named by a hash of all kernel
source, of Numba's version and of every ``NUMBA_`` flag.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGE = Path(__file__).resolve().parent.parent
_COMPILED = ("core", "backtest", "statistics")
_READ_BY_KERNELS = (b"import kernel", b"NamedTuple", b"IntEnum")


def source_hash() -> str:
    """Return a hash of what the machine code depends on: kernel sources and Numba's flags.

    Examples
    --------
    >>> len(source_hash())
    16
    """
    digest = hashlib.blake2b(digest_size=8)
    for folder in _COMPILED:
        for path in sorted((_PACKAGE / folder).rglob("*.py")):
            source = path.read_bytes()
            # outside the core a file without kernels, records or codes reaches no machine code
            if folder == "core" or any(word in source for word in _READ_BY_KERNELS):
                digest.update(path.relative_to(_PACKAGE).as_posix().encode())
                digest.update(source)
    for name in sorted(os.environ):
        if name.startswith("NUMBA_") and name != "NUMBA_CACHE_DIR":
            digest.update(f"{name}={os.environ[name]}".encode())
    return digest.hexdigest()


def _cache_root() -> Path:
    """Return the folder for machine code: ``QUORATE_CACHE_DIR``, else the user's cache folder."""
    chosen = os.environ.get("QUORATE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    return (Path(chosen) if chosen else Path.home() / ".cache") / "quorate" / "kernels"


def cache_folder() -> Path:
    """Return where this version's machine code is kept."""
    return Path(os.environ["NUMBA_CACHE_DIR"])


os.environ.setdefault("NUMBA_DISABLE_INTEL_SVML", "1")
os.environ["NUMBA_CACHE_DIR"] = str(_cache_root() / source_hash())

import numba  # noqa: E402  (its cache folder is read at import)

# and again for a process that had imported Numba before us
setattr(numba.config, "CACHE_DIR", os.environ["NUMBA_CACHE_DIR"])  # noqa: B010

# no C callback is ever made of a kernel, so none is compiled
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}

# a function that calls one of these owns memory; Numba refuses to compile any other that does
_ALLOCATORS = frozenset(
    ("arange", "argsort", "array", "copy", "empty", "empty_like", "full", "ones", "sort", "zeros")
)

Function = TypeVar("Function", bound="Callable[..., Any]")


def kernel(function: Function) -> Function:
    """Compile a function under the numerical rules of the core.

    Parameters
    ----------
    function : Callable
        A function of NumPy arrays, NamedTuples of them and scalars. It never raises: it
        returns reason codes. Division by zero follows IEEE 754 (inf or NaN).

    Returns
    -------
    Callable
        The compiled function, with the same signature; the plain one is ``.py_func``.

    Examples
    --------
    >>> @kernel
    ... def double(x: float) -> float:
    ...     return 2.0 * x
    >>> double(21.0)
    42.0
    """
    owns = not _ALLOCATORS.isdisjoint(function.__code__.co_names)
    options = {**_OPTIONS, "cache": _cacheable(function), "_nrt": owns}
    compiled = numba.njit(**options)(function)
    return cast("Function", compiled)


def signatures(compiled: Callable[..., Any]) -> int:
    """Return how many argument signatures a kernel was compiled for (an entry has exactly one).

    Examples
    --------
    >>> @kernel
    ... def half(x: float) -> float:
    ...     return 0.5 * x
    >>> half(1.0), signatures(half)
    (0.5, 1)
    """
    return len(getattr(compiled, "signatures", ()))


def _cacheable(function: Callable[..., Any]) -> bool:
    """Only a function that lives in a file can be cached."""
    return Path(function.__code__.co_filename).is_file()
