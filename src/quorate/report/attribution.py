"""Who made the money: engine x regime x venue x coin x cost line, and it adds up exactly.

In: fills, decisions, funding and open positions of a run. Out: one long table of integers whose
sum is the change in equity, to the last unit, in all and for each venue and coin.

How an episode (flat to flat, ``episodes``) is taken apart on each venue:

1. Its *reference price* is the decision price of its closing fills (the last ones in a row of one
   reason and side, weighted by lots), or the final mark where it is still open.
2. Each fill made its lots times (reference price less its own decision price): an entry what
   holding it to the end made, a resizing or forced cut what it added to or took from that, the
   exit itself nothing. The sum over the fills is the gross result of the episode.
3. What a fill made and cost goes to its owner: the engines, the allocator or the risk overlay.
4. The engines share theirs, and the funding of the episode, by ``w_e v_e / S`` at the entry.

The regime of all of it is the one in which the first fill was decided.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quorate.core.types import Line
from quorate.report import episodes
from quorate.report.cashflows import FILLS, FUNDING, PAID, POSITIONS, cash_flows, required
from quorate.report.episodes import ENGINES, UNKNOWN
from quorate.statistics.apportionment import apportion, whole_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Share = Mapping[str, int]
    Key = tuple[str, str, str, str, str]

ATTRIBUTION: Final = pl.Schema(
    {
        "engine": pl.String(),
        "regime": pl.String(),
        "venue": pl.String(),
        "symbol": pl.String(),
        "line": pl.String(),
        "amount": pl.Int64(),
    }
)
"""One row a combination that is not 0; ``amount`` is what it contributed to equity.

``engine`` is an engine's name, ``allocator``, ``risk_overlay``, or ``unknown`` where the entry of
an episode was not kept. ``line`` is a name of ``core.types.Line``; costs are negative when paid.
"""

_EPISODE: Final = ("coin", "episode")


def attribute(
    fills: pl.DataFrame, decisions: pl.DataFrame, funding: pl.DataFrame, positions: pl.DataFrame
) -> pl.DataFrame:
    """Return who contributed what to the change in equity.

    Parameters
    ----------
    fills, funding, positions : DataFrame
        Of schemas ``cashflows.FILLS``, ``FUNDING`` and ``POSITIONS``.
    decisions : DataFrame
        The kept decisions of the run.

    Returns
    -------
    DataFrame
        Of schema ``ATTRIBUTION``, sorted; ``amount`` adds up to the change in equity.

    Raises
    ------
    DataError
        What the fills leave open is not what is said to be open.

    Notes
    -----
    Units: 1e-8 quote.  Causal: shares are frozen at the entry.  Missing: engines of an entry that
    was not kept are ``unknown``; a difference of rounding is shared out, never dropped.
    Spec 12, METHODS 13.1.

    Examples
    --------
    >>> attribute(*(pl.DataFrame() for _ in range(4))).height
    0
    """
    bought = required(fills, FILLS, "fills")
    settled = required(funding, FUNDING, "funding")
    held = required(positions, POSITIONS, "positions")
    cash_flows(bought, settled, held)  # refuses positions that the fills do not lead to
    numbered = episodes.number(bought)
    opened = episodes.openings(numbered, decisions)
    share_of = {
        (row["coin"], row["episode"]): episodes.shares(row["votes"], row["side"])
        for row in opened.iter_rows(named=True)
    }
    regime_of = dict(zip(share_of, opened["regime"], strict=True))
    sums: dict[Key, int] = defaultdict(int)
    traded = _traded(_owned(episodes.owners(numbered, opened)), held)
    for row, line, amount in (*traded, *_settled(settled, opened)):
        at = (row["coin"], row["episode"])
        share: Share = share_of.get(at, {UNKNOWN: 1})
        if row["owner"] != ENGINES:
            share = {row["owner"]: 1}
        regime = regime_of.get(at, UNKNOWN)
        for engine, part in zip(share, apportion(amount, [*share.values()]), strict=True):
            sums[engine, regime, row["venue"], row["symbol"], line.name] += part
    rows = [(*key, amount) for key, amount in sorted(sums.items()) if amount]
    return pl.DataFrame(rows, schema=ATTRIBUTION, orient="row")


def _owned(owned: pl.DataFrame) -> pl.DataFrame:
    """Sum the fills of each owner on each venue of an episode, beside its closing fills."""
    place = (*_EPISODE, "venue")
    turn = (pl.col("reason") != pl.col("reason").shift(1)) | (
        pl.col("side") != pl.col("side").shift(1)
    )
    run = turn.fill_null(value=True).cum_sum().over(place)
    is_closing = run == run.max().over(place)
    marked = owned.with_columns(is_closing.alias("is_closing")).with_columns(
        pl.col(name).filter(pl.col("is_closing")).sum().over(place).alias(f"closing_{name}")
        for name in ("lots", "notional")
    )
    return marked.group_by(*place, "symbol", "owner", maintain_order=True).agg(
        *(pl.col(name).first() for name in ("closing_lots", "closing_notional")),
        *(pl.col(name).sum() for name in ("lots", "notional")),
        *(pl.col(line.name.lower()).sum() for line in PAID),
    )


def _traded(
    owned: pl.DataFrame, positions: pl.DataFrame
) -> Iterator[tuple[dict[str, Any], Line, int]]:
    """Yield what the fills of each owner made, and each of their costs."""
    value_of = {(row["coin"], row["venue"]): row["value"] for row in positions.to_dicts()}
    place = (*_EPISODE, "venue")
    ordered = owned.sort(place, maintain_order=True).to_dicts()
    for _, group in groupby(ordered, key=itemgetter(*place)):
        rows = list(group)
        still = sum(row["lots"] for row in rows)
        first = rows[0]
        worth, lots = first["closing_notional"], first["closing_lots"]
        if still:
            worth, lots = value_of[first["coin"], first["venue"]], still
        at_reference = whole_parts([row["lots"] * worth for row in rows], lots)
        for row, claim in zip(rows, at_reference, strict=True):
            yield row, Line.GROSS, claim - row["notional"]
            for line in PAID:
                yield row, line, -row[line.name.lower()]


def _settled(
    funding: pl.DataFrame, opened: pl.DataFrame
) -> Iterator[tuple[dict[str, Any], Line, int]]:
    """Yield the funding of each episode: a settlement follows the fills of its bar."""
    starts = opened.select(*_EPISODE, "first_k").sort("first_k", "episode")
    found = funding.sort("k").join_asof(
        starts,
        left_on="k",
        right_on="first_k",
        by="coin",
        strategy="backward",
        check_sortedness=False,
    )
    keys = (*_EPISODE, "venue", "symbol")
    sums = found.group_by(keys, maintain_order=True).agg(pl.col("amount").sum())
    for row in sums.to_dicts():
        yield {**row, "owner": ENGINES}, Line.FUNDING, -row["amount"]


def by(table: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Return the sums of an attribution over some of its columns, largest first.

    Parameters
    ----------
    table : DataFrame
        From ``attribute``.
    columns : str
        Of ``engine``, ``regime``, ``venue``, ``symbol`` and ``line``; none gives the total.

    Returns
    -------
    DataFrame
        ``columns`` and ``amount``; the amounts add up to those of the table.

    Notes
    -----
    Units: 1e-8 quote.  Causal: reads the whole table.  Missing: an empty table has no rows.
    Spec 12, METHODS 13.

    Examples
    --------
    >>> table = pl.DataFrame([("a", "trend", "x", "BTC", "GROSS", 7),
    ...                       ("b", "trend", "x", "BTC", "FEE", -2)], ATTRIBUTION, orient="row")
    >>> by(table, "engine").rows(), by(table, "symbol").rows()
    ([('a', 7), ('b', -2)], [('BTC', 5)])
    """
    if not columns:
        return table.select(pl.col("amount").sum())
    return (
        table.group_by(columns)
        .agg(pl.col("amount").sum())
        .sort("amount", *columns, descending=[True, *(False for _ in columns)])
    )


