"""Where the money came from: the walk from gross to net, and closed trades by group.

In: a ``Run``. Out: rows of text and classes. Sums are taken over integers of 1e-8 USD, so what a
table adds up to is what the books say, and what lies outside the closed trades has its own row.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from quorate.core.types import MONEY_SCALE, Line
from quorate.report import bars
from quorate.report.formats import UNKNOWN, code, exact, number, percent, rounded, sign, usd
from quorate.report.reading import SLIPPAGE
from quorate.report.words import LINES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.report.reading import Run

MONEY: Final = ("gross_pnl", "slippage", "fees", "funding", "haircut", "net_pnl")
MAX_GROUPS: Final = 40
_NAME_ROOM: Final = 0.12
"""The share of the walk that the name of an end takes."""
OPEN_ROW: Final = "not in a closed trade"


class Amount(NamedTuple):
    """Money for a cell: to the cent, with all decimals, and the class of its sign."""

    text: str
    exact: str
    css: str
    units: int


class Step(NamedTuple):
    """One step of the waterfall from gross to net."""

    name: str
    meaning: str
    amount: Amount
    bps: str
    share: str
    bar: str
    is_total: bool

    @property
    def said(self) -> str:
        """The step in words, for who points at it."""
        bps = f", {self.bps} bps of what was traded" if self.bps != UNKNOWN else ""
        share = f", {self.share} of gross" if self.share != UNKNOWN else ""
        return f"{self.name}: {self.amount.exact} USD{bps}{share}; {self.meaning}"


class Walk(NamedTuple):
    """The waterfall: its steps, the names of its scale, and the value traded as text."""

    steps: list[Step]
    axis: str
    traded: str


class Sums(NamedTuple):
    """A row of a breakdown before it is text: trades, wins, losses, and ``MONEY`` in integers."""

    name: str
    n: int
    won: int
    lost: int
    money: tuple[int, ...]


class Group(NamedTuple):
    """One row of a breakdown: ``money`` is gross, four costs (negative) and net."""

    name: str
    n_trades: str
    hit_rate: str
    money: tuple[Amount, ...]
    bar: str
    css: str


def amount(units: int) -> Amount:
    """Return money as a cell.

    Examples
    --------
    >>> amount(-150_000_000)
    Amount(text='−1.50', exact='−1.50000000', css='down', units=-150000000)
    """
    return Amount(usd(units), exact(units), sign(units), units)


def waterfall(run: Run) -> Walk:
    """Return the steps from gross to net; the integers of all but the last add up to the last.

    Notes
    -----
    Units: USD; bps of the value traded, both ways.  Causal: reads the whole run.  Missing: the
    share of gross is unknown where gross is not positive, bps where the fills were not kept.
    Spec 10, METHODS 13.
    """
    walk = [(*LINES[line], _change(run, line)) for line in Line]
    ends = list(accumulate((change for _, _, change in walk), initial=0))
    level = ends[-1]
    final = level + run.currency
    traded = _traded(run)
    scale = (float(min(*ends, final)), float(max(*ends, final)))

    def step(
        name: str, meaning: str, change: int, span: tuple[int, int], *, is_total: bool = False
    ) -> Step:
        return Step(
            name,
            meaning,
            amount(change),
            number(1e4 * change / traded, 1) if traded else UNKNOWN,
            _share(change, run.lines[Line.GROSS]),
            bars.bar(*span, *scale, sign(change)),
            is_total,
        )

    steps = [
        step(name, meaning, change, (ends[i], ends[i + 1]), is_total=i == 0)
        for i, (name, meaning, change) in enumerate(walk)
    ]
    steps.append(step("net", "what the account made", level, (0, level), is_total=True))
    if run.currency:
        meaning = "what its price in USD made of the account"
        steps.append(step("quote currency", meaning, run.currency, (level, final)))
        meaning = "the change of the account in USD"
        steps.append(step("in USD", meaning, final, (0, final), is_total=True))
    return Walk(steps, _axis(*scale), usd(traded) if traded else "")


def _traded(run: Run) -> int:
    """Return the value of all fills, both ways; 0 where they were not kept."""
    if run.fills is None or run.fills.is_empty():
        return 0
    return int(run.fills["notional"].abs().sum())


def _change(run: Run, line: Line) -> int:
    """Return what a line of the books did to the account: a cost that was paid is negative."""
    return run.lines[line] if line is Line.GROSS else -run.lines[line]


def _axis(low: float, high: float) -> str:
    """Name the ends of a scale of money, and zero."""
    if high <= low:
        return ""
    zero = -low / (high - low)
    places = [(0.0, low)] * (zero > 0.0) + [(zero, 0.0)] + [(1.0, high)] * (zero < 1.0)
    apart = [place for place in places if place[1] == 0.0 or abs(place[0] - zero) > _NAME_ROOM]
    return bars.labels([(at, rounded(value / MONEY_SCALE)) for at, value in apart])


def _share(part: int, gross: int) -> str:
    return percent(part / gross, 1) if gross > 0 else percent(None)


def outside_trades(run: Run) -> tuple[int, ...]:
    """Return the books less the closed trades, one integer for each column of ``MONEY``.

    Notes
    -----
    Units: 1e-8 USD.  Causal: reads the whole run.  Missing: zeros where all trades are closed.
    """
    books = run.lines
    whole = (
        books[Line.GROSS],
        sum(books[line] for line in SLIPPAGE),
        books[Line.FEE],
        books[Line.FUNDING],
        books[Line.HAIRCUT],
        run.net,
    )
    closed = [int(run.trades[column].sum()) for column in MONEY]
    return tuple(total - part for total, part in zip(whole, closed, strict=True))


def breakdown(run: Run, column: str) -> list[Group]:
    """Return closed trades by a column, best first, a row for the rest, and the exact total.

    Parameters
    ----------
    run : Run
        Its trades have ``column``.
    column : str
        ``symbol``, ``regime``, ``venue``, ``side`` or ``exit_reason``.

    Returns
    -------
    list of Group
        The last row is the total of the books: the sum of all rows above it, to the last digit.

    Notes
    -----
    Units: USD.  Causal: reads the whole run.  Missing: without a trade only the total is left.
    Spec 10.
    """
    sums = (
        run.trades.with_columns(pl.col(column).cast(pl.String).alias("group"))
        .group_by("group")
        .agg(
            pl.len().alias("n"),
            (pl.col("net_pnl") > 0).sum().alias("won"),
            (pl.col("net_pnl") < 0).sum().alias("lost"),
            *(pl.col(name).sum() for name in MONEY),
        )
        .sort("net_pnl", "group", descending=[True, False])
    )
    rows = _fold([_sums(_label(column, row["group"]), row) for row in sums.iter_rows(named=True)])
    rest = outside_trades(run)
    if any(rest):
        rows.append(Sums(OPEN_ROW, 0, 0, 0, rest))
    nets = [float(row.money[-1]) for row in rows]
    scale = (min(0.0, 0.0, *nets), max(0.0, 0.0, *nets))
    return [*(_group(row, scale) for row in rows), _group(_added("total", rows), None)]


def _signed(money: tuple[int, ...]) -> tuple[int, ...]:
    """Return gross, costs and net as contributions: a cost that was paid is negative."""
    return (money[0], *(-value for value in money[1:-1]), money[-1])


def _label(column: str, value: str) -> str:
    if column == "side":
        return "long" if int(value) > 0 else "short"
    return code(value) if column in {"regime", "exit_reason"} else value


def _sums(name: str, row: dict[str, Any]) -> Sums:
    return Sums(name, row["n"], row["won"], row["lost"], tuple(row[column] for column in MONEY))


def _added(name: str, rows: Sequence[Sums]) -> Sums:
    return Sums(
        name,
        sum(row.n for row in rows),
        sum(row.won for row in rows),
        sum(row.lost for row in rows),
        tuple(sum(row.money[i] for row in rows) for i in range(len(MONEY))),
    )


def _fold(rows: list[Sums]) -> list[Sums]:
    """Put the middle of a long list into one row."""
    if len(rows) <= MAX_GROUPS:
        return rows
    half = MAX_GROUPS // 2
    middle = rows[half:-half]
    return [*rows[:half], _added(f"{len(middle)} others", middle), *rows[-half:]]


def _group(row: Sums, scale: tuple[float, float] | None) -> Group:
    """Write a row out; the total has no scale, and what is not a trade has no number of trades."""
    net = row.money[-1]
    is_rest = row.name == OPEN_ROW and row.n == 0
    decided = row.won + row.lost
    return Group(
        name=row.name,
        n_trades=number(None if is_rest else row.n, 0),
        hit_rate=percent(row.won / decided if decided else None, 1),
        money=tuple(amount(value) for value in _signed(row.money)),
        bar=bars.bar(0.0, net, *scale, sign(net)) if scale else "",
        css="rest" if is_rest else "" if scale else "total",
    )
