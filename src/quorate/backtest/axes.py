"""Which axis of which array of the memory is a coin, an engine or a venue: said once, here.

In: a ``Memory``. Out: its arrays by dotted path, and what each of their axes counts. ``remap``
moves arrays by this table, ``memory`` writes and reads them by the same paths, and a test holds
every array of the memory against it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]

_T = TypeVar("_T")


class Axes(NamedTuple):
    """What stands in which place: the names along each axis, in the order of the arrays."""

    symbols: tuple[str, ...]
    engines: tuple[str, ...]
    venues: tuple[str, ...]


_EXITS = {"side": "c", "stop": "c", "stop_frac": "c", "planned_frac": "c", "clock_k": "c"}
_EXITS |= {"cooldown_k": ".c"}
_PAPER = {"entry": "c", "paid_bps": "c", "cost_bps": "c", "regime": "c", "pending": "c"}
_PAPER |= {"pending_regime": "c", "closing": "c", "last_r": "c", "seen_k": "c"}
_PAPER |= {"n": ".", "wins": ".", "sum_win": ".", "sum_loss": "."}
_LEDGER = {"cash": ".", "start": ".", "flows": ".", "lots": "vc", "working": "vc", "value": "vc"}
_LEDGER |= {"lines": ".c", "coins": "c", "entry_price": "c", "episode_start": "c"}
_LEDGER |= {"opened_k": "c", "n_trades": "."}
_BREAKERS = {"day": ".", "opening_usd": ".", "tripped": ".", "losses": ".", "streak": "."}
_BREAKERS |= {"ring": ".c", "trip": "c", "release": "c", "defense": "c", "market_ring": ".."}
_BREAKERS |= {"market_trip": ".", "market_release": ".", "market_defense": "."}
_ORDERS = {"total": "vc", "decision_price": "vc", "limit_price": "vc", "participation": "vc"}
_ORDERS |= {"urgency": "vc"}
_ORDERS |= {"display": "vc", "submit_k": "vc", "n_bars": "vc", "cross_k": "vc", "schedule": "vc"}
_ORDERS |= {"placement": "vc", "style": "vc", "reduce_only": "vc", "reason": "vc"}
_TAPE = {"counts": ".c", "now": ".c", "log_close": ".c", "day": "..c", "four": "..c"}
_TAPE |= {"hour": "..c", "day_range": "..c", "hour_range": "..c"}
_TAILS = {"ring": ".c", "ordered": "c.", "counts": "c", "middle": "c", "reach": "c"}
_FLOW = {"hour_volume": ".c", "day_volume": ".c", "log_volume": ".c", "held": ".c"}
_FLOW |= {"range_lag": "..c", "scratch": "."}
_REGIME = {"base": "c", "candidate": "c", "waited": "c", "spreads": ".c", "daily": ".c"}
_REGIME |= {"limit": "c", "scratch": "."}
_LABELS = {"code": ".ec", "start": ".ec", "prob": ".e.", "close": ".c"}
_LABELS |= {"n_open": "ec", "run": "c", "last_k": ".", "inverse": "."}
_RELIABILITY = {"loss": ".e", "mass": ".e", "square": ".e", "last_k": ".e", "log_weight": ".e"}
_CORRELATION = {"first": ".ee", "second": ".ee", "mass": ".ee", "third": ".e", "fourth": "."}
_CORRELATION |= {"hours": ".", "hours_square": ".", "matrix": ".ee", "last_k": "."}
_EXCHANGE = {
    "last_mark": "vc",
    "late_stop": "c",
    "priced_k": "vc",
    "sent_k": "vc",
    "active": "c",
    "counts": ".",
}

_BY_STATE: dict[str, dict[str, str]] = {
    "features.tape.": _TAPE,
    "features.tape.tails.": _TAILS,
    "features.returns.": {"closes": ".c", "week_ago": "c"},
    "features.volatility.": {"wilder": ".c", "week": "..c"},
    "features.trend.": {"ema": ".c", "closes": ".c", "moves": "..c", "held": ".c"},
    "features.flow.": _FLOW,
    "features.spread.": {"partial": ".c", "day": "..c", "estimate": "c"},
    "features.carry.": {"week": "..c"},
    "features.crosssection.": {"order": ".c", "moments": ".c", "pairs": "c", "volume": "c"},
    "regime.": _REGIME,
    "consensus.labels.": _LABELS,
    "consensus.calibration.": {"right": "e.", "mass": "e.", "last_k": "."},
    "consensus.reliability.": _RELIABILITY,
    "consensus.correlation.": _CORRELATION,
    "consensus.weights.": {"spread": ".e", "eligible": ".e"},
    "consensus.score.": {"ring": ".c", "pushed": "c"},
    "chain.account.ledger.": _LEDGER,
    "chain.account.exits.": _EXITS,
    "chain.account.breakers.": _BREAKERS,
    "chain.account.orders.": _ORDERS,
    "chain.paper.exits.": _EXITS,
    "chain.paper.": _PAPER,
    "chain.routing.": {"sign": ".c", "regime": ".c", "counts": ".."},
    "chain.": {"entry_edge_bps": "c"},
    "exchange.": _EXCHANGE,
    "": {"spread_bps": "c", "sigma_daily": "c"},
}

AXES: dict[str, str] = {
    state + name: spec for state, fields in _BY_STATE.items() for name, spec in fields.items()
}
"""One letter an axis: ``c`` coin, ``e`` engine, ``v`` venue, ``.`` anything that keeps its size."""


def leaves(memory: object, path: str = "") -> Iterator[tuple[str, Array]]:
    """Walk through the arrays of a memory by their dotted paths, in the order of the fields.

    Parameters
    ----------
    memory : object
        Nested NamedTuples of arrays.
    path : str
        Where it stands in a larger one.

    Notes
    -----
    Units, Causal: none.  Missing: anything that is neither is a ``TypeError``.  DESIGN 1.

    Examples
    --------
    >>> from quorate.core.consensus import score
    >>> [(path, array.shape) for path, array in leaves(score.init(2, 5))]
    [('ring', (5, 2)), ('pushed', (2,))]
    """
    if isinstance(memory, np.ndarray):
        yield path, memory
        return
    for inner, part in _children(memory, path):
        yield from leaves(part, inner)


def rebuilt(like: _T, arrays: Mapping[str, Array], path: str = "") -> _T:
    """Return a memory of the same structure with other arrays, taken by their dotted paths.

    Examples
    --------
    >>> from quorate.core.consensus import score
    >>> old = score.init(1, 2)
    >>> rebuilt(old, {"ring": old.ring + 1.0, "pushed": old.pushed}).ring.tolist()
    [[1.0], [1.0]]
    """
    made: Any = type(like)
    if isinstance(like, np.ndarray):
        return cast("_T", arrays[path])
    return made(*(rebuilt(part, arrays, inner) for inner, part in _children(like, path)))


def sizes(axes: Axes) -> dict[str, int]:
    """Return the length of each lettered axis.

    Raises
    ------
    ValueError
        If an axis is empty or a name stands on it twice.

    Examples
    --------
    >>> sizes(Axes(("BTC", "ETH"), ("momentum",), ("spot",)))
    {'c': 2, 'e': 1, 'v': 1}
    """
    for kind, names in zip(Axes._fields, axes, strict=True):
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or twice:
            raise ValueError(
                f"the axis {kind} has {len(names)} names, twice {twice}: name each once"
            )
    return {"c": len(axes.symbols), "e": len(axes.engines), "v": len(axes.venues)}


def check(memory: object, axes: Axes) -> None:
    """Refuse a memory whose arrays are not as long as the names on their axes.

    Raises
    ------
    ValueError
        Naming the first array that differs, or that the table does not know.

    Examples
    --------
    >>> check((), Axes(("BTC",), ("momentum",), ("spot",)))
    Traceback (most recent call last):
    TypeError: () is a tuple where a state or an array must be
    """
    lengths = sizes(axes)
    for path, array in leaves(memory):
        spec = AXES.get(path)
        if spec is None:
            raise ValueError(f"{path} has no row in backtest.axes.AXES: say what its axes count")
        wanted = tuple(lengths.get(a, n) for a, n in zip(spec, array.shape, strict=False))
        if len(spec) != array.ndim or array.shape != wanted:
            raise ValueError(
                f"{path} has the shape {array.shape}, its axes {spec!r} ask for {wanted}: "
                "give the axes the memory was begun with"
            )


def _children(memory: object, path: str) -> list[tuple[str, object]]:
    """Return the fields of a state with their paths."""
    names: tuple[str, ...] | None = getattr(memory, "_fields", None)
    if names is None or not isinstance(memory, tuple):
        kind = type(memory).__name__
        raise TypeError(f"{path or repr(memory)} is a {kind} where a state or an array must be")
    return [
        (f"{path}.{name}" if path else name, part) for name, part in zip(names, memory, strict=True)
    ]
