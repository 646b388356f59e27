"""What a reader must see first: the result in one sentence and its tiles.

In: a ``Run``. Out: sentences and tiles; what to be wary of is the linter's part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from quorate.core.types import Line
from quorate.report.formats import number, percent, sign, usd

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
    days = (run.equity["ts"][-1] - run.equity["ts"][0]).total_seconds() / 86_400.0
    start, end = int(equity[0]), int(equity[-1])
    total = run.metrics["net"].get("total_return")
    change = f" ({percent(total)} net of all costs)" if total is not None else ""
    if min(equity) <= 0:
        change += ": it was lost on the way"
    flow = run.equity["flow"]
    paid_in = int(flow.sum()) - int(flow[0])
    flows = f", with {usd(paid_in)} USD paid in" if paid_in else ""
    first = (
        f"The account went from {usd(start)} to {usd(end)} USD in "
        f"{number(days, 1)} days{flows}{change}."
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
    flags: dict[str, str] = run.metrics.get("flags", {})
    activity: dict[str, Any] = run.metrics["activity"]
    total, sharpe = net.get("total_return"), net.get("sharpe")
    spread = f"95% interval {number(net.get('sharpe_low'))} to {number(net.get('sharpe_high'))}"
    gross = run.lines[Line.GROSS]
    held = activity.get("holding_hours")
    return [
        Tile(
            "net return",
            percent(total),
            f"{usd(run.net)} USD after all costs"
            + ("" if total is not None else f"; {flags.get('net.total_return', 'not defined')}"),
            sign(total),
        ),
        Tile(
            "net Sharpe ratio",
            number(sharpe),
            f"annualised; {spread}; probability that it is above 0 (PSR) "
            f"{percent(net.get('psr'), 1)}"
            if sharpe is not None
            else flags.get("net.sharpe", "not defined"),
            sign(sharpe),
        ),
        Tile(
            "max drawdown",
            percent(net.get("max_drawdown")),
            f"on daily closes; average {percent(net.get('avg_drawdown'))}"
            if net.get("max_drawdown") is not None
            else flags.get("net.max_drawdown", "not defined"),
            sign(net.get("max_drawdown")),
        ),
        Tile(
            "closed trades",
            number(run.trades.height, 0),
            f"{number(activity.get('trades_per_day'))} a day, "
            f"held {number(held, 1)} hours on average"
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
            else flags.get("net.hit_rate", "not defined"),
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
