"""One coin's bars of several vendors: merged, cut to a span, counted, and written or refused.

In: what was judged of a symbol by vendor. Out: ``Coin``, of each coin of it, and its file. A coin
of which no bar is left has a sentence that says why, and no file.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.lake import beside, disk, reconcile
from quorate.lake.grid import take, window
from quorate.lake.instruments import infer_tick
from quorate.lake.lives import aligned, lives
from quorate.lake.reconcile import Merged
from quorate.lake.sources import PRICES, instant
from quorate.lake.spec import EVER_MS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from quorate.lake.governance.findings import Schema
    from quorate.lake.judging import Aside
    from quorate.lake.quote import Rate
    from quorate.lake.sources import Series

_DAY_MS = 86_400_000
COINS: Final[Schema] = {
    "symbol": pl.String,
    "vendor": pl.String,
    "n_bars": pl.Int64,
    "n_taken": pl.Int64,
    "n_alone": pl.Int64,
    "n_short": pl.Int64,
}
SHORT: Final[Schema] = {
    "symbol": pl.String,
    "vendor": pl.String,
    "day": pl.Date,
    "n": pl.Int64,
}
DISPUTED: Final[Schema] = {"symbol": pl.String, "at": pl.Datetime("ms", "UTC")}


class Coin(NamedTuple):
    """One coin's merged series, the vendors that have it (as indices), and how many bars each.

    ``why`` says why no bar is left, or that no two vendors ever agree; empty where a bar is left.
    """

    name: str
    vendors: tuple[int, ...]
    counts: tuple[int, ...]
    merged: Merged
    why: str = ""


def coins(
    judged: Sequence[Aside | None],
    titles: Sequence[str],
    kind: str,
    minutes: int,
    rate: Rate | None,
    span: tuple[int, int] = EVER_MS,
    quorum: int = reconcile.QUORUM,
) -> list[Coin]:
    """Merge the vendors' bars of each coin of a symbol.

    Parameters
    ----------
    judged : sequence of Aside or None
        What each vendor has of it, one at least; the first that has it says which coins there are.
    titles : sequence of str
        The vendors' names.
    kind : str
        ``spot`` or ``perp``, of all.
    minutes : int
        Length of a bar.
    rate : Rate, optional
        What the first vendor's money is worth.
    span : (int, int)
        Open times in milliseconds that are kept, the first included, the second not; bars are held
        against one another as without it.
    quorum : int
        As ``reconcile.merge``.

    Returns
    -------
    list of Coin
        Empty where no bar of that vendor can be believed.

    Notes
    -----
    Units: as ``Series``, of the first vendor that has the coin.  Causal, Missing: as
    ``reconcile.merge``.  Spec 13; METHODS 12.
    """
    lead = next(v for v, each in enumerate(judged) if each is not None)
    mine = judged[lead]
    assert mine is not None  # noqa: S101  (some vendor has the symbol)
    own, symbol = lives(mine), mine.judged.symbol
    others = [
        [None] * len(own)
        if each is None
        else [
            beside.priced(rate, symbol, series, each.judged.quote, minutes)
            for series in aligned(own, each.within().governed)
        ]
        for each in judged[lead + 1 :]
    ]
    made = []
    for i, (name, series) in enumerate(mine.within().governed.coins):
        bars = [*[None] * lead, series, *(each[i] for each in others)]
        there = {v: each for v, each in enumerate(bars) if each is not None}
        named = {titles[v]: each for v, each in there.items()}
        ticks = [infer_tick(each.close) for each in there.values()]
        whole = reconcile.merge([*there.values()], ticks, [kind] * len(there), minutes, quorum)
        merged, is_apart = _within(whole, span), _agree_on_nothing(whole, [*there.values()])
        if is_apart:  # bars of one vendor alone between bars of another coin are no series
            merged = merged._replace(
                **{name: getattr(merged, name)[:0] for name in ("vendor", "n_agree")},
                series=take(merged.series, slice(0)),
            )
        counts = tuple(window(each, *span).open_ms.size for each in there.values())
        why = ""
        if merged.series.open_ms.size == 0:
            why = _alone(merged, named, quorum) if not is_apart else ""
            why = why or _why(named, ticks, minutes, EVER_MS if is_apart else span)
        made.append(Coin(name, tuple(there), counts, merged, why))
    return made


def rows(coin: Coin, titles: Sequence[str]) -> Iterator[tuple[str, str, int, int, int, int]]:
    """Yield a row a vendor that has the coin (``COINS``)."""
    for i, (v, n_bars) in enumerate(zip(coin.vendors, coin.counts, strict=True)):
        taken = coin.merged.vendor == i
        alone = int((coin.merged.n_agree[taken] == 1).sum())
        short = int((coin.merged.whose == i).sum())
        yield coin.name, titles[v], n_bars, int(taken.sum()), alone, short


def short(coin: Coin, titles: Sequence[str]) -> pl.DataFrame:
    """Return how many bars of each vendor and day too few confirm (``SHORT``)."""
    left = pl.DataFrame(
        {
            "vendor": np.array([titles[v] for v in coin.vendors])[coin.merged.whose],
            "day": coin.merged.short // _DAY_MS,
        },
        schema_overrides={"vendor": pl.String},
    )
    counted = left.group_by("vendor", "day").agg(pl.len().cast(pl.Int64).alias("n"))
    return counted.select(
        pl.lit(coin.name).alias("symbol"), "vendor", pl.col("day").cast(pl.Int32).cast(pl.Date), "n"
    ).sort("day", "vendor")


def disputed(coin: Coin) -> pl.DataFrame:
    """Return the times at which no two vendors agree (``DISPUTED``)."""
    return pl.DataFrame({"at": coin.merged.disputed}).select(
        pl.lit(coin.name).alias("symbol"), pl.col("at").cast(pl.Datetime("ms", "UTC"))
    )


def write(where: Path, coin: Coin, titles: Sequence[str]) -> None:
    """Write one coin's merged series into a folder, in one step.

    Raises
    ------
    DataError
        The disk refuses.
    """
    series, vendor = coin.merged.series, coin.merged.vendor
    held = pl.DataFrame(
        {
            "ts": pl.Series(series.open_ms).cast(pl.Datetime("ms", "UTC")),
            **{name: getattr(series, name) for name in (*PRICES, "volume")},
            **({"taker_buy_volume": series.taker_buy} if series.has_taker else {}),
            "vendor": np.array([titles[v] for v in coin.vendors])[vendor],
            "n_agree": coin.merged.n_agree,
        }
    )
    disk.replace(where / f"{coin.name}.parquet", disk.parquet(held))


def _within(merged: Merged, span: tuple[int, int]) -> Merged:
    """Return what of a merged series lies in a span."""
    if span == EVER_MS:
        return merged
    first, end = span
    at, off, few = merged.series.open_ms, merged.disputed, merged.short
    inside = (at >= first) & (at < end)
    return Merged(
        take(merged.series, inside),
        merged.vendor[inside],
        merged.n_agree[inside],
        off[(off >= first) & (off < end)],
        few[(few >= first) & (few < end)],
        merged.whose[(few >= first) & (few < end)],
    )


def _agree_on_nothing(merged: Merged, there: Sequence[Series]) -> bool:
    """Return whether several vendors have bars and no two ever agree: of none in common too."""
    is_several = sum(each.open_ms.size > 0 for each in there) > 1
    return is_several and not bool((merged.n_agree > 1).any())


def _alone(merged: Merged, there: dict[str, Series], quorum: int) -> str:
    """Return that too few vendors have a coin's bars, where nobody contradicts another."""
    n = merged.short.size
    if not n or merged.disputed.size:
        return ""
    who = f"{next(iter(there))} alone has it" if len(there) == 1 else "too few vendors have it"
    return f"{who}: of its {n:,d} bars none is confirmed by {quorum}"


