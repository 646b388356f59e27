r"""Symbols of one asset at a multiple: 1000PEPEUSDT of one venue beside PEPEUSDT of another.

In: a symbol and another venue's files. Out: the files of the same asset there, and by how much its
prices are multiplied to be those of the symbol. A name is a claim (``spelling.denomination``), and
prices bear it out: over the first m common bars, for the least m of 20, 40, 80, ... with which

.. math:: |\ln \operatorname{med}_{i \le m}(P_i / P'_i) - \ln(n / n')| \le 0.1

for a unit of n coins here and one of n' there. The m-th of them is the first that a panel has of
the other venue: before it nobody could have said that they are one asset. A claim that prices
contradict, or that too few bars can confirm, is told, and the two are kept apart.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from quorate.lake.sources import MINUTE_MS, PRICES, epoch_ms, floats, instant
from quorate.lake.spec import EVER_MS, base_asset, match, quote_asset
from quorate.lake.spelling import denomination
from quorate.lake.stretches import Cutting, stretches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from quorate.core.types import IntVec, Vec
    from quorate.lake.renames import Leg
    from quorate.lake.shelf import Reading

NEAR_LOG: Final = 0.1
"""How far the median may be from the claim: more than any basis lasts, less than any multiple."""
LEAST_BARS: Final = 20
"""A claim is looked at when so many common bars are there, and whenever they have doubled."""
ONE: Final = Fraction(1)
_VOLUMES: Final = ("volume", "taker_buy_volume")


class Claim(NamedTuple):
    """Two symbols whose names say that they are one asset, and what their prices say.

    ``mine`` and ``theirs`` are how many coins of the asset a unit of each is, ``ratio`` the median
    price of a unit of the first over that of a unit of the second, None without ``LEAST_BARS``
    common bars of which there are ``n_bars``. ``since_ms`` is the open of the common bar with which
    prices had borne it out, None where they never did.
    """

    symbol: str
    other: str
    mine: int
    theirs: int
    ratio: float | None
    n_bars: int
    since_ms: int | None = None

    @property
    def times(self) -> Fraction:
        """Return what the other's prices are multiplied by, and its volumes divided."""
        return Fraction(self.mine, self.theirs)

    @property
    def holds(self) -> bool:
        """Return whether prices bore the claim out."""
        return self.since_ms is not None

    def told(self) -> str:
        """Return what a reader must know, as a sentence.

        Examples
        --------
        >>> Claim("1000XUSDT", "XUSDT", 1000, 1, 2.5, 400).told()
        '1000XUSDT and XUSDT are one asset at 1000 : 1 by their names, but not by their prices, \
whose median ratio is 2.5 over 400 common bars: they are kept apart.'
        """
        said = f"{self.mine} : {self.theirs}"
        if self.ratio is None:
            return (
                f"{self.symbol} and {self.other} are one asset at {said} by their names, and only "
                f"{self.n_bars} common bars could say so: they are kept apart."
            )
        seen = f"{self.ratio:.6g} over {self.n_bars:,d} common bars"
        if self.since_ms is None:
            return (
                f"{self.symbol} and {self.other} are one asset at {said} by their names, but not "
                f"by their prices, whose median ratio is {seen}: they are kept apart."
            )
        up, down = self.times.numerator, self.times.denominator
        how = (
            "its prices and volumes are taken as they are"
            if self.times == ONE
            else f"its prices are multiplied by {up} and its volumes divided by it"
            if down == 1
            else f"its prices are divided by {down} and its volumes multiplied by it"
            if up == 1
            else f"its prices are multiplied by {up}/{down} and its volumes divided by it"
        )
        return (
            f"{self.other} is the asset of {self.symbol} at {said}: {how} (median ratio of prices "
            f"{seen}; known, and used in a run, from {instant(self.since_ms)} on)."
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values for JSON."""
        return {**self._asdict(), "holds": self.holds, "told": self.told()}

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> Claim:
        """Return what ``as_dict`` told; an older one does not say since when it holds."""
        *names, last = cls._fields
        since = told.get(last, 0 if told["holds"] else None)
        return cls._make([*(told[name] for name in names), since])


class Found(NamedTuple):
    """Another venue's files of a symbol, and the claim they stand by if they are spelt otherwise.

    ``paths`` is empty where that venue does not have it, or where prices contradict the claim.
    ``legs`` are the parts of a coin that has several symbols there (``renames``).
    """

    paths: tuple[Path, ...]
    claim: Claim | None = None
    legs: tuple[Leg, ...] = ()

    @property
    def times(self) -> Fraction:
        """Return what the prices of the files are multiplied by."""
        return self.claim.times if self.claim is not None and self.paths else ONE

    @property
    def since_ms(self) -> int:
        """Return the open of the first bar at whose close it is known what the files are."""
        if self.claim is None or self.claim.since_ms is None or not self.paths:
            return EVER_MS[0]
        return self.claim.since_ms


def find(
    symbol: str,
    own: Sequence[Path],
    files: Mapping[str, tuple[Path, ...]],
    reading: Reading,
    name: str,
) -> Found:
    """Return a symbol's files on another venue: under its own spelling, else at a multiple.

    Parameters
    ----------
    symbol : str
        As the first venue spells it.
    own : sequence of Path
        Its files there.
    files : mapping
        The other venue's, by symbol.
    reading : Reading
        Where from, and as of when.
    name : str
        Of the folder for what is read meanwhile; no other has it.

    Returns
    -------
    Found
        The claim that prices bore out first; else the first one that they do not, without files.

    Raises
    ------
    SchemaError, DataError
        As ``stretches`` and ``spec.match``.

    Notes
    -----
    Units: a price over a price.  Causal: which files they are, and from when on, rests on bars that
    had closed by then; that a venue has a symbol of one's own spelling is a fact of the venue.
    Missing: no files.  Memory: two columns of the files of a name that says a multiple; nothing of
    any other.  Spec 13; METHODS 12.
    """
    if strict := match(symbol, dict(files)):
        return Found(strict)
    claims = [
        claimed(symbol, other, own, files[other], reading, name)
        for other in named_alike(symbol, files)
    ]
    held = [each for each in claims if each.since_ms is not None]
    if held:
        # by what was known first, or a later file would say what an earlier one had been
        claim = min(held, key=lambda each: each.since_ms or 0)
        return Found(files[claim.other], claim)
    return Found((), claims[0] if claims else None)


def likely(symbol: str, files: Mapping[str, tuple[Path, ...]]) -> tuple[Path, ...]:
    """Return the files that ``find`` will most likely return, by names alone.

    Examples
    --------
    >>> from pathlib import Path
    >>> likely("1000PEPEUSDT", {"PEPEUSDT": (Path("a"),), "BTCUSDT": ()})[0].name
    'a'
    """
    alike = (files[other] for other in named_alike(symbol, files))
    return match(symbol, dict(files)) or next(alike, ())


def named_alike(symbol: str, others: Iterable[str]) -> list[str]:
    """Return the symbols that are another multiple of a symbol's asset by their names.

    Those in the same money come first.

    Examples
    --------
    >>> named_alike("1000PEPEUSDT", ["BTCUSDT", "PEPEUSD", "PEPEUSDT"])
    ['PEPEUSDT', 'PEPEUSD']
    """
    base = base_asset(symbol)
    asset, money = denomination(base).asset, quote_asset(symbol)
    found = [
        other
        for other in others
        if base_asset(other) != base and denomination(base_asset(other)).asset == asset
    ]
    return sorted(found, key=lambda each: (quote_asset(each) != money, each))


def claimed(
    symbol: str,
    other: str,
    own: Sequence[Path],
    paths: Sequence[Path],
    reading: Reading,
    name: str,
) -> Claim:
    """Return what two symbols say by their names, beside what their prices say."""
    (mine, theirs) = (denomination(base_asset(each)).n for each in (symbol, other))
    at, price = _opens(own, reading, name)
    other_at, other_price = _opens(paths, reading, name)
    both, left, right = np.intersect1d(at, other_at, assume_unique=True, return_indices=True)
    ratios = price[left] / other_price[right]
    ratio = float(np.median(ratios)) if ratios.size >= LEAST_BARS else None
    row = borne_out(ratios, Fraction(mine, theirs))
    since = None if row is None else int(both[row]) * MINUTE_MS
    return Claim(symbol, other, mine, theirs, ratio, int(left.size), since)


def borne_out(ratios: Vec, times: Fraction) -> int | None:
    """Return the bar with which prices have borne a multiple out, None where they never do.

    Parameters
    ----------
    ratios : Vec
        A price over the other one's, bar after bar.
    times : Fraction
        What they should be.

    Notes
    -----
    Units: a price over a price.  Causal: the answer at a bar reads none behind it.  Missing: bars
    that one of the two lacks are not there.  METHODS 12.

    Examples
    --------
    >>> ratios = np.array(20 * [2.0] + 60 * [1001.0])
    >>> borne_out(ratios[:79], Fraction(1000)), borne_out(ratios, Fraction(1000))
    (None, 79)
    """
    n = LEAST_BARS
    while n <= ratios.size:
        if abs(math.log(float(np.median(ratios[:n])) / times)) <= NEAR_LOG:
            return n - 1
        n *= 2
    return None


def notes(claims: Sequence[tuple[str, Claim]]) -> list[str]:
    """Return what a reader must know of symbols that are a multiple of another venue's.

    Parameters
    ----------
    claims : sequence of (str, Claim)
        Of a certificate: the other venue, and the claim.
    """
    return [f"On {venue}: {claim.told()}" for venue, claim in claims]


def scaled(rows: pl.DataFrame, times: Fraction) -> pl.DataFrame:
    """Return rows as stored in another unit: prices multiplied, volumes divided.

    By whole numbers, so that a power of ten costs one rounding and no more.

    Examples
    --------
    >>> rows = pl.DataFrame({"close": [0.001], "volume": [5e6], "quote_volume": [5e3]})
    >>> scaled(rows, Fraction(1000)).row(0), scaled(rows, ONE) is rows
    ((1.0, 5000.0, 5000.0), True)
    """
    if times == ONE:
        return rows
    up, down = float(times.numerator), float(times.denominator)
    factors = dict.fromkeys(PRICES, (up, down)) | dict.fromkeys(_VOLUMES, (down, up))
    made = []
    for name, (by, over) in factors.items():
        if name in rows.columns and rows.schema[name].is_numeric():
            # by NumPy: Polars divides by a number as it multiplies by its inverse
            values = rows[name].cast(pl.Float64).to_numpy()
            made.append(pl.Series(name, values * by / over))
    return rows.with_columns(made)


def _opens(paths: Sequence[Path], reading: Reading, name: str) -> tuple[IntVec, Vec]:
    """Return by minute what each bar opened at: bars of any length agree there."""
    cutting = reading.shelf.cutting
    if cutting is not None:
        scratch = cutting.scratch / f"{name}.multiples"
        scratch.mkdir(exist_ok=True)
        cutting = Cutting(cutting.n_rows, scratch)
    minutes, prices = [np.empty(0, np.int64)], [np.empty(0)]
    for part in stretches(paths, cutting, reading.as_of_ms, None, ("ts", "open")):
        minutes.append((epoch_ms(part.rows, part.name) + MINUTE_MS // 2) // MINUTE_MS)
        prices.append(floats(part.rows, "open", part.name))
    at, price = np.concatenate(minutes), np.concatenate(prices)
    is_price = (price > 0.0) & (price < np.inf)
    at, first = np.unique(at[is_price], return_index=True)
    return at, price[is_price][first]
