"""What four bad days, or the failure of a venue, would have done to the positions of a run.

In: fills, open positions and equity of a run. Out: one row a shock and book, in quote currency and
as a share of equity. The moves are those of the past, from peak to trough; stops are taken *not*
to help, because prices gapped over them, and nothing is taken to be sold on the way down.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from quorate.core.types import MONEY_SCALE
from quorate.lake.spec import base_asset
from quorate.report.cashflows import FILLS, POSITIONS, required

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

LARGEST: Final = "largest"
FINAL: Final = "final"
DEFAULT: Final = "venue default"


class Shock(NamedTuple):
    """A few days of the past: how far BTC and the median of other coins fell, peak to trough.

    ``start`` and ``end`` bound the days that are looked at (UTC, the end not included).
    """

    name: str
    start: str
    end: str
    btc_move: float
    alt_move: float
    n_alts: int


SHOCKS: Final[tuple[Shock, ...]] = (
    # BTCUSDT perpetual 7,969.0 to 3,621.81; five other perpetuals were listed
    Shock("2020-03-12, the pandemic", "2020-03-12", "2020-03-14", -0.5455, -0.5464, 5),
    # 39,845.0 to 26,631.0, as UST lost its peg and LUNA went to nothing
    Shock("2022-05, the end of LUNA", "2022-05-05", "2022-05-13", -0.3316, -0.5431, 25),
    # 21,355.8 to 15,462.6, as FTX stopped withdrawals
    Shock("2022-11, the end of FTX", "2022-11-06", "2022-11-10", -0.2760, -0.3898, 30),
    # 122,497.0 to 101,516.5 within eight hours: the largest day of liquidations on record
    Shock("2025-10-10, forced sales", "2025-10-10", "2025-10-12", -0.1713, -0.6701, 98),
)
"""Moves of Binance USD-M perpetuals: BTCUSDT by hourly bars, the median of the others by daily
bars, each the deepest fall of a low below the highest high so far, a bar's high taken first."""


class ShockRow(NamedTuple):
    """What a shock would have cost one book of positions.

    ``book`` is ``largest`` (the largest gross position over equity that the run held)
    or ``final`` (what was open after the last bar); ``at`` is when it was held. ``loss_usd`` is
    positive for a loss; ``loss_frac`` is over the equity of that time. Moves are None and
    ``venue`` is named where a venue fails.
    """

    shock: str
    book: str
    at: datetime
    venue: str
    btc_move: float | None
    alt_move: float | None
    gross_usd: float
    net_usd: float
    loss_usd: float
    loss_frac: float


class _Book(NamedTuple):
    """Positions of one moment: ``venue``, ``symbol`` and signed ``usd``, and the equity then."""

    name: str
    at: datetime
    positions: pl.DataFrame
    equity_usd: float


def shock_rows(
    fills: pl.DataFrame,
    positions: pl.DataFrame,
    equity: pl.DataFrame,
    venues: Sequence[str] = (),
) -> list[ShockRow]:
    r"""Return what each shock would have done to the largest and to the final positions.

    .. math:: \text{loss} = -\sum_c \text{position}_c \cdot \text{move}_c

    with the move of BTC for BTC and that of the median coin for all others, so that shorts gain.
    A venue that fails keeps its share of equity: the books do not say where cash lies, so it is
    taken to lie where the positions are, in proportion to their gross value, and on the first
    venue where nothing is open.

    Parameters
    ----------
    fills, positions : DataFrame
        Of schemas ``cashflows.FILLS`` and ``POSITIONS``.
    equity : DataFrame
        One row a bar: ``ts`` and ``equity`` in units of 1e-8.
    venues : sequence of str
        Of the run, the primary one first; left out, those of the fills.

    Returns
    -------
    list of ShockRow
        Every shock and then every venue for the largest book, and the same for the final one
        where anything was open.

    Notes
    -----
    Units: USD; fractions of the equity of that time.  Causal: reads the whole run; a position is
    valued at the last price its coin and venue was filled at, all then brought to the gross value
    of the bar where that is known; the final one at its mark.
    Missing: a run that never traded has no rows; NaN where the equity was not positive.

    Examples
    --------
    >>> shock_rows(pl.DataFrame(), pl.DataFrame(), pl.DataFrame())
    []
    """
    bought = required(fills, FILLS, "fills")
    held = required(positions, POSITIONS, "positions")
    if not bought.height:
        return []
    places = tuple(venues) or tuple(bought["venue"].unique(maintain_order=True))
    final = held.select("venue", "symbol", (pl.col("value") / MONEY_SCALE).alias("usd"))
    last = equity.row(-1, named=True)
    books = [_largest(bought, equity)]
    if final.height:
        books.append(_Book(FINAL, last["ts"], final, last["equity"] / MONEY_SCALE))
    return [row for book in books for row in (*_moved(book), *_failed(book, places))]


