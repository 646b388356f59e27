"""What a pass holds for: hashes of the code, the settings, the engines, the data and its papers.

In: what was audited. Out: hashes by name, which go into the digest of the audit, so that a registry
can tell whether what is to be published is what was audited.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from quorate.api.auditing import watch
from quorate.core.engines.catalogue import builtin
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quorate.core.engines.base import Engine
    from quorate.lake import Panel
    from quorate.settings import Settings

UNTOLD: Final = ("account", "models", "secrets")
"""Sections that decide nothing: how much money there is, where things are kept."""
_ROWS = 65_536


def binds(
    panel: Panel,
    settings: Settings,
    engines: Sequence[Engine],
    others: Mapping[str, Callable[..., Any] | None],
    options: Mapping[str, int],
) -> dict[str, str]:
    """Return the hash of each thing that a pass holds for.

    Parameters
    ----------
    panel, settings, engines
        What was audited; of the settings all sections but ``UNTOLD``, as a recipe has them.
    others : mapping
        Functions of the caller that were audited, by name.
    options : mapping
        Seed and numbers of cuts.

    Notes
    -----
    Units: SHA-256 in hex.  Causal: none.  Missing: "none" where there is no certificate.

    Examples
    --------
    >>> from quorate.api.effective import read_settings
    >>> from quorate.lake.synthetic import synthetic
    >>> found = binds(synthetic(n_coins=1, days=1), read_settings(), (), {}, {"seed": 0})
    >>> sorted(found)
    ['certificate', 'code', 'data', 'engines', 'options', 'others', 'settings', 'source']
    """
    told = {
        section: {name: list(v) if isinstance(v, tuple) else v for name, v in fields.items()}
        for section, fields in settings.values.items()
        if section not in UNTOLD
    }
    return {
        "code": code_hash(),
        "settings": _hash(told),
        "engines": _hash({engine.name: engine_hash(engine) for engine in engines}),
        "others": _hash({n: _function_hash(f) for n, f in others.items() if f is not None}),
        "data": data_hash(panel),
        "source": panel.source.digest,
        "certificate": certificate_hash(panel),
        "options": _hash(dict(options)),
    }


@cache
def code_hash() -> str:
    """Return a hash of every source file of the package."""
    root = Path(__file__).resolve().parents[2]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()} {len(source)}\n".encode())
        digest.update(source)
    return digest.hexdigest()


def engine_hash(engine: Engine) -> str:
    """Return a hash of an engine: its claims, its parameters, its source and that beside it.

    Of one that is built in the code's hash says the rest.
    """
    claims = {
        "name": engine.name,
        "family": engine.family,
        "approved": sorted(regime.name for regime in engine.approved),
        "reads": list(engine.reads),
        "parameters": dict(engine.parameters),
    }
    is_ours = any(engine is each for each in builtin())
    return _hash({**claims, "source": "built in" if is_ours else _function_hash(engine.vote)})


def data_hash(panel: Panel) -> str:
    """Return a hash of the rows of a panel: every value of its span, its coins, and what they are.

    What its files are called, how they are packed and what stands in them after its end changes
    nothing; and a panel made by hand may claim any digest, but not this one.

    Notes
    -----
    Units: SHA-256 in hex.  Causal: reads every bar, none outside the span.  Missing: not known is
    a value.

    Examples
    --------
    >>> from quorate.lake.panel import part
    >>> from quorate.lake.synthetic import synthetic
    >>> whole = synthetic(n_coins=1, days=2)
    >>> data_hash(part(whole, 0, 576)) == data_hash(whole) != data_hash(part(whole, 0, 575))
    True
    """
    axes = (panel.symbols, panel.bar_minutes, panel.k0, panel.venue_names)
    facts = (panel.kinds, panel.funding, sorted(panel.lacks), panel.is_synthetic, panel.words)
    digest = hashlib.sha256(repr((axes, facts)).encode())
    arrays = (*panel.bars, *panel.market, panel.member, panel.quote_usd)
    for array in (*arrays, *panel.venues, panel.delisted_k):
        for t in range(0, array.shape[0], _ROWS):
            digest.update(np.ascontiguousarray(array[t : t + _ROWS]).tobytes())
    return digest.hexdigest()


def certificate_hash(panel: Panel) -> str:
    """Return a hash of what is certified: files, rules, what was left out and accepted."""
    made = panel.certificate
    if made is None:
        return "none"
    return _hash(
        {
            "venues": [_told(origin) for origin, _ in made.venues],
            "inputs": [_told(each) for each in made.inputs],
            "rules": dict(made.rules),
            "universe": dict(made.universe),
            "excluded": dict(made.excluded),
            "is_accepted": made.is_accepted,
        }
    )


def _told(origin: Any) -> dict[str, Any]:  # noqa: ANN401  (a NamedTuple)
    # where the files lie does not matter, what is in them does
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in origin._asdict().items()
        if name != "folder"
    }


def _function_hash(function: Any) -> str:  # noqa: ANN401  (whatever can be called)
    """Return a hash of the source that a function is of, and of what the function holds."""
    digest = hashlib.sha256()
    module = sys.modules.get(getattr(function, "__module__", "") or "")
    if isinstance(module, ModuleType) and _file(module) is not None:
        for name, path in _sources(module):
            source = path.read_bytes()
            digest.update(f"{name} {len(source)}\n".encode())
            digest.update(source)
    else:
        code = getattr(inspect.unwrap(function), "__code__", None)
        digest.update(repr(None if code is None else (code.co_code, code.co_names)).encode())
    digest.update(repr(sorted(watch.reachable(function).items())).encode())
    return digest.hexdigest()


def _sources(module: ModuleType) -> list[tuple[str, Path]]:
    """Return the files of a module and of those it takes from beside it, by name from their root.

    What lies elsewhere, the libraries, is no part of an engine.
    """
    top = sys.modules.get(module.__name__.partition(".")[0], module)
    first = _file(top) or _file(module)
    root = Path() if first is None else first.parent
    found: dict[str, Path] = {}
    left = [module]
    while left:
        each = left.pop()
        path = _file(each)
        if path is None or not path.is_relative_to(root):
            continue
        name = path.relative_to(root)
        if name.as_posix() in found or "site-packages" in name.parts:
            continue
        found[name.as_posix()] = path
        for value in list(vars(each).values()):
            plain = getattr(value, "py_func", value)
            of = plain.__module__ if isinstance(plain, (FunctionType, type)) else None
            other = plain if isinstance(plain, ModuleType) else sys.modules.get(of or "")
            if other is not None and not other.__name__.startswith("quorate"):
                left.append(other)
    return sorted(found.items())


def _file(module: ModuleType) -> Path | None:
    where = getattr(module, "__file__", None)
    path = None if where is None else Path(where).resolve()
    return path if path is not None and path.is_file() else None


def _hash(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
