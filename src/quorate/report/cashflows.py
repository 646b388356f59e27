r"""What a run's money did, venue by venue and coin by coin, straight from its fills.

In: fills, funding and the positions left open. Out: what each contributed to equity, in integers
of 1e-8 quote. This is the account statement that the attribution must agree with:

.. math:: \Delta E = -\sum \text{notional} - \sum \text{costs} - \sum \text{funding}
          + \sum \text{value of what is open}
"""

from __future__ import annotations

from typing import Any, Final

import polars as pl

from quorate.core.types import Line
from quorate.errors import DataError
from quorate.statistics.trades import require_columns

PAID: Final = tuple(line for line in Line if line not in {Line.GROSS, Line.FUNDING})
"""The costs that are columns of the fills."""

FILLS: Final = pl.Schema(
    {
        "k": pl.Int64(),
        "ts": pl.Datetime("us", "UTC"),
        "venue": pl.String(),
        "symbol": pl.String(),
        "coin": pl.Int64(),
        "side": pl.Int64(),
        "lots": pl.Int64(),
        "notional": pl.Int64(),
        **{line.name.lower(): pl.Int64() for line in PAID},
        "closed": pl.Int64(),
        "reason": pl.String(),
        "coins": pl.Float64(),
        "price": pl.Float64(),
        "decision_price": pl.Float64(),
        "regime": pl.String(),
    }
)
"""What is read of ``fills.parquet``: one row a fill, in the order of their times."""

_BASE: Final[dict[str, Any]] = {"venue": pl.String(), "symbol": pl.String(), "coin": pl.Int64()}
FUNDING: Final = pl.Schema({"k": pl.Int64(), **_BASE, "amount": pl.Int64()})
"""What is read of ``funding.parquet``: one row a settlement; positive was paid."""

POSITIONS: Final = pl.Schema({**_BASE, "lots": pl.Int64(), "value": pl.Int64()})
"""What is read of ``positions.parquet``: what is open after the last bar."""


def required(frame: pl.DataFrame, schema: pl.Schema, name: str) -> pl.DataFrame:
    """Return the columns of a table; one without rows may lack them.

    Examples
    --------
    >>> required(pl.DataFrame(), FUNDING, "funding").columns
    ['k', 'venue', 'symbol', 'coin', 'amount']
    """
    return require_columns(frame, schema, name) if frame.height else schema.to_frame()


def cash_flows(fills: pl.DataFrame, funding: pl.DataFrame, positions: pl.DataFrame) -> pl.DataFrame:
    """Return what each coin on each venue contributed to the change in equity.

    Parameters
    ----------
    fills, funding, positions : DataFrame
        As a run leaves them, of schemas ``FILLS``, ``FUNDING`` and ``POSITIONS``.

    Returns
    -------
    DataFrame
        ``venue``, ``symbol`` and ``amount``, sorted; positive made the account richer.

    Raises
    ------
    DataError
        What the fills leave open is not what is said to be open.

    Notes
    -----
    Units: 1e-8 quote.  Causal: reads the whole run.  Missing: none.  METHODS 13.3.

    Examples
    --------
    >>> cash_flows(pl.DataFrame(), pl.DataFrame(), pl.DataFrame()).height
    0
    """
    bought = required(fills, FILLS, "fills")
    settled = required(funding, FUNDING, "funding")
    held = required(positions, POSITIONS, "positions")
    _same_lots(bought, held)
    keys = ("venue", "symbol")
    paid = pl.sum_horizontal(line.name.lower() for line in PAID)
    parts = (
        bought.select(*keys, (-pl.col("notional") - paid).alias("amount")),
        settled.select(*keys, -pl.col("amount")),
        held.select(*keys, pl.col("value").alias("amount")),
    )
    return pl.concat(parts).group_by(keys).agg(pl.col("amount").sum()).sort(keys)


def _same_lots(fills: pl.DataFrame, positions: pl.DataFrame) -> None:
    """Refuse positions that the fills do not lead to."""
    lots = pl.concat(
        (
            fills.select("venue", "symbol", "lots"),
            positions.select("venue", "symbol", -pl.col("lots")),
        )
    )
    off = lots.group_by("venue", "symbol").agg(pl.col("lots").sum()).filter(pl.col("lots") != 0)
    if off.height:
        row = off.sort("venue", "symbol").row(0, named=True)
        raise DataError(
            f"the fills of {row['symbol']} on {row['venue']} lead to {row['lots']} lots more than "
            "its position",
            hint="give the fills, funding and positions of one and the same run, all of them",
        )
