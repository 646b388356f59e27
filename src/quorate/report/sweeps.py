"""What a sweep says: which setting is best, whether the grid ends there, and what mattered.

In: the table of ``api.Sweep``, a row a setting. Out: an order of its rows, the settings whose best
value is the last that was tried, and the mean result by value. A ratio of fewer than 30 closed
trades says nothing: such a row is last where a ratio sorts.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.core.types import MONEY_SCALE
from quorate.report.formats import fall, number, probability, usd
from quorate.report.luck import verdict
from quorate.statistics.accounts import best_by_luck, min_backtest_days
from quorate.statistics.cautions import FEW_TRADES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from quorate.report.luck import Judgement
    from quorate.statistics.accounts import Trials
    from quorate.statistics.selection import Luck


def _usd(value: float | None) -> str:
    return usd(round((value or 0.0) * MONEY_SCALE))


def _count(value: float | None) -> str:
    return number(value, 0 if value is None or float(value).is_integer() else 1)


def _points(value: float | None) -> str:
    return f"{number(100.0 * (value or 0.0))} pp"


class Measure(NamedTuple):
    """What rows are sorted by: a column, what it is called, how its values are written.

    ``sign`` is 1 where more is better, -1 where less is; ``gap`` writes a difference of two.
    """

    column: str
    label: str
    sign: int
    text: Callable[[float | None], str]
    gap: Callable[[float | None], str]
    is_ratio: bool = False


MEASURES: Final[dict[str, Measure]] = {
    "net": Measure("net_return", "net return", 1, fall, _points),
    "sharpe": Measure("sharpe", "Sharpe ratio", 1, number, number, is_ratio=True),
    "psr": Measure("psr", "PSR", 1, probability, _points, is_ratio=True),
    "dsr": Measure("deflated_sharpe", "DSR", 1, probability, _points, is_ratio=True),
    "drawdown": Measure("max_drawdown", "max drawdown", 1, fall, _points),
    "trades": Measure("n_trades", "closed trades", 1, _count, _count),
    "costs": Measure("costs_usd", "costs in USD", -1, _usd, _usd),
}
"""What a sweep can be sorted by."""


class Edge(NamedTuple):
    """A setting whose best value is the first or the last of its range, of ``n`` values."""

    setting: str
    value: float
    n: int

    def __str__(self) -> str:  # type: ignore[explicit-override]
        why = "; of two values one always is" if self.n == 2 else ""
        return f"{self.setting}: best is at the end of the range, {shown(self.value)}{why}"


class Mean(NamedTuple):
    """The mean result of the ``n`` rows of one value."""

    value: Any
    mean: float
    n: int


class Effect(NamedTuple):
    """What a setting moves: the mean result by value, and how far the means lie apart."""

    setting: str
    means: tuple[Mean, ...]
    span: float


class Told(NamedTuple):
    """What a sweep says, sorted ``by`` one of ``MEASURES``.

    ``asked`` is what it was to be sorted by: where no row has it, ``by`` is the net return.
    ``order`` has its rows, the best first; ``judgement`` is whether the best is told apart from
    luck, ``net`` its metrics, deflated by all trials, ``luck`` the annual Sharpe ratio that the
    best of all trials shows without an edge, and ``chosen`` what choosing it came to; ``few`` is
    what each closed trade of the best came to, where they are too few for a ratio.
    """

    asked: str
    by: str
    table: pl.DataFrame
    order: list[int]
    trials: Trials
    luck: float
    judgement: Judgement
    edges: list[Edge]
    measure: Measure
    effects: list[Effect]
    net: dict[str, Any]
    chosen: Luck | None = None
    few: tuple[int, ...] = ()

    @property
    def is_traded(self) -> bool:
        """Whether any setting closed a trade."""
        return bool((self.table["n_trades"] > 0).any())


def tell(
    table: pl.DataFrame,
    metrics: Sequence[dict[str, Any]],
    trials: Trials,
    by: str = "sharpe",
    chosen: Luck | None = None,
    order: list[int] | None = None,
    *,
    few: Sequence[Sequence[int]] = (),
) -> Told:
    """Read a sweep.

    Parameters
    ----------
    table, metrics, trials : DataFrame, sequence of dict, Trials
        Of ``api.Sweep``.
    by : str
        One of ``MEASURES``.
    chosen : Luck, optional
        ``Sweep.luck``, or that of another measure.
    order : list of int, optional
        Rows, the best first, where something else ordered them.
    few : sequence of sequence of int, optional
        As of ``Sweep``: what the closed trades of each row came to where there are few.

    Returns
    -------
    Told
        The best of many is judged as the best of many.

    Notes
    -----
    Units: said in each part.  Causal: reads finished runs.  Missing: says why.  METHODS 5.5.
    """
    rows = table.iter_rows(named=True)
    asked, by = by, by if any(known(row, MEASURES[by]) is not None for row in rows) else "net"
    order = ordered(table, by) if order is None else order
    best, row = metrics[order[0]], table.row(order[0], named=True)
    net = best["net"] | {
        "deflated_sharpe": row["deflated_sharpe"],
        "n_trials": trials.n,
        "n_effective_trials": trials.counted,
        "min_backtest_days": min_backtest_days(trials),
    }
    lines = best["lines_usd"].values()
    measure = measured(table, by)
    return Told(
        asked=asked,
        by=by,
        table=table,
        order=order,
        trials=trials,
        luck=best_by_luck(trials, int(net["n_days"])),
        judgement=verdict(
            net,
            row["n_trades"],
            lambda name: str(best["flags"].get(name, "not defined")),
            is_traded=row["n_trades"] > 0 or any(float(usd) for usd in lines),
        ),
        edges=edges(table, by),
        measure=measure,
        effects=effects(table, measure),
        net=net,
        chosen=chosen,
        few=tuple(few[order[0]]) if few else (),
    )


def shown(value: object) -> str:
    """Return the value of a setting as it is written.

    Examples
    --------
    >>> shown(2.0), shown(0.00025), shown(True), shown("spec"), shown(None)
    ('2', '0.00025', 'true', 'spec', '')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def settings_in(table: pl.DataFrame) -> list[str]:
    """Return the names of the settings that differ, as the table has them.

    Examples
    --------
    >>> import polars as pl
    >>> settings_in(pl.DataFrame({"consensus.k": [1.0], "net_return": [0.1]}))
    ['consensus.k']
    """
    return [name for name in table.columns if "." in name]


