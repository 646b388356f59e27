"""What happened to the account and to the data, beside orders: breakers and silent coins.

In: blocks of a run. Out: one row where a breaker trips or releases, where a coin falls silent on
a venue or comes back, and where an engine first failed. From these rows the events of kinds
``risk`` and ``health`` are made (Spec 10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from quorate.core.account import Code
from quorate.core.risk.breakers import Breaker
from quorate.core.types import Bar, Regime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.backtest.run import Block
    from quorate.core.types import ShortVec

_ACCOUNT = {Breaker.DAILY: "daily", Breaker.STREAK: "streak", Breaker.MARKET_VOLATILITY: "market"}
_COLUMNS: dict[str, Any] = {
    "ts": pl.Int64,
    "kind": pl.String,  # risk or health
    "what": pl.String,
    "symbol": pl.String,  # empty: the whole account
    "regime": pl.String,
    "equity": pl.Int64,  # 1e-8 quote
}


class Watch:
    """Notice changes from bar to bar; the rows grow with what happened.

    Parameters
    ----------
    symbols, venues : sequence of str
        The axes.
    bar_ms : int
        Length of a bar.

    Notes
    -----
    Units: 1e-8 quote. Causal: a row is stamped at the close that saw it. Missing: a coin that has
    not begun is not silent; one that fell silent is until it is back, member or not. Spec 6, 10.
    """

    def __init__(self, symbols: Sequence[str], venues: Sequence[str], bar_ms: int) -> None:
        self._symbols = tuple(symbols)
        self._venues = tuple(venues)
        self._bar_ms = bar_ms
        self._flags: ShortVec = np.zeros(len(symbols), np.int16)
        self._absent: np.ndarray[Any, np.dtype[np.bool_]] = np.zeros(
            (len(venues), len(symbols)), np.bool_
        )
        self._failed: set[str] = set()
        self._rows: list[tuple[Any, ...]] = []

    def add(self, block: Block) -> None:
        """Compare every bar of a block with the one before it."""
        flags = np.ascontiguousarray(block.decisions.code[:, Code.FLAGS, :])
        member = block.inputs.controls.member[:, None, :] == 1
        absent = _silent(self._absent, block.inputs.market.status == Bar.ABSENT, member)
        self._account(block, flags[:, 0])
        self._coins(block, flags, Breaker.COIN_VOLATILITY)
        self._silence(block, absent)
        for failure in block.failures:
            if failure.engine not in self._failed:
                self._failed.add(failure.engine)
                what = f"engine {failure.engine}: {failure.message}"
                self._note(block, failure.bars[0] if failure.bars else 0, "health", what, -1)
        self._flags = flags[-1].copy()
        self._absent = absent[-1].copy()

    def frame(self) -> pl.DataFrame:
        """Return every row in order of time."""
        rows = pl.DataFrame(self._rows, schema=_COLUMNS, orient="row")
        found = rows.sort("ts", maintain_order=True)
        instant = pl.from_epoch("ts", time_unit="ms").dt.cast_time_unit("us")
        return found.with_columns(instant.dt.replace_time_zone("UTC"))

    def _account(self, block: Block, first: ShortVec) -> None:
        """Breakers of the whole account stand on every coin alike: read them off the first."""
        for bit, name in _ACCOUNT.items():
            on = (first & bit) != 0
            for (t,) in _turns((self._flags[0] & bit) != 0, on):
                self._note(block, t, "risk", f"{name} breaker {_turn(bool(on[t]))}", -1)

    def _coins(self, block: Block, flags: np.ndarray[Any, np.dtype[np.int16]], bit: int) -> None:
        on = (flags & bit) != 0
        for t, c in _turns((self._flags & bit) != 0, on):
            self._note(block, t, "risk", f"volatility breaker {_turn(bool(on[t, c]))}", c)

    def _silence(self, block: Block, absent: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        for t, v, c in _turns(self._absent, absent):
            what = "no data" if absent[t, v, c] else "data are back"
            where = f" on {self._venues[v]}" if len(self._venues) > 1 else ""
            self._note(block, t, "health", f"{what}{where}", c)

    def _note(self, block: Block, t: int, kind: str, what: str, c: int) -> None:
        symbol = "" if c < 0 else self._symbols[c]
        regime = "" if c < 0 else Regime(int(block.readings.regime[t, c])).name.lower()
        stamp = (block.k0 + t) * self._bar_ms
        self._rows.append((stamp, kind, what, symbol, regime, int(block.decisions.equity[t])))


def _silent(
    before: np.ndarray[Any, np.dtype[np.bool_]],
    absent: np.ndarray[Any, np.dtype[np.bool_]],
    member: np.ndarray[Any, np.dtype[np.bool_]],
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return who is silent on which bar: absent, and a member on one of the bars since it is.

    ``before`` says who was silent on the bar before the first.

    Examples
    --------
    >>> absent = np.array([1, 0, 1, 1, 1, 0]) == 1
    >>> _silent(np.False_, absent, np.array([0, 1, 0, 1, 0, 0]) == 1).astype(int)
    array([0, 0, 0, 1, 1, 0])
    """
    if not absent.any():
        return absent
    rows = np.arange(1, len(absent) + 1).reshape(-1, *[1] * (absent.ndim - 1))
    missed = np.maximum.accumulate(np.where(absent & member, rows, np.where(before, 0, -1)))
    there = np.maximum.accumulate(np.where(absent, -1, rows))
    found: np.ndarray[Any, np.dtype[np.bool_]] = absent & (missed > there)
    return found


def _turns(
    before: np.bool_ | np.ndarray[Any, np.dtype[np.bool_]],
    now: np.ndarray[Any, np.dtype[np.bool_]],
) -> list[list[int]]:
    """Return the places of a block where something begins or ends, in order of time."""
    if not (now.any() or np.any(before)):
        return []
    changed = now.copy()
    changed[0] ^= before
    changed[1:] ^= now[:-1]
    return np.argwhere(changed).tolist()


def _turn(is_on: bool) -> str:
    return "tripped" if is_on else "released"
