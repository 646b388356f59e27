r"""What looking only at survivors would have claimed.

In: the days of every coin, dead ones too, and who was in the universe on which day. Out: equal
parts of the coins that could be traded each day, beside equal parts of those among them that were
still trading at the end,

.. math:: r_d = \frac{1}{|U_d|} \sum_{i \in U_d} \left(\frac{C_{i,d}}{C_{i,d-1}} - 1\right)
    - \kappa \sum_i |w_{i,d} - w_{i,d-1}|

set anew at the end of each day, or of each n-th, at a cost of :math:`\kappa`; between them parts
drift. A coin whose days end while it is held leaves at its last close less a haircut, and its money
waits for the next time that parts are set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.errors import DataError
from quorate.lake.universe import Verdict
from quorate.statistics.survivors import between

if TYPE_CHECKING:
    from datetime import date

    from quorate.core.types import Mat, Vec

    Ended = np.ndarray[tuple[int], np.dtype[np.bool_]]
    Mask = np.ndarray[tuple[int, int], np.dtype[np.bool_]]

HAIRCUT = 0.05
COST_BPS = 10.0
BOUNDS: Final = {"haircut": (0.0, 1.0), "cost_bps": (0.0, 1_000.0), "rebalance_days": (1, 10_000)}
MEASURES: Final = pl.Schema(
    {
        "measure": pl.String(),
        "unit": pl.String(),
        "everyone": pl.Float64(),
        "survivors": pl.Float64(),
        "difference": pl.Float64(),
    }
)
"""The columns of ``Survivorship.measures``."""
_YEAR: Final = "a year of 365 days"
_UNITS: Final = {
    "return": "fraction",
    "sharpe": _YEAR,
    "drawdown": "fraction",
    "costs": "fraction of equity",
    "ends": "fraction of equity",
}


class Survivorship(NamedTuple):
    """Equal parts of everyone and of survivors: total returns, and how many coins each had.

    ``days`` has both curves: ``day, everyone, survivors`` (growth of 1), ``n_everyone,
    n_survivors`` (coins held). ``measures`` has a row each for ``return``, ``sharpe``, ``drawdown``
    (at most 0), ``costs`` and ``ends`` (what was paid for trading, and lost where coins ended, each
    a sum of shares of the equity of the day): ``measure, unit, everyone, survivors, difference``,
    the last that of survivors over everyone; null where it is not defined. The numbers that it was
    measured with are ``rebalance_days, haircut, cost_bps``.
    """

    everyone: float
    survivors: float
    n_ever: int
    n_ended: int
    days: pl.DataFrame
    measures: pl.DataFrame
    rebalance_days: int
    haircut: float
    cost_bps: float

    @property
    def flattery(self) -> float:
        """Return what looking only at survivors adds, a fraction."""
        return self.survivors - self.everyone

    def as_dict(self) -> dict[str, object]:
        """Return everything as plain values for JSON."""
        tables = {"days": self.days.to_dicts(), "measures": self.measures.to_dicts()}
        return {**self._asdict(), "flattery": self.flattery, **tables}


def survivorship(
    days: pl.DataFrame,
    verdicts: pl.DataFrame,
    *,
    haircut: float = HAIRCUT,
    cost_bps: float = COST_BPS,
    rebalance_days: int = 1,
) -> Survivorship:
    """Hold equal parts of the universe, of everyone in it and of its survivors.

    Parameters
    ----------
    days : polars.DataFrame
        ``symbol, day, close``: a row a coin and day that traded (``universe.days_of``).
    verdicts : polars.DataFrame
        From ``universe.judged``, over the span.
    haircut : float
        What a holder loses on top when a coin ends, a fraction of its last close.
    cost_bps : float
        Of what is bought and sold to be equal again.
    rebalance_days : int
        Every how many days they are made equal, from the first one on; by those who are in then.

    Returns
    -------
    Survivorship
        Over the days of ``verdicts``.

    Raises
    ------
    DataError
        If no coin is in on any day, or the bars end before the span does.
    ValueError
        A number is outside its bounds.

    Notes
    -----
    Units: fractions, bps.  Causal: who is held on a day is known the evening before; who survived
    is not, which is the point.  Missing: a coin without a bar is held on at its last price to the
    close of the day on which it trades again; one that never does is out at a loss on the first day
    without. One that trades neither on the last day nor on one beyond the span counts as ended: a
    day of silence is an end, as in a run.
    Spec 13; METHODS 12.

    Examples
    --------
    >>> from datetime import date, timedelta
    >>> def coin(name, closes):
    ...     when = [date(2023, 1, 1) + timedelta(i) for i in range(len(closes))]
    ...     return pl.DataFrame({"symbol": name, "day": when, "close": closes})
    >>> days = pl.concat([coin("A", [1.0, 1.0, 1.1, 1.1]), coin("B", [1.0, 0.5])])
    >>> verdicts = days.join(days.select("day").unique(), on="day").select("symbol").unique().join(
    ...     days.select("day").unique(), how="cross").with_columns(verdict=pl.lit("IN"))
    >>> found = survivorship(days, verdicts, haircut=0.0, cost_bps=0.0)
    >>> round(found.everyone, 4), round(found.survivors, 4), found.n_ended
    (-0.2125, 0.1, 1)
    """
    given = {"haircut": haircut, "cost_bps": cost_bps, "rebalance_days": rebalance_days}
    for name, (low, high) in BOUNDS.items():
        if not low <= given[name] <= high:
            raise ValueError(f"{name} is {given[name]:g}, outside [{low:g}, {high:g}]")
    span = verdicts["day"].unique().sort()
    names = verdicts.filter(pl.col("verdict") == Verdict.IN.value)["symbol"].unique().sort()
    if names.is_empty():
        raise DataError("no coin is in the universe on any day", hint="loosen its rules")
    close = _matrix(days.filter(pl.col("symbol").is_in(names.implode())), "close", span, names)
    is_in = (
        _matrix(
            verdicts.with_columns(
                (pl.col("verdict") == Verdict.IN.value).cast(pl.Float64).alias("is_in")
            ),
            "is_in",
            span,
            names,
        )
        > 0.5
    )
    traded = np.isfinite(close)
    last = close.shape[0] - 1 - traded[::-1].argmax(axis=0)
    ended = _ended(days, span[-1], names)
    last = np.where(ended, last, close.shape[0])
    before = _closes_before(days, span[0], names)
    is_left = is_in & ~ended
    numbers = haircut, cost_bps, rebalance_days
    everyone, survivors = (_grow(close, who, last, before, numbers) for who in (is_in, is_left))
    return Survivorship(
        float(everyone.curve[-1] - 1.0),
        float(survivors.curve[-1] - 1.0),
        len(names),
        int(ended.sum()),
        pl.DataFrame(
            {
                "day": span,
                "everyone": everyone.curve,
                "survivors": survivors.curve,
                "n_everyone": is_in.sum(axis=1),
                "n_survivors": is_left.sum(axis=1),
            }
        ),
        _measures(everyone, survivors),
        rebalance_days,
        haircut,
        cost_bps,
    )


class _Grown(NamedTuple):
    """The growth of 1 by day, and in all what was paid for trading and lost where coins ended."""

    curve: Vec
    costs: float
    ends: float


def _measures(everyone: _Grown, survivors: _Grown) -> pl.DataFrame:
    """Return both beside each other (``Survivorship.measures``)."""
    found = between(everyone.curve, survivors.curve)
    for name in ("costs", "ends"):
        one, two = float(getattr(everyone, name)), float(getattr(survivors, name))
        found |= {
            f"everyone_{name}": one,
            f"survivors_{name}": two,
            f"{name}_difference": two - one,
        }
    rows = [
        (name, unit, *(found[f"{who}_{name}"] for who in ("everyone", "survivors")), gap)
        for name, unit in _UNITS.items()
        for gap in (found[f"{name}_difference"],)
    ]
    return pl.DataFrame(rows, MEASURES, orient="row")


def _ended(days: pl.DataFrame, end: date, names: pl.Series) -> Ended:
    """Return which coins do not trade on the last day nor later, by all that is known."""
    newest = max(days["day"].to_list())
    if newest < end:
        raise DataError(
            f"the bars end on {newest:%Y-%m-%d}, before {end}: who is left then is not known",
            hint=f"ask until {newest:%Y-%m-%d} at the latest",
        )
    lived = days.group_by("symbol").agg(pl.col("day").max().alias("newest"))
    found = pl.DataFrame({"symbol": names}).join(lived, on="symbol", how="left")
    # a silence of a day is an end, as in a run: nobody could have sold on it
    return (found["newest"] < end).to_numpy()


def _matrix(rows: pl.DataFrame, value: str, span: pl.Series, names: pl.Series) -> Mat:
    """Return a value as an array (day, coin), NaN where there is none."""
    d = pl.DataFrame({"day": span, "d": np.arange(len(span))})
    c = pl.DataFrame({"symbol": names, "c": np.arange(len(names))})
    placed = rows.join(d, on="day").join(c, on="symbol")
    made: Mat = np.full((len(span), len(names)), np.nan)
    made[placed["d"].to_numpy(), placed["c"].to_numpy()] = placed[value].to_numpy()
    return made


def _closes_before(days: pl.DataFrame, first: date, names: pl.Series) -> Vec:
    """Return each coin's last close before the span, NaN for one that had none."""
    closes = (
        days.filter(pl.col("day") < first)
        .sort("day")
        .group_by("symbol")
        .agg(pl.col("close").last())
    )
    found = pl.DataFrame({"symbol": names}).join(closes, on="symbol", how="left")
    return found["close"].fill_null(np.nan).to_numpy()