def known(row: dict[str, Any], measure: Measure) -> float | None:
    """Return what a row is measured by, None where it says nothing.

    Examples
    --------
    >>> known({"sharpe": 3.0, "n_trades": 12}, MEASURES["sharpe"]) is None
    True
    """
    value = row[measure.column]
    is_scarce = measure.is_ratio and row["n_trades"] < FEW_TRADES
    return None if value is None or is_scarce or not math.isfinite(value) else float(value)


def ordered(table: pl.DataFrame, by: str) -> list[int]:
    """Return the rows of a sweep, the best first.

    Parameters
    ----------
    table : DataFrame
        Of ``api.Sweep``.
    by : str
        One of ``MEASURES``.

    Returns
    -------
    list of int
        Rows; those that say nothing are last, ties go by net return, then stay as they are.

    Notes
    -----
    Units: none.  Causal: reads finished runs.  Missing: last.

    Examples
    --------
    >>> import polars as pl
    >>> rows = {"sharpe": [1.0, 9.0, 2.0], "net_return": [0.1, 0.3, 0.2], "n_trades": [30, 2, 50]}
    >>> ordered(pl.DataFrame(rows), "sharpe")
    [2, 0, 1]
    """
    measure = MEASURES[by]

    def key(i: int) -> tuple[bool, float, float]:
        row = table.row(i, named=True)
        value = known(row, measure)
        return value is None, -measure.sign * (value or 0.0), -row["net_return"]

    return sorted(range(table.height), key=key)


