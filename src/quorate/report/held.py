r"""What a run held after every bar, in the few sums that a shock moves.

In: fills, equity and what is open at the end. Out: ``Moments``, an entry a bar: equity, and what
was held in BTC and in other coins, long and short, and on each venue.

Lots follow from the fills. Between its fills a coin has no price here, so all longs together are
brought to what the bar says they were worth, and all shorts:

.. math:: \text{long}_t = (\text{gross}_t + \text{net}_t) / 2, \qquad
          \text{short}_t = (\text{gross}_t - \text{net}_t) / 2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.core.types import MONEY_SCALE
from quorate.lake.spec import base_asset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.core.types import Mat, Vec

_PLACE: Final = ("venue", "symbol")
_CENT: Final = 0.01
_PARTS: Final = ("btc_long", "other_long", "btc_short", "other_short")
_TIME: Final = pl.Datetime("us", "UTC")


class Moments(NamedTuple):
    """What was held at some moments, USD each, shape (moment,); ``venue_usd`` (venue, moment).

    ``btc_usd`` and ``other_usd`` are net of shorts; ``venue_usd`` is gross.
    """

    at: pl.Series
    equity_usd: Vec
    btc_usd: Vec
    other_usd: Vec
    gross_usd: Vec
    venue_usd: Mat


def replay(fills: pl.DataFrame, equity: pl.DataFrame, venues: Sequence[str]) -> Moments:
    """Return what was held after every bar.

    Parameters
    ----------
    fills : DataFrame
        Of schema ``cashflows.FILLS``, at least one row.
    equity : DataFrame
        A row a bar: ``ts`` and ``equity`` in units of 1e-8; ``gross_usd`` and ``net_usd`` where
        they were kept.
    venues : sequence of str
        The order of ``venue_usd``.

    Notes
    -----
    Units: USD.  Causal: a bar reads the fills before its close.  Missing: without ``gross_usd``
    a coin stays at the price it was last filled at.
    """
    bars = equity.with_columns(pl.col("ts").cast(_TIME))
    changed = _changes(fills, venues)
    held = bars.select("ts").join_asof(changed, on="ts", strategy="backward").fill_null(0.0)
    # what is left of a position that was closed is the rounding of sums
    found = {name: _whole(held[name].to_numpy()) for name in held.columns[1:]}
    if "gross_usd" in bars.columns:
        gross, net = (bars[name].to_numpy() for name in ("gross_usd", "net_usd"))
        for side, worth in (("long", 0.5 * (gross + net)), ("short", 0.5 * (gross - net))):
            parts = [name for name in _PARTS if name.endswith(side)]
            scale = _ratio(_whole(worth), np.sum([found[name] for name in parts], axis=0))
            found |= {name: found[name] * scale for name in parts}
    total = np.sum([found[name] for name in _PARTS], axis=0)
    by_venue = np.stack([found[f"on {venue}"] for venue in venues])
    return Moments(
        at=bars["ts"],
        equity_usd=bars["equity"].to_numpy() / MONEY_SCALE,
        btc_usd=found["btc_long"] - found["btc_short"],
        other_usd=found["other_long"] - found["other_short"],
        gross_usd=total,
        venue_usd=by_venue * _ratio(total, by_venue.sum(axis=0)),
    )


def last(positions: pl.DataFrame, equity: pl.DataFrame, venues: Sequence[str]) -> Moments:
    """Return what is open after the last bar, at its marks: one moment.

    Parameters
    ----------
    positions : DataFrame
        Of schema ``cashflows.POSITIONS``.
    equity : DataFrame
        A row a bar: ``ts`` and ``equity`` in units of 1e-8.
    venues : sequence of str
        The order of ``venue_usd``.

    Notes
    -----
    Units: USD.  Causal: reads the last bar.  Missing: zeros where nothing is open.
    """
    usd = positions["value"].to_numpy() / MONEY_SCALE
    is_bitcoin = np.array([_is_bitcoin(symbol) for symbol in positions["symbol"]], dtype=bool)
    where = positions["venue"].to_numpy()
    return Moments(
        at=equity["ts"].cast(_TIME)[-1:],
        equity_usd=equity["equity"].to_numpy()[-1:] / MONEY_SCALE,
        btc_usd=np.array([usd[is_bitcoin].sum()]),
        other_usd=np.array([usd[~is_bitcoin].sum()]),
        gross_usd=np.array([np.abs(usd).sum()]),
        venue_usd=np.array([[np.abs(usd[where == venue]).sum()] for venue in venues]),
    )


def _changes(fills: pl.DataFrame, venues: Sequence[str]) -> pl.DataFrame:
    """Return every sum after each time of fills, each coin at the price it was last filled at."""
    lots = pl.col("lots").cum_sum().over(_PLACE)
    symbols = fills["symbol"].unique()
    bitcoin = [symbol for symbol in symbols if _is_bitcoin(symbol)]
    usd = lots * (pl.col("coins") / pl.col("lots")) * pl.col("price")
    long, short = pl.col("usd").clip(lower_bound=0.0), (-pl.col("usd")).clip(lower_bound=0.0)
    is_bitcoin = pl.col("symbol").is_in(bitcoin)

    def total(worth: pl.Expr, which: pl.Expr) -> pl.Expr:
        change = worth - worth.shift(1, fill_value=0.0).over(_PLACE)
        return pl.when(which).then(change).otherwise(0.0).cum_sum()

    sums = {
        "btc_long": total(long, is_bitcoin),
        "other_long": total(long, ~is_bitcoin),
        "btc_short": total(short, is_bitcoin),
        "other_short": total(short, ~is_bitcoin),
        **{f"on {v}": total(long + short, pl.col("venue") == v) for v in venues},
    }
    replayed = fills.with_columns(usd.alias("usd"), pl.col("ts").cast(_TIME))
    after = replayed.select("ts", **sums)
    return after.group_by("ts", maintain_order=True).last().sort("ts")


def _whole(usd: Vec) -> Vec:
    return np.where(np.abs(usd) < _CENT, 0.0, usd)


def _ratio(above: Vec, below: Vec) -> Vec:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0.0)


def _is_bitcoin(symbol: str) -> bool:
    return base_asset(symbol).upper().removeprefix("SYN-") in {"BTC", "XBT"}
