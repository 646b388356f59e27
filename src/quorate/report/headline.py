"""What a reader must see first: the result in one sentence, its tiles, and what to be wary of.

In: a ``Run``. Out: sentences and tiles. A caution is a fact with its number, not an opinion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.core.types import Line
from quorate.report.formats import number, percent, sign, usd
from quorate.report.tables import outside_trades

if TYPE_CHECKING:
    from quorate.report.reading import Run

FEW_TRADES: Final = 30
FEW_DAYS: Final = 365
SURE: Final = 0.95
N_LUCKY: Final = 5


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
    change = f" ({percent(run.metrics['net'].get('total_return'))} net of all costs)"
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
        Tile("net return", percent(total), f"{usd(run.net)} USD after all costs", sign(total)),
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
            f"average win {number(net.get('avg_win_usd'))} USD, "
            f"average loss {number(net.get('avg_loss_usd'))} USD"
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


def cautions(run: Run) -> list[str]:
    """Return what a reader should know before believing the tiles.

    Notes
    -----
    Units: said in each sentence.  Causal: reads the whole run.  Missing: what cannot be known is
    left out.  METHODS 5, 11.
    """
    net: dict[str, Any] = run.metrics["net"]
    n_days, psr = net.get("n_days") or 0, net.get("psr")
    needed = net.get("min_track_record_days")
    out = []
    if n_days < FEW_DAYS:
        out.append(f"{number(n_days, 0)} days are less than a year: yearly numbers extrapolate.")
    if psr is not None and psr < SURE and run.net > 0:
        out.append(
            f"The Sharpe ratio is not told apart from luck: PSR {percent(psr, 1)}, below 95%."
        )
    if needed is not None and needed > n_days:
        out.append(
            f"A Sharpe ratio like this needs {number(needed, 0)} days to be believed at 5%; "
            f"there are {number(n_days, 0)}."
        )
    if 0 < run.trades.height < FEW_TRADES:
        out.append(f"Only {run.trades.height} closed trades: averages over them say little.")
    if run.trades.height > 2 * N_LUCKY and run.net > 0:
        best = int(run.trades["net_pnl"].top_k(N_LUCKY).sum())
        if best > run.net:
            out.append(
                f"The best {N_LUCKY} trades made {usd(best)} USD, more than the whole net result."
            )
    rest = outside_trades(run)[-1]
    if rest:
        out.append(
            f"{usd(rest)} USD of the net result lie outside closed trades: positions still open "
            "at the end, valued at the last price."
        )
    return out


def imbalance(run: Run) -> int:
    r"""Return what the equity curve moved beyond its flows and books: 0 where they balance.

    .. math:: (E_T - E_0 - \sum_{t > 0} F_t) - (\text{GROSS} - \text{costs})

    Notes
    -----
    Units: 1e-8 USD.  Causal: reads the whole run.  Missing: none.  METHODS 13.
    """
    equity, flow = run.equity["equity"], run.equity["flow"]
    moved = int(equity[-1]) - int(equity[0]) - (int(flow.sum()) - int(flow[0]))
    return moved - run.net
