"""The one door to Numba: how every kernel is compiled, and where the machine code is kept.

In: a plain typed function over arrays and scalars. Out: the same function, compiled on first
call. The flags are fixed here because bytes depend on them: no ``fastmath`` (fused operations
differ between processors), no ``parallel`` and no SVML (sums and functions change with width).
A function that makes no array is compiled without reference counts: it borrows its arrays from
its caller, which costs less time and less compile time; where handing them over still weighs, it
is ``inlined``, compiled into its one caller. Numba's own cache key misses callees in other files,
so the cache folder is named by a hash of all kernel source and of every ``NUMBA_`` flag; within it
a file is named by its place in the package, so that every process, environment and checkout of
one version shares one compilation.
"""

from __future__ import annotations

import hashlib
import os
import sys
from functools import update_wrapper
from importlib.util import find_spec
from pathlib import Path
from threading import RLock
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_PACKAGE = Path(__file__).resolve().parent.parent
_COMPILED = ("core", "backtest", "statistics")
_OF_THE_CACHE = ("NUMBA_CACHE_DIR", "NUMBA_CACHE_LOCATOR_CLASSES")  # where, not what
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
        if name.startswith("NUMBA_") and name not in _OF_THE_CACHE:
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
from numba.core import caching  # noqa: E402


class InPackage(caching.UserProvidedCacheLocator):
    """Names a cache file by its source's place in the package, not by the checkout's path.

    Numba asks it first; a file outside the package goes on to Numba's own locators.
    """

    @classmethod
    def from_function(  # type: ignore[explicit-override]
        cls, py_func: Callable[..., Any], py_file: str
    ) -> InPackage | None:
        """Return the locator of a function of this package, else None."""
        if not Path(py_file).resolve().is_relative_to(_PACKAGE):
            return None
        found = super().from_function(py_func, py_file)  # type: ignore[no-untyped-call]
        return cast("InPackage | None", found)

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:  # type: ignore[explicit-override]
        """Return the folder of a source file, as ``core.features``."""
        return ".".join(Path(py_file).resolve().parent.relative_to(_PACKAGE).parts)


# first ours, then as Numba has them
_LOCK = RLock()
_LOCATORS = ",".join(
    (
        f"{__name__}.InPackage",
        "UserProvidedCacheLocator",
        "InTreeCacheLocator",
        "UserWideCacheLocator",
        "IPythonCacheLocator",
        "ZipCacheLocator",
    )
)

# and again for a process that had imported Numba before us
setattr(numba.config, "CACHE_DIR", os.environ["NUMBA_CACHE_DIR"])  # noqa: B010

# its hints know neither every option nor the settings read from the environment
_njit: Any = numba.njit
_config: Any = numba.config

# no C callback is ever made of a kernel, so none is compiled
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "no_cfunc_wrapper": True}

# a function that calls one of these owns memory; Numba refuses to compile any other that does
_ALLOCATORS = frozenset(
    ("arange", "argsort", "array", "copy", "empty", "empty_like", "full", "ones", "sort", "zeros")
)

Function = TypeVar("Function", bound="Callable[..., Any]")


class Kernel:
    """A compiled function with two sides: kernels call it as it is, Python through a door.

    What Python calls has to take every array out of its object and every record apart, which is a
    fifth of all compile time; so only what Python does call is given a door, on its first call.
    Either side is made when it is first asked for: a run from the cache asks for some twenty doors.
    """

    def __init__(self, function: Callable[..., Any], *, is_inlined: bool = False) -> None:
        owns = not _ALLOCATORS.isdisjoint(function.__code__.co_names)
        self._options = {**_OPTIONS, "cache": _cacheable(function), "_nrt": owns}
        self._is_inlined = is_inlined
        self._inner: Any = None
        self._door: Any = None
        self.py_func = function
        update_wrapper(self, function)

    @property
    def _numba_type_(self) -> object:
        """What another kernel sees of it: asked for when a caller is compiled, not when loaded."""
        if self._inner is None:
            self._inner = _compiled(
                self.py_func,
                no_cpython_wrapper=True,
                forceinline=self._is_inlined,
                **self._options,
            )
        return self._inner._numba_type_

    @property
    def signatures(self) -> list[Any]:
        """The argument types that Python has called it with."""
        return list(self._door.signatures) if self._door is not None else []

    def __call__(self, *given: object, **named: object) -> object:
        """Call it from Python."""
        if self._door is None:
            self._door = _compiled(_named_apart(self.py_func), **self._options)
        return self._door(*given, **named)


def _compiled(function: Callable[..., Any], **options: object) -> Any:  # noqa: ANN401  (untyped)
    """Hand a function to Numba, filed by our locator.

    The locator is set for this call and not in the environment: functions of others, and
    processes of another environment that this one starts, know nothing of it.
    """
    with _LOCK:  # the locator is one for the process, and a run has two threads
        _spare_scipy()
        before = _config.CACHE_LOCATOR_CLASSES
        _config.CACHE_LOCATOR_CLASSES = _LOCATORS
        try:
            return _njit(**options)(function)
        finally:
            _config.CACHE_LOCATOR_CLASSES = before


def _spare_scipy() -> None:
    """Load Numba's array functions without SciPy: they ask for its linear algebra when loaded.

    No kernel multiplies matrices that way (its bytes differ between machines), yet asking costs a
    run 240 modules, 17 MiB and a third of a second. That SciPy is installed is answer enough; who
    does use it, such as an engine of the user's, still loads it then.
    """
    if "numba.np.arraymath" in sys.modules:
        return
    from numba.np import linalg

    asked = linalg.ensure_blas

    def is_there() -> None:
        if find_spec("scipy") is None:
            raise ImportError("scipy is not installed")

    linalg.ensure_blas = is_there
    try:
        from numba.np import arraymath
    finally:
        linalg.ensure_blas = asked
    arraymath.ensure_blas = asked  # type: ignore[attr-defined]


def _named_apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function under a name of its own: the cache files machine code by name."""
    plain = cast("FunctionType", function)
    twin = FunctionType(
        plain.__code__, plain.__globals__, plain.__name__, plain.__defaults__, plain.__closure__
    )
    twin.__qualname__ = f"{plain.__qualname__}.door"
    return twin


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
    if _config.DISABLE_JIT:
        return function
    return cast("Function", Kernel(function))


def inlined(function: Function) -> Function:
    """Compile a function as ``kernel`` does, and into its caller: it has one, at one place.

    Compiled code hands a record of arrays over number by number, some hundreds for the account;
    where that is done on every bar it costs more than the work. What is computed is the same, bit
    for bit. A function that many call would be compiled into each, so it stays a ``kernel``.

    Parameters
    ----------
    function : Callable
        As of ``kernel``; ``tests/unit/core/test_kernel.py`` counts its callers.

    Returns
    -------
    Callable
        As of ``kernel``; it can be called from Python as well.

    Examples
    --------
    >>> @inlined
    ... def third(x: float) -> float:
    ...     return x / 3.0
    >>> third(1.5)
    0.5
    """
    if _config.DISABLE_JIT:
        return function
    return cast("Function", Kernel(function, is_inlined=True))


def signatures(compiled: Callable[..., Any]) -> int:
    """Return how many argument signatures Python has called a kernel with (an entry has one).

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
