"""Fills as episodes, flat to flat: who is answerable for each fill, and whose votes opened it.

In: the fills and decisions of a run. Out: the fills with their episode and owner, and one row an
episode with its entry. The rules are those of METHODS 13.1, made exact:

- An *episode* is a run of fills of one coin from flat to flat, over all its venues.
- Its *entry* is the last kept decision with reason ENTRY for that coin before its first fill and
  not before the first fill of the episode before; without one the engines are not known.
- A *fill* belongs to the engines if it is an entry or an ordinary exit. A fill that resizes, or by
  which the optimiser gives a coin up, belongs to the allocator. But as long as less was bought than
  the entry decided, a resizing that adds on its side only completes it (the schedule of the entry
  was replaced on the way) and belongs to the engines, if more than half of it is within that size.
- A fill that was forced (a cap, a breaker, a control, the venue) belongs to the risk overlay; one
  whose reason says neither is nobody's: ``unknown``.
"""

from __future__ import annotations

import math
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from quorate.core.types import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENGINES: Final = "engines"
ALLOCATOR: Final = "allocator"
RISK_OVERLAY: Final = "risk_overlay"
UNKNOWN: Final = "unknown"

_BY_ENGINES: Final = (
    Reason.ENTRY,
    Reason.REVERSAL,
    Reason.EXIT_SIGNAL,
    Reason.EXIT_TIME,
    Reason.EXIT_STOP,
    Reason.CARRY_TURNED,
)
_BY_ALLOCATOR: Final = (
    Reason.REBALANCE,
    Reason.PORTFOLIO_ZERO,
    Reason.PORTFOLIO_NOT_SOLVED,
)
_FORCED: Final = (
    Reason.EXIT_UNIVERSE,
    Reason.EXIT_CONTROL,
    Reason.CUT_OPEN_RISK,
    Reason.CUT_CAP,
    Reason.EXIT_LIQUIDATION,
    Reason.EXIT_DELISTED,
    Reason.CAP_COIN,
    Reason.CAP_SECTOR,
    Reason.CAP_GROSS,
    Reason.CAP_PARTICIPATION,
    Reason.CAP_OPEN_RISK,
    Reason.CAP_VENUE,
    Reason.CAP_NET,
    Reason.CAP_BETA,
    Reason.CAP_RISK,
    Reason.BREAKER_DAILY,
    Reason.BREAKER_STREAK,
    Reason.BREAKER_VOLATILITY,
    Reason.PAUSED,
    Reason.KILLED,
    Reason.BLOCKED,
    Reason.OPEN_RISK_NEGATIVE,
)
_NANO: Final = 1_000_000_000
_TICK: Final = pl.duration(microseconds=1)


def number(fills: pl.DataFrame) -> pl.DataFrame:
    """Add the number of its episode to every fill, counted from 0 for each coin.

    Parameters
    ----------
    fills : DataFrame
        In the order of their times; ``closed`` is 1 on the fill that leaves a coin flat.

    Returns
    -------
    DataFrame
        With ``episode``.

    Notes
    -----
    Units: none.  Causal: a fill reads the fills before it.  Missing: none.  METHODS 0b.11.

    Examples
    --------
    >>> number(pl.DataFrame({"coin": [0, 0, 0], "closed": [0, 1, 0]}))["episode"].to_list()
    [0, 0, 1]
    """
    return fills.with_columns(
        (pl.col("closed").cum_sum() - pl.col("closed")).over("coin").alias("episode")
    )


def openings(numbered: pl.DataFrame, decisions: pl.DataFrame) -> pl.DataFrame:
    """Return one row an episode: its side and regime at the start, and the decision to enter.

    Parameters
    ----------
    numbered : DataFrame
        Fills with ``episode``.
    decisions : DataFrame
        The kept decisions; one without columns knows no entry.

    Returns
    -------
    DataFrame
        ``coin``, ``episode``, ``symbol``, ``regime`` (when the first fill was decided), ``side``,
        ``first_k``, and ``votes`` (as recorded) and ``decided_coins`` of the entry, null where it
        is not known.

    Notes
    -----
    Units: coins.  Causal: an episode reads decisions before its first fill.  Missing: null.
    METHODS 13.1.
    """
    starts = (
        numbered.group_by("coin", "episode", maintain_order=True)
        .agg(
            pl.col("symbol").first(),
            pl.col("regime").first(),
            pl.col("side").first(),
            pl.col("k").first().alias("first_k"),
            pl.col("ts").first().dt.cast_time_unit("us").alias("first_ts"),
        )
        .with_columns(
            (pl.col("first_ts") - _TICK).alias("before"),
            pl.col("first_ts").shift(1).over("coin").alias("earliest"),
        )
        .sort("before", maintain_order=True)
    )
    found = starts.join_asof(
        _entries(decisions),
        left_on="before",
        right_on="decided_at",
        by="symbol",
        strategy="backward",
        check_sortedness=False,
    )
    is_stale = pl.col("decided_at") < pl.col("earliest")
    return found.select(
        *("coin", "episode", "symbol", "regime", "side", "first_k"),
        *(
            pl.when(is_stale.fill_null(value=False)).then(None).otherwise(pl.col(name)).alias(name)
            for name in ("votes", "decided_coins")
        ),
    ).sort("coin", "episode")


