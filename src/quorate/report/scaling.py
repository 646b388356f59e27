r"""What a run's trades come to at another size of the account, episode by episode.

In: fills, what is open at the end, and the books. Out: for any multiple :math:`m` of the account,
what every episode (flat to flat) makes. The exchange takes no larger a share of a bar's volume than
:math:`\bar\rho`, and sizing holds no more than that share of :math:`w` bars, so an episode grows
with the account only until its position meets the quietest bar in which it was bought:

.. math:: s_e(m) = \min\bigl(m,\; \max(1,\; \bar\rho\, w\, V_e / P_e)\bigr), \qquad
          \text{net}_e(m) = s_e O_e - \sum_{i \in e} I_i\, s_e
          \sqrt{\min(s_e \rho_i, \bar\rho) / \rho_i}

with its largest position :math:`P_e`, the volume :math:`V_e`, what it made but for impact
:math:`O_e`, and impact :math:`I_i` at participation :math:`\rho_i`. A participation is read back
from the impact that was paid; a fill that paid none met the usual volume of its coin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.core.costs import Params
from quorate.core.types import MONEY_SCALE
from quorate.report import episodes
from quorate.report.cashflows import POSITIONS, required

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from quorate.core.types import IntVec, Vec

_BPS: Final = 10_000.0
_COSTS: Final = ("delay", "spread", "latency", "fee", "haircut")
_EPISODE: Final = ("coin", "episode")
READ: Final = frozenset({"ts", "coin", "side", "notional", "impact", "closed", *_COSTS})
"""The columns of fills that are read."""


class Limits(NamedTuple):
    """What the run was told of size: the impact of all the volume, the shares and the window."""

    impact_bps_at_one: float = Params().impact_bps_at_one
    fill_share: float = Params().max_participation
    position_share: float = Params().max_participation
    window_bars: float = 1.0


class Scaled(NamedTuple):
    """A run taken apart, fills of shape (fill,) and episodes of shape (episode,).

    ``room`` is the multiple at which a fill's impact stops growing; ``cap`` the one at which an
    episode does. ``other_usd`` is what an episode made but for impact, ``day`` when it ended,
    days since 1970.
    """

    episode: IntVec
    impact_usd: Vec
    room: Vec
    other_usd: Vec
    cap: Vec
    day: IntVec


def limits(settings: Mapping[str, Any]) -> Limits:
    """Return the limits that a run was set, the defaults where it does not say.

    Examples
    --------
    >>> limits({"decision": {"window_bars": 3}}).window_bars
    3.0
    """
    costs, risk, decision = (settings.get(name, {}) for name in ("costs", "risk", "decision"))
    usual = Limits()
    return Limits(
        float(costs.get("impact_bps_at_one", usual.impact_bps_at_one)),
        float(costs.get("max_participation", usual.fill_share)),
        float(risk.get("max_participation", usual.position_share)),
        float(decision.get("window_bars", usual.window_bars)),
    )


def take_apart(
    fills: pl.DataFrame, positions: pl.DataFrame | None, net_usd: float, bounds: Limits
) -> Scaled:
    """Return the episodes of a run with what bounds them.

    Parameters
    ----------
    fills : DataFrame
        With the columns of ``READ``, at least one row.
    positions : DataFrame or None
        Of schema ``cashflows.POSITIONS``: what is open at the end, at its mark.
    net_usd : float
        What the books say that all of it made. What is not in the fills, which is funding, is
        shared out by what was traded.
    bounds : Limits
        From ``limits``.

    Notes
    -----
    Units: USD.  Causal: reads the whole run.  Missing: an episode of a coin that never paid for
    its own size is not bounded.  METHODS 6.6.
    """
    table = _valued(fills, bounds).with_columns(
        pl.struct(_EPISODE).rank("dense").cast(pl.Int64).sub(1).alias("e")
    )
    first = pl.col("side").first()
    found = (
        table.group_by("e")
        .agg(
            pl.col("coin", "episode").first(),
            pl.col("ts").last().dt.epoch("d").alias("day"),
            pl.col("value").sum(),
            pl.col("impact_usd").sum(),
            pl.col("cash").sum(),
            pl.col("signed").cum_sum().abs().max().alias("peak"),
            pl.col("volume").filter(pl.col("side") == first).min(),
        )
        .sort("e")
    )
    other = found["cash"].to_numpy() + _open_value(found, positions)
    traded = found["value"].to_numpy()
    rest = net_usd - float(other.sum() - found["impact_usd"].sum())
    most = bounds.position_share * bounds.window_bars * found["volume"].to_numpy()
    return Scaled(
        episode=table["e"].to_numpy(),
        impact_usd=table["impact_usd"].to_numpy(),
        room=_multiple(bounds.fill_share * table["volume"].to_numpy(), table["value"].to_numpy()),
        other_usd=other + rest * traded / max(float(traded.sum()), 1e-9),
        cap=_multiple(most, found["peak"].to_numpy()),
        day=found["day"].to_numpy(),
    )


def results(multiple: float, run: Scaled) -> Vec:
    """Return what every episode makes at a multiple of the account (``net_e(m)`` above).

    Parameters
    ----------
    multiple : float
        Of the account, above zero.
    run : Scaled
        From ``take_apart``.

    Notes
    -----
    Units: USD.  Causal: pure.  Missing: a fill without impact costs nothing.  METHODS 6.6.

    Examples
    --------
    >>> one = Scaled(np.array([0]), np.array([1.0]), np.array([20.0]), np.array([5.0]),
    ...              np.array([9.0]), np.array([0]))
    >>> results(4.0, one).tolist(), results(9.0, one).tolist(), results(99.0, one).tolist()
    ([12.0], [18.0], [18.0])
    """
    size = np.minimum(multiple, run.cap)
    own = size[run.episode]
    paid = run.impact_usd * own * np.sqrt(np.minimum(own, run.room))
    return size * run.other_usd - np.bincount(run.episode, paid, minlength=len(size))


def _valued(fills: pl.DataFrame, bounds: Limits) -> pl.DataFrame:
    """Add money in USD to fills, and the volume each met: read back, or the usual of its coin."""
    rate = _BPS * pl.col("impact_usd") / pl.col("value")
    at_one = bounds.impact_bps_at_one if bounds.impact_bps_at_one > 0.0 else np.inf
    share = (rate / at_one) ** 2
    costs = pl.sum_horizontal(_COSTS)
    return (
        episodes.number(fills)
        .with_columns(
            (pl.col("notional") / MONEY_SCALE).alias("signed"),
            (pl.col("notional").abs() / MONEY_SCALE).alias("value"),
            (pl.col("impact") / MONEY_SCALE).alias("impact_usd"),
            ((-pl.col("notional") - costs) / MONEY_SCALE).alias("cash"),
        )
        .with_columns(
            pl.when((pl.col("impact_usd") > 0.0) & (share > 0.0))
            .then(pl.col("value") / share)
            .alias("volume")
        )
        .with_columns(pl.col("volume").fill_null(pl.col("volume").median().over("coin")))
        .with_columns(pl.col("volume").fill_null(np.inf))
    )


def _open_value(found: pl.DataFrame, positions: pl.DataFrame | None) -> Vec:
    """Return what is open at the end, at its mark, in the last episode of each coin."""
    held = required(pl.DataFrame() if positions is None else positions, POSITIONS, "positions")
    marks = held.group_by("coin").agg((pl.col("value").sum() / MONEY_SCALE).alias("mark"))
    is_last = pl.col("episode") == pl.col("episode").max().over("coin")
    joined = found.join(
        marks.with_columns(pl.col("coin").cast(found.schema["coin"])),
        on="coin",
        how="left",
        maintain_order="left",
    )
    mark = pl.when(is_last).then(pl.col("mark").fill_null(0.0)).otherwise(0.0).alias("mark")
    found_usd: Vec = joined.select(mark)["mark"].to_numpy()
    return found_usd


def _multiple(most_usd: Vec, now_usd: Vec) -> Vec:
    """Return how often it fits in: at least once, for it did."""
    fits = np.divide(most_usd, now_usd, out=np.full(len(now_usd), np.inf), where=now_usd > 0.0)
    return np.asarray(np.maximum(fits, 1.0))