def edges(table: pl.DataFrame, by: str) -> list[Edge]:
    """Return the settings whose best value is the least or the greatest that was tried.

    Parameters
    ----------
    table : DataFrame
        Of ``api.Sweep``.
    by : str
        One of ``MEASURES``.

    Returns
    -------
    list of Edge
        Beyond the end of a range the best may be better still. A setting that is no number has
        no range; one that changes nothing has no best value.

    Notes
    -----
    Units: of the setting.  Causal: reads finished runs.  Missing: none where no row is known.

    Examples
    --------
    >>> import polars as pl
    >>> table = pl.DataFrame({
    ...     "consensus.k": [0.5, 1.0, 2.0], "net_return": [0.1, 0.2, 0.3], "n_trades": [9, 9, 9],
    ... })
    >>> print(*edges(table, "net"))
    consensus.k: best is at the end of the range, 2
    """
    measure = MEASURES[by]
    rows = list(table.iter_rows(named=True))
    values = [known(row, measure) for row in rows]
    best = max((measure.sign * value for value in values if value is not None), default=None)
    found = []
    for name in settings_in(table):
        tried = [row[name] for row in rows]
        if best is None or not all(_is_number(value) for value in tried):
            continue
        good = {
            row[name]
            for row, value in zip(rows, values, strict=True)
            if value is not None and measure.sign * value == best
        }
        if good != set(tried) and good <= {min(tried), max(tried)}:
            at = next(row[name] for row in (rows[i] for i in ordered(table, by)))
            found.append(Edge(name, at, len(set(tried))))
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def measured(table: pl.DataFrame, by: str) -> Measure:
    """Return what to take means of: what is sorted by if every row has it, else the net return.

    Examples
    --------
    >>> import polars as pl
    >>> table = pl.DataFrame({"sharpe": [1.0, 9.0], "net_return": [0.1, 0.3], "n_trades": [30, 2]})
    >>> measured(table, "sharpe").column
    'net_return'
    """
    measure = MEASURES[by]
    if any(known(row, measure) is None for row in table.iter_rows(named=True)):
        return MEASURES["net"]
    return measure


def effects(table: pl.DataFrame, measure: Measure) -> list[Effect]:
    """Return the mean result by value of each setting, the largest span first.

    Parameters
    ----------
    table : DataFrame
        Of ``api.Sweep``.
    measure : Measure
        From ``measured``.

    Returns
    -------
    list of Effect
        All other settings averaged over: in a full grid each value meets the same others.

    Notes
    -----
    Units: of the measure.  Causal: reads finished runs.  Missing: left out of the means.

    Examples
    --------
    >>> import polars as pl
    >>> table = pl.DataFrame({
    ...     "a.x": [1, 1, 2, 2], "a.y": ["p", "q", "p", "q"],
    ...     "net_return": [0.0, 0.1, 1.0, 1.1], "n_trades": [9, 9, 9, 9],
    ... })
    >>> [(effect.setting, round(effect.span, 6)) for effect in effects(table, MEASURES["net"])]
    [('a.x', 1.0), ('a.y', 0.1)]
    """
    rows = list(table.iter_rows(named=True))
    found = []
    for name in settings_in(table):
        by_value: dict[Any, list[float]] = {}
        for row in rows:
            value = known(row, measure)
            if value is not None:
                by_value.setdefault(row[name], []).append(value)
        keys = sorted(by_value) if all(map(_is_number, by_value)) else list(by_value)
        means = tuple(
            Mean(key, math.fsum(by_value[key]) / len(by_value[key]), len(by_value[key]))
            for key in keys
        )
        if means:
            each = [mean.mean for mean in means]
            found.append(Effect(name, means, max(each) - min(each)))
    return sorted(found, key=lambda effect: -effect.span)