def check(
    table: pl.DataFrame,
    equity: pl.DataFrame,
    fills: pl.DataFrame,
    funding: pl.DataFrame,
    positions: pl.DataFrame,
) -> None:
    """Refuse an attribution that does not add up to the change in equity.

    Parameters
    ----------
    table : DataFrame
        From ``attribute``.
    equity : DataFrame
        One row a bar, with ``equity`` and ``flow``; the first row is the start.
    fills, funding, positions : DataFrame
        What it was made from.

    Raises
    ------
    ArithmeticError
        The sum of all, of a venue or of a coin is off: a bug, never a matter of the data.

    Notes
    -----
    Units: 1e-8 quote.  Causal: reads the whole run.  Missing: none.  METHODS 13.3.
    """
    flow = int(equity["flow"].sum()) - int(equity["flow"][0])
    moved = int(equity["equity"][-1]) - int(equity["equity"][0]) - flow
    found = int(table["amount"].sum())
    if found != moved:
        raise ArithmeticError(
            f"the attribution adds up to {found} and equity moved by {moved} units of 1e-8: "
            "this is a bug, please report it with the run"
        )
    said = by(table, "venue", "symbol")
    flows = cash_flows(fills, funding, positions)
    both = pl.concat((said.with_columns(-pl.col("amount")), flows.select(said.columns)))
    off = both.group_by("venue", "symbol").agg(pl.col("amount").sum()).filter(pl.col("amount") != 0)
    if off.height:
        row = off.sort("venue", "symbol").row(0, named=True)
        raise ArithmeticError(
            f"the attribution of {row['symbol']} on {row['venue']} is off by {row['amount']} units "
            "of 1e-8: this is a bug, please report it with the run"
        )