def _grow(
    close: Mat,
    is_in: Mask,
    last: np.ndarray[tuple[int], np.dtype[np.int64]],
    before: Vec,
    numbers: tuple[float, float, int],
) -> _Grown:
    """Return the growth of 1 in equal parts, day by day."""
    haircut, cost_bps, every = numbers
    costs = ends = 0.0
    price, weight = before.copy(), np.zeros(close.shape[1])
    grown, curve = 1.0, np.ones(close.shape[0])
    traded_before = np.ones(close.shape[1], np.bool_)
    for day in range(close.shape[0]):
        traded = np.isfinite(close[day])
        # who is stuck without a bar stays, to the close of the day on which it trades again
        stuck = (weight > 0.0) & ~(traded & traded_before) & (day <= last) & ~is_in[day]
        traded_before = traded
        target = weight.copy()
        if day % every == 0:
            free = is_in[day] & np.isfinite(price) & ~stuck
            target[~stuck] = 0.0
            if free.any():
                target[free] = max(1.0 - target.sum(), 0.0) / free.sum()
        cost = cost_bps / 1e4 * float(np.abs(target - weight).sum())
        moved = np.ones(close.shape[1])
        moved[traded] = close[day][traded] / np.where(np.isfinite(price), price, close[day])[traded]
        is_end = (target > 0.0) & (day == last + 1)
        moved[is_end] = 1.0 - haircut
        costs += cost
        ends += haircut * float(target[is_end].sum())
        value = target * moved
        gain = 1.0 + float((value - target).sum()) - cost
        grown *= gain
        weight = value / gain
        weight[day > last] = 0.0
        price[traded] = close[day][traded]
        curve[day] = grown
    return _Grown(curve, costs, ends)