def _entries(decisions: pl.DataFrame) -> pl.DataFrame:
    if "reason" not in decisions.columns:
        return pl.DataFrame(
            schema={
                "symbol": pl.String,
                "decided_at": pl.Datetime("us", "UTC"),
                "votes": pl.Null,
                "decided_coins": pl.Float64,
            }
        )
    return (
        decisions.filter(pl.col("reason") == Reason.ENTRY.name)
        .select(
            "symbol",
            pl.col("timestamp").dt.cast_time_unit("us").alias("decided_at"),
            pl.col("engine_votes").alias("votes"),
            (pl.col("size_usd") / pl.col("price")).alias("decided_coins"),
        )
        .sort("decided_at", maintain_order=True)
    )


def owners(numbered: pl.DataFrame, opened: pl.DataFrame) -> pl.DataFrame:
    """Add to every fill whose doing it is: engines, allocator, risk overlay.

    Parameters
    ----------
    numbered : DataFrame
        Fills with ``episode``.
    opened : DataFrame
        From ``openings``.

    Returns
    -------
    DataFrame
        With ``owner``.

    Notes
    -----
    Units: none.  Causal: a fill reads what was filled before it.  Missing: without a known entry
    no resizing completes one.  METHODS 13.1.
    """
    entry = opened.select("coin", "episode", "decided_coins", pl.col("side").alias("entry_side"))
    size = pl.col("coins").abs()
    is_rebalance = pl.col("reason") == Reason.REBALANCE.name
    adds = (pl.col("side") == pl.col("entry_side")) & (
        is_rebalance | (pl.col("reason") == Reason.ENTRY.name)
    )
    added = pl.when(adds).then(size).otherwise(0.0).cum_sum().over("coin", "episode")
    completes = adds & (added - 0.5 * size < pl.col("decided_coins")).fill_null(value=False)
    return (
        numbered.join(entry, on=("coin", "episode"), how="left", maintain_order="left")
        .with_columns(
            pl.when(_is_any(_BY_ENGINES) | (is_rebalance & completes))
            .then(pl.lit(ENGINES))
            .when(_is_any(_BY_ALLOCATOR))
            .then(pl.lit(ALLOCATOR))
            .when(_is_any(_FORCED))
            .then(pl.lit(RISK_OVERLAY))
            .otherwise(pl.lit(UNKNOWN))
            .alias("owner")
        )
        .drop("decided_coins", "entry_side")
    )


def _is_any(reasons: tuple[Reason, ...]) -> pl.Expr:
    return pl.col("reason").is_in([reason.name for reason in reasons])


def shares(votes: Iterable[Mapping[str, Any]] | None, side: int) -> dict[str, int]:
    r"""Return the share of each engine in an entry, as integers of one denominator, their sum.

    .. math:: \text{share}_e = w_e v_e / S, \qquad v_e = (2 p_e - 1) s_e, \qquad
              S = \textstyle\sum_e w_e v_e

    Parameters
    ----------
    votes : iterable of mapping, or None
        ``engine``, ``side``, ``prob`` and ``weight`` at the decision, to nine decimals.
    side : int
        Of the episode's first fill, +1 or -1.

    Returns
    -------
    dict
        Positive for those who voted for the side, negative for dissenters; the sum is positive.
        ``{"unknown": 1}`` where the votes are not known or do not add up to the side.

    Notes
    -----
    Units: the sum is one whole.  Causal: frozen at the entry.  Missing: ``unknown``.
    METHODS 13.1; golden vector G3.

    Examples
    --------
    >>> shares([{"engine": "a", "side": 1, "prob": 0.62, "weight": 0.4},
    ...         {"engine": "b", "side": -1, "prob": 0.56, "weight": 0.1}], 1)
    {'a': 8, 'b': -1}
    """
    known = {
        vote["engine"]: side * vote["side"] * _strength(vote["weight"], vote["prob"])
        for vote in sorted(votes or (), key=itemgetter("engine"))
    }
    if sum(known.values()) <= 0:
        return {UNKNOWN: 1}
    divisor = math.gcd(*known.values())
    return {engine: part // divisor for engine, part in known.items() if part}


def _strength(weight: float, prob: float) -> int:
    """Return ``w (2 p - 1)`` of the recorded decimals as an integer; 0 where not finite."""
    if not math.isfinite(weight * prob):
        return 0
    return round(weight * _NANO) * (2 * round(prob * _NANO) - _NANO)
