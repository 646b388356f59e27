"""See an engine read the clock, draw random numbers, or remember something between two calls.

In: an engine's function. Out: the names of the clocks and dice it reached for, and a fingerprint of
what it can reach: closures, defaults, attributes, and globals of its module. Python's profiler sees
calls of built-in functions; what compiled code does on its own it cannot see.
"""

from __future__ import annotations

import functools
import hashlib
import os
import random
import re
import sys
import time
from contextlib import contextmanager
from datetime import date
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DEPTH = 8
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_MOST_BYTES = 64 << 20
_PLAIN = (int, float, complex, str, bytes, type(None), np.generic)
_CLOCKS = frozenset({time.time, time.time_ns, time.localtime, time.gmtime, time.ctime})
_TODAY = frozenset({"now", "utcnow", "today"})


@contextmanager
def watched() -> Iterator[set[str]]:
    """Give a set that fills with the clocks and dice that are reached for while this lasts.

    Examples
    --------
    >>> with watched() as seen:
    ...     _ = time.time(), random.random()
    >>> sorted(seen)
    ['random.random', 'time.time']
    """
    seen: set[str] = set()

    def look(_frame: FrameType, event: str, called: Any) -> None:  # noqa: ANN401  (anything)
        if event == "c_call" and isinstance(called, BuiltinFunctionType):
            name = _named(called)
            if name:
                seen.add(name)

    before = sys.getprofile()
    dice = _dice()
    sys.setprofile(look)
    try:
        yield seen
    finally:
        sys.setprofile(before)
        if _dice() != dice:
            seen.add("numpy.random")


def _named(called: BuiltinFunctionType) -> str:
    """Return the name of a clock or a dice, empty for anything else."""
    owner = getattr(called, "__self__", None)
    name = called.__name__
    if called in _CLOCKS:
        return f"time.{name}"
    if isinstance(owner, type) and issubclass(owner, date) and name in _TODAY:
        return f"{owner.__name__}.{name}"
    if isinstance(owner, random.Random):
        return f"random.{name}"
    return "os.urandom" if called is os.urandom else ""


def _dice() -> bytes:
    """Return the state of NumPy's global generator."""
    state = np.random.get_state(legacy=False)  # noqa: NPY002  (whether an engine moved it is the question)
    return hashlib.blake2b(repr(_mark(state)).encode()).digest()


def reachable(function: Callable[..., Any]) -> dict[str, str]:
    """Return a fingerprint of each thing that a function may remember in, by its name.

    Notes
    -----
    Units: none.  Causal: none.  Missing: what only compiled code holds, and modules' own globals
    that it reaches as attributes.

    Examples
    --------
    >>> def counter(seen=[]):
    ...     seen.append(1)
    >>> before = reachable(counter)
    >>> counter()
    >>> [name for name, mark in reachable(counter).items() if before[name] != mark]
    ['default seen']
    """
    found: dict[str, Any] = {}
    _collect(function, found, set())
    return {name: _mark(value) for name, value in found.items()}


def _collect(function: Any, found: dict[str, Any], seen: set[int]) -> None:  # noqa: ANN401
    """Gather what a callable holds, and what the functions of its module that it calls hold."""
    if id(function) in seen:
        return
    seen.add(id(function))
    if isinstance(function, MethodType):
        found[f"self of {function.__name__}"] = function.__self__
        function = function.__func__
    if isinstance(function, functools.partial):
        found["arguments of partial"] = (function.args, function.keywords)
        _collect(function.func, found, seen)
        return
    function = getattr(function, "py_func", function)
    if isinstance(function, FunctionType):
        _of_function(function, found)
        for name in _names(function.__code__):
            value = function.__globals__.get(name)
            if isinstance(value, FunctionType) and value.__module__ == function.__module__:
                _collect(value, found, seen)
            elif not isinstance(value, (ModuleType, FunctionType, BuiltinFunctionType, type)):
                found[f"global {name}"] = value
        return
    found[f"attributes of {type(function).__name__}"] = function
    called = vars(type(function)).get("__call__")
    if isinstance(called, FunctionType):
        _collect(called, found, seen)


def _of_function(function: FunctionType, found: dict[str, Any]) -> None:
    """Gather closure, defaults and attributes of a function."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        found[f"closure {name}"] = cell.cell_contents
    names = code.co_varnames[: code.co_argcount]
    for name, value in zip(reversed(names), reversed(function.__defaults__ or ()), strict=False):
        found[f"default {name}"] = value
    for name, value in (function.__kwdefaults__ or {}).items():
        found[f"default {name}"] = value
    held = {name: value for name, value in vars(function).items() if name != "__wrapped__"}
    if held:
        found[f"attributes of {function.__name__}"] = held


def _names(code: CodeType) -> set[str]:
    """Return the names that a function's code, and code inside it, asks for."""
    found = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= _names(constant)
    return found


def _mark(value: Any) -> str:  # noqa: ANN401  (anything)
    """Return a hash of a value and of what it holds."""
    digest = hashlib.blake2b(digest_size=16)
    _feed(value, digest, {}, _DEPTH)
    return digest.hexdigest()


def _feed(value: Any, digest: Any, seen: dict[int, tuple[int, Any]], depth: int) -> None:  # noqa: ANN401
    """Add a value to a hash; what holds others and was seen already by the number it had then."""
    digest.update(f"<{type(value).__name__}>".encode())
    if isinstance(value, _PLAIN):
        # equal numbers are often one object: which of them comes again is part of the value
        digest.update(repr(value).encode())
    elif id(value) in seen:
        digest.update(f"#{seen[id(value)][0]}".encode())
    elif depth > 0:
        seen[id(value)] = len(seen), value
        _feed_holder(value, digest, seen, depth)


def _feed_holder(
    value: Any,  # noqa: ANN401
    digest: Any,  # noqa: ANN401
    seen: dict[int, tuple[int, Any]],
    depth: int,
) -> None:
    """Add what a value holds to a hash."""
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        digest.update(repr((value.shape, value.dtype)).encode())
        if value.nbytes <= _MOST_BYTES:
            digest.update(np.ascontiguousarray(value).tobytes())
        return
    if isinstance(value, np.random.Generator):
        digest.update(repr(value.bit_generator.state).encode())
        return
    # what is compiled on the first call is no memory of what was asked
    is_code = isinstance(getattr(value, "py_func", value), (ModuleType, FunctionType, type))
    if is_code:
        return
    if isinstance(value, (set, frozenset)):
        digest.update(repr(sorted(map(repr, value))).encode())
        return
    inside = _inside(value)
    if not inside:
        # where it lies in memory is not what it holds
        digest.update(_ADDRESS.sub("", repr(value)).encode())
    digest.update(f"[{len(inside)}]".encode())
    for each in inside:
        _feed(each, digest, seen, depth - 1)


def _inside(value: Any) -> list[Any]:  # noqa: ANN401  (anything)
    """Return what a value holds: items of containers, names and values of attributes."""
    if isinstance(value, dict):
        return [each for pair in value.items() for each in pair]
    if isinstance(value, (list, tuple)):
        return list(value)
    slots = [
        name
        for kind in type(value).__mro__
        for name in _texts(getattr(kind, "__slots__", ()))
        if hasattr(value, name)
    ]
    own = getattr(value, "__dict__", None)
    held = {name: getattr(value, name) for name in slots}
    held |= own if isinstance(own, dict) else {}
    return [each for pair in held.items() for each in pair]


def _texts(slots: Any) -> tuple[str, ...]:  # noqa: ANN401  (a text or many)
    return (slots,) if isinstance(slots, str) else tuple(slots)
