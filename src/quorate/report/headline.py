"""What a reader must see first: the result in one sentence and its tiles.

In: a ``Run``. Out: sentences and tiles; what to be wary of is the linter's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from quorate.core.types import Line
from quorate.report.formats import counted, fall, number, percent, probability, small, tint, usd
from quorate.report.luck import holds_zero, record, scarcity
from quorate.report.reading import curves
from quorate.statistics.cautions import FEW_TRADES
from quorate.statistics.span import span_days

if TYPE_CHECKING:
    from quorate.report.reading import Run


class Tile(NamedTuple):
    """One number of the headline: what it is, the number with its unit, and what bounds it."""

    label: str
    value: str
    detail: str
    css: str


def verdict(run: Run) -> str:
    """Return the result of a run in two sentences.

    Notes
    -----
    Units: USD, percent.  Causal: reads the whole run.  Missing: a run without a trade says so.
    """
    equity = run.equity["equity"]
    start, end = int(equity[0]), int(equity[-1])
    total = run.metrics["net"].get("total_return")
    change = f" ({fall(total)} net of all costs)" if total is not None else ""
    if min(equity) <= 0:
        change += ": it was lost on the way"
    flow = run.equity["flow"]
    paid_in = int(flow.sum()) - int(flow[0])
    flows = f", with {usd(paid_in)} USD paid in" if paid_in else ""
    first = (
        f"The account went from {usd(start)} to {usd(end)} USD in "
        f"{number(span_days(run.equity), 1)} days{flows}{change}."
    )
    gross = run.lines[Line.GROSS]
    if not run.trades.height and not any(run.lines.values()):
        return f"{first} It did not trade: the reasons are below."
    took = (
        f"costs took {usd(run.costs)} USD"
        if run.costs >= 0
        else f"costs gave {usd(-run.costs)} USD"
    )
    return (
        f"{first} Priced at the decisions it made {usd(gross)} USD; {took}, "
        f"which leaves {usd(run.net)} USD."
    )


def tiles(run: Run) -> list[Tile]:
    """Return the headline: return, Sharpe ratio, drawdown, trades, hits and what costs took.

    Notes
    -----
    Units: said in each tile.  Causal: reads the whole run.  Missing: a dash, and why.  Spec 12.
    """
    net: dict[str, Any] = run.metrics["net"]
    activity: dict[str, Any] = run.metrics["activity"]
    total = net.get("total_return")
    gross = run.lines[Line.GROSS]
    deepest = deepest_fall(run)
    held = activity.get("holding_hours")
    return [
        Tile(
            "net return",
            fall(total),
            f"{usd(run.net)} USD after all costs"
            + ("" if total is not None else f"; {run.why('net.total_return')}"),
            tint(fall(total)),
        ),
        _sharpe(run),
        Tile(
            "max drawdown",
            fall(deepest),
            f"bar by bar; {fall(net.get('max_drawdown'))} on daily closes"
            if deepest is not None
            else "not defined: the account was lost",
            tint(fall(deepest)),
        ),
        Tile(
            "closed trades",
            number(run.trades.height, 0),
            f"{_a_day(run)} a day, held {number(held, 1)} hours on average"
            if held is not None
            else "no trade was closed",
            "",
        ),
        Tile(
            "hit rate",
            percent(net.get("hit_rate"), 1),
            _average("win", net.get("avg_win_usd"))
            + ", "
            + _average("loss", net.get("avg_loss_usd"))
            if net.get("hit_rate") is not None
            else run.why("net.hit_rate"),
            "",
        ),
        Tile(
            "cost share of gross",
            percent(run.costs / gross, 1) if gross > 0 else number(None),
            f"{usd(run.costs)} of {usd(gross)} USD"
            if gross > 0
            else f"gross is not positive; costs were {usd(run.costs)} USD"
            if any(run.lines.values())
            else "nothing was traded",
            "",
        ),
    ]


def _sharpe(run: Run) -> Tile:
    """Return the ratio beside its interval, its probability and the record it needs.

    Its colour says that it is told apart from 0, so an interval that holds 0 has none.
    """
    net: dict[str, Any] = run.metrics["net"]
    name, sharpe = "net Sharpe ratio", net.get("sharpe")
    if scarcity(run):
        trades = counted(run.trades.height, "closed trade")
        said = f"{trades}: the ratio, its PSR and its track record need {FEW_TRADES}"
        return Tile(name, "too few trades", said, "")
    if sharpe is None:
        return Tile(name, number(sharpe), run.why("net.sharpe"), "")
    unsure = holds_zero(net)
    low, high = number(net.get("sharpe_low")), number(net.get("sharpe_high"))
    said = (
        f"a year; 95% interval {low} to {high}; probability above 0 (PSR) "
        f"{probability(net.get('psr'))}{', were days independent' if unsure else ''}; {record(run)}"
    )
    return Tile(name, number(sharpe), said, "" if unsure else tint(number(sharpe)))


def _a_day(run: Run) -> str:
    days = span_days(run.equity)
    return small(run.trades.height / days if days else None)


def deepest_fall(run: Run) -> float | None:
    """Return how far the account fell below its highest, bar by bar, deposits out.

    Notes
    -----
    Units: fraction, at most 0.  Causal: reads the whole run.  Missing: None where the account was
    lost.  METHODS 11.
    """
    if (run.equity["equity"] <= 0).any():
        return None
    return float(np.nanmin(curves(run.equity).drawdown)) + 0.0


def _average(what: str, value: float | None) -> str:
    return f"average {what} {number(value)} USD" if value is not None else f"no {what}"


def imbalance(run: Run) -> int:
    r"""Return what the equity curve moved beyond its flows and books: 0 where they balance.

    .. math:: (E_T - E_0 - \sum_{t > 0} F_t) - (\text{GROSS} - \text{costs}) - \text{currency}

    Notes
    -----
    Units: 1e-8 USD.  Causal: reads the whole run.  Missing: none.  METHODS 13.
    """
    equity, flow = run.equity["equity"], run.equity["flow"]
    moved = int(equity[-1]) - int(equity[0]) - (int(flow.sum()) - int(flow[0]))
    return moved - run.net - run.currency