def _why(
    there: dict[str, Series], ticks: Sequence[float], minutes: int, span: tuple[int, int]
) -> str:
    """Return why no bar of a coin is left: how far apart those vendors are who are nearest."""
    apart = []
    for one, (nth, two) in combinations(enumerate(there), 2):
        told = reconcile.compare(there[one[1]], there[two], ticks[nth], minutes)
        inside = (told.open_ms >= span[0]) & (told.open_ms < span[1])
        if inside.any():
            far = float(np.median(np.abs(told.bps[inside])))
            most = float(told.tolerated_bps[inside].max())
            apart.append((far, most, int(inside.sum()), f"{one[1]} and {two}"))
    if not apart and span == EVER_MS:
        reach = (
            f"{who} from {instant(int(each.open_ms[0]))} to {instant(int(each.open_ms[-1]))}"
            for who, each in there.items()
            if each.open_ms.size
        )
        return f"no two vendors have a bar in common: {', '.join(reach)}"
    if not apart:
        first, end = (
            edge if at == ever else instant(at)
            for at, ever, edge in zip(span, EVER_MS, ("the beginning", "the end"), strict=True)
        )
        return f"no vendor has a bar of it from {first} to {end}"
    far, most, n, who = min(apart)
    return (
        f"{who} are {far:,.1f} bps apart, the median of {n:,d} common bars; {most:,.1f} bps are "
        "tolerated at most"
    )
