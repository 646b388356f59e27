"""The record of every cash flow: one preallocated row a fill or funding, in integer money.

In: booked fills and fundings. Out: arrays that reports, attribution and the cost waterfall read.
Each row holds what is needed to book it again: cash changed by minus ``notional`` and the costs.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from quorate.backtest.quotes import Child
from quorate.core.kernel import inlined, kernel
from quorate.core.ledger import Costs
from quorate.core.types import IntMat, IntVec, Mat

ROWS_PER_BAR = 3
"""Rows that one venue and coin can add in one bar: a child that goes through zero is two, and then
a close may follow it (stop, liquidation or delisting; each of them ends the parent order), or what
is held at the close pays funding."""


class Column(IntEnum):
    """Columns of ``Fills.whole``."""

    K = 0
    VENUE = 1
    COIN = 2
    SIDE = 3
    LOTS = 4
    NOTIONAL = 5
    DELAY = 6
    SPREAD = 7
    IMPACT = 8
    LATENCY = 9
    FEE = 10
    HAIRCUT = 11
    REALISED = 12
    CLOSED = 13
    OPENED = 14
    REASON = 15
    STYLE = 16
    IS_MAKER = 17
    FUNDING = 18  # a settlement has a row of its own, whose lots are 0


class Number(IntEnum):
    """Columns of ``Fills.real``."""

    COINS = 0
    PRICE = 1
    DECISION_PRICE = 2


COLUMNS = (*(name.name.lower() for name in Column), *(name.name.lower() for name in Number))
"""Names by which ``column`` gives the filled rows."""


class Fills(NamedTuple):
    """One block of fills, a row each; two arrays and not one a column, which compiles faster.

    A row of 0 lots is a funding settlement. ``coins`` is signed like ``lots``. ``price`` is what
    was paid without the fee; ``notional`` the signed value of the lots at ``decision_price``.
    Costs are positive when paid. ``realised`` is the episode's net result where ``closed`` is 1.
    """

    n: IntVec  # (1,) rows filled
    n_lost: IntVec  # (1,) rows that found no room
    whole: IntMat  # (capacity, Column)
    real: Mat  # (capacity, Number)


def column(fills: Fills, name: str) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    """Return one column of the filled rows, a view.

    Parameters
    ----------
    fills : Fills
        The record.
    name : str
        One of ``COLUMNS``.

    Examples
    --------
    >>> column(fills(8), "lots").size
    0
    """
    n = fills.n.item()
    if name.upper() in Column.__members__:
        return fills.whole[:n, Column[name.upper()]]
    if name.upper() in Number.__members__:
        return fills.real[:n, Number[name.upper()]]
    raise ValueError(f"fills have no column {name!r}: use one of {', '.join(COLUMNS)}")


def rows_needed(n_bars: int, n_venues: int, n_coins: int) -> int:
    """Return the rows that so many bars can never exceed.

    Examples
    --------
    >>> rows_needed(64, 2, 10)
    3840
    """
    return ROWS_PER_BAR * n_bars * n_venues * n_coins


def fills(capacity: int) -> Fills:
    """Allocate room for fills.

    Parameters
    ----------
    capacity : int
        Rows, at least 1; ``rows_needed`` gives the number that cannot overflow.

    Notes
    -----
    Units: money in 1e-8 quote. Missing: rows from ``n`` on are unset.

    Examples
    --------
    >>> fills(8).n.item()
    0
    """
    if capacity < 1:
        raise ValueError(f"fills need room for at least 1 row, got {capacity}")

    return Fills(
        n=np.zeros(1, np.int64),
        n_lost=np.zeros(1, np.int64),
        whole=np.zeros((capacity, len(Column)), np.int64),
        real=np.zeros((capacity, len(Number))),
    )


@kernel
def clear(fills: Fills) -> None:
    """Forget all rows; the arrays are used again."""
    fills.n[0] = 0


@kernel
def _room(fills: Fills) -> int:
    """Return the next free row; where there is none count the loss and return -1."""
    i = fills.n[0]
    if i >= fills.whole.shape[0]:
        fills.n_lost[0] += 1
        return -1
    fills.n[0] = i + 1
    return i


@inlined
def append_funding(fills: Fills, k: int, v: int, c: int, paid: int, mark: float) -> None:
    """Write one funding settlement: ``paid`` is positive where the position paid."""
    i = _room(fills)
    if i < 0:
        return
    row = fills.whole
    for j in range(row.shape[1]):
        row[i, j] = 0
    row[i, Column.K] = k
    row[i, Column.VENUE] = v
    row[i, Column.COIN] = c
    row[i, Column.FUNDING] = paid
    row[i, Column.STYLE] = -1
    fills.real[i, Number.COINS] = 0.0
    fills.real[i, Number.PRICE] = mark
    fills.real[i, Number.DECISION_PRICE] = mark


@inlined
def append(
    fills: Fills,
    k: int,
    v: int,
    c: int,
    lots: int,
    coins: float,
    child: Child,
    notional: int,
    costs: Costs,
    haircut: int,
    realised: int,
    opened: int,
    closed: int,
) -> None:
    """Write one row, or count it in ``n_lost`` where there is no room."""
    i = _room(fills)
    if i < 0:
        return
    row = fills.whole
    row[i, Column.FUNDING] = 0
    row[i, Column.K] = k
    row[i, Column.VENUE] = v
    row[i, Column.COIN] = c
    row[i, Column.SIDE] = 1 if lots > 0 else -1
    row[i, Column.LOTS] = lots
    row[i, Column.NOTIONAL] = notional
    row[i, Column.DELAY] = costs.delay
    row[i, Column.SPREAD] = costs.spread
    row[i, Column.IMPACT] = costs.impact
    row[i, Column.LATENCY] = costs.latency
    row[i, Column.FEE] = costs.fee
    row[i, Column.HAIRCUT] = haircut
    row[i, Column.REALISED] = realised
    row[i, Column.CLOSED] = closed
    row[i, Column.OPENED] = opened
    row[i, Column.REASON] = child.reason
    row[i, Column.STYLE] = child.style
    row[i, Column.IS_MAKER] = child.is_maker
    fills.real[i, Number.COINS] = coins
    fills.real[i, Number.PRICE] = child.price
    fills.real[i, Number.DECISION_PRICE] = child.decision_price