def _largest(fills: pl.DataFrame, equity: pl.DataFrame) -> _Book:
    """Return the positions at the bar whose gross value over equity is largest.

    The bars tell that value where they know it (``gross_usd``), and the replayed fills otherwise.
    """
    place = ("venue", "symbol")
    lots = pl.col("lots").cum_sum().over(place)
    replayed = fills.with_columns(
        (lots * (pl.col("coins") / pl.col("lots")) * pl.col("price")).alias("usd")
    ).with_columns(
        (pl.col("usd").abs() - pl.col("usd").abs().shift(1, fill_value=0.0).over(place)).alias(
            "change"
        )
    )
    at, capital, gross = _peak(replayed, equity)
    then = replayed.filter(pl.col("ts") <= at).group_by(place, maintain_order=True)
    held = then.agg(pl.col("usd").last()).filter(pl.col("usd") != 0.0)
    total = float(held["usd"].abs().sum())
    if gross is not None and total > 0.0:
        held = held.with_columns(pl.col("usd") * (gross / total))
    return _Book(LARGEST, at, held, capital)


def _peak(replayed: pl.DataFrame, equity: pl.DataFrame) -> tuple[datetime, float, float | None]:
    """Return when gross over equity was largest, the equity then, and gross where bars say it."""
    capital = pl.col("equity") / MONEY_SCALE
    if "gross_usd" in equity.columns:
        bars = equity.select("ts", "equity", pl.col("gross_usd").alias("gross"))
    else:
        filled = (
            replayed.with_columns(pl.col("change").cum_sum().alias("gross"))
            .group_by("k", maintain_order=True)
            .agg(pl.col("gross", "ts").last())
            .sort("ts")
        )
        known = equity.select(pl.col("ts").cast(filled.schema["ts"]), "equity").sort("ts")
        bars = filled.join_asof(known, on="ts", strategy="backward").with_columns(
            pl.col("equity").fill_null(equity["equity"][0])
        )
    share = bars.select(pl.when(capital > 0.0).then(pl.col("gross") / capital))["gross"]
    peak = bars.row(share.arg_max() or 0, named=True)
    gross = float(peak["gross"]) if "gross_usd" in equity.columns else None
    return peak["ts"], peak["equity"] / MONEY_SCALE, gross


def _moved(book: _Book) -> Iterator[ShockRow]:
    """Yield what each shock of the past does to a book."""
    rows = book.positions.to_dicts()
    for shock in SHOCKS:
        loss = -math.fsum(
            row["usd"] * (shock.btc_move if _is_bitcoin(row["symbol"]) else shock.alt_move)
            for row in rows
        )
        yield _row(book, shock.name, loss, moves=(shock.btc_move, shock.alt_move))


def _failed(book: _Book, venues: Sequence[str]) -> Iterator[ShockRow]:
    """Yield what the failure of each venue takes."""
    gross = {
        venue: math.fsum(
            abs(usd)
            for place, usd in book.positions.select("venue", "usd").rows()
            if place == venue
        )
        for venue in venues
    }
    total = math.fsum(gross.values())
    for i, venue in enumerate(venues):
        share = gross[venue] / total if total > 0.0 else float(i == 0)
        yield _row(book, DEFAULT, share * max(book.equity_usd, 0.0), venue=venue)


def _row(
    book: _Book,
    shock: str,
    loss_usd: float,
    *,
    venue: str = "",
    moves: tuple[float | None, float | None] = (None, None),
) -> ShockRow:
    usd = book.positions["usd"].to_list()
    return ShockRow(
        shock=shock,
        book=book.name,
        at=book.at,
        venue=venue,
        btc_move=moves[0],
        alt_move=moves[1],
        gross_usd=math.fsum(map(abs, usd)),
        net_usd=math.fsum(usd),
        loss_usd=loss_usd + 0.0,  # no minus zero where nothing is open
        loss_frac=loss_usd / book.equity_usd + 0.0 if book.equity_usd > 0.0 else math.nan,
    )


def _is_bitcoin(symbol: str) -> bool:
    return base_asset(symbol).upper().removeprefix("SYN-") in {"BTC", "XBT"}
