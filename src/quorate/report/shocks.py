"""What bad days of the past, or the failure of a venue, would have done to the positions of a run.

In: fills, open positions and equity of a run. Out: a row a shock and book, in quote currency and
as a share of equity, the book that a shock hurts most first. The moves are those of the past, from
peak to trough for a fall and from trough to peak for a rise; stops are taken *not* to help, because
prices gapped over them, and nothing is taken to be sold on the way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from quorate.report.cashflows import FILLS, POSITIONS, required
from quorate.report.held import Moments, last, replay

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import polars as pl

    from quorate.core.types import Vec

WORST: Final = "worst"
LARGEST: Final = "largest"
FINAL: Final = "final"
DEFAULT: Final = "venue default"


class Shock(NamedTuple):
    """A few days of the past: how far BTC and the median of other coins fell, or rose.

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
    # 29,242.24 to 48,168.6, the last of it within minutes, as shorts were bought back
    Shock("2021-07, shorts squeezed", "2021-07-20", "2021-07-31", 0.6472, 0.4450, 22),
    # 39,845.0 to 26,631.0, as UST lost its peg and LUNA went to nothing
    Shock("2022-05, the end of LUNA", "2022-05-05", "2022-05-13", -0.3316, -0.5431, 25),
    # 21,355.8 to 15,462.6, as FTX stopped withdrawals
    Shock("2022-11, the end of FTX", "2022-11-06", "2022-11-10", -0.2760, -0.3898, 30),
    # 67,454.2 to 90,070.1 after the election in the United States
    Shock("2024-11, the election", "2024-11-05", "2024-11-13", 0.3353, 0.5507, 57),
    # 122,497.0 to 101,516.5 within eight hours: the largest day of liquidations on record
    Shock("2025-10-10, forced sales", "2025-10-10", "2025-10-12", -0.1713, -0.6701, 98),
)
"""Moves of Binance USD-M perpetuals: BTCUSDT by hourly bars, the median of the others by daily
bars. A fall is the deepest of a low below the highest high so far, a bar's high taken first; a rise
is the highest above the lowest low, a bar's low followed by its close and by later highs."""


class ShockRow(NamedTuple):
    """What a shock would have done to what was held at one moment.

    ``book`` is ``worst`` (after the bar where this shock takes most of the equity), ``largest``
    (the largest gross over equity that the run held) or ``final`` (what was open after the last
    bar); ``at`` is when it was held. ``loss_usd`` is positive for a loss; ``loss_frac`` is over
    the equity of that time. Moves are None and ``venue`` is named where a venue fails.
    """

    shock: str
    book: str
    at: datetime
    venue: str
    btc_move: float | None
    alt_move: float | None
    equity_usd: float
    gross_usd: float
    net_usd: float
    loss_usd: float
    loss_frac: float


class _Case(NamedTuple):
    """A shock, or a venue that fails where ``venue`` is one, by its number."""

    name: str
    moves: tuple[float | None, float | None]
    venue: int | None = None


def shock_rows(
    fills: pl.DataFrame,
    positions: pl.DataFrame,
    equity: pl.DataFrame,
    venues: Sequence[str] = (),
) -> list[ShockRow]:
    r"""Return what each shock would have done where it hurts most, at the largest and at the end.

    .. math:: \text{loss}_t = -\sum_c \text{position}_{c,t} \cdot \text{move}_c

    with the move of BTC for BTC and that of the median coin for all others, so that shorts gain
    in a fall. The worst is looked for after every bar with a position and some equity left.
    A venue that fails keeps its share of equity: the books do not say where cash lies, so it is
    taken to lie where the positions are, in proportion to their gross value, and on the first
    venue where nothing is open.

    Parameters
    ----------
    fills, positions : DataFrame
        Of schemas ``cashflows.FILLS`` and ``POSITIONS``.
    equity : DataFrame
        One row a bar, as ``held.replay`` reads it.
    venues : sequence of str
        Of the run, the primary one first; left out, those of the fills.

    Returns
    -------
    list of ShockRow
        The shocks by what they take at their worst, the worst first, then the venues in the same
        way; for each the worst, the largest and, where anything was open, the final book.

    Notes
    -----
    Units: USD; fractions of the equity of that time.  Causal: reads the whole run.
    Missing: a run that never held anything over a close has no rows; NaN where the equity was not
    positive.

    Examples
    --------
    >>> import polars as pl
    >>> shock_rows(pl.DataFrame(), pl.DataFrame(), pl.DataFrame())
    []
    """
    bought = required(fills, FILLS, "fills")
    if not bought.height:
        return []
    open_at_end = required(positions, POSITIONS, "positions")
    places = tuple(venues) or tuple(bought["venue"].unique(maintain_order=True))
    every = replay(bought, equity, places)
    if not every.gross_usd.any():
        return []
    final = last(open_at_end, equity, places) if open_at_end.height else None
    shocks = [_Case(each.name, (each.btc_move, each.alt_move)) for each in SHOCKS]
    failures = [_Case(DEFAULT, (None, None), i) for i in range(len(places))]
    return [
        row
        for cases in (shocks, failures)
        for rows in sorted(
            (list(_books(case, every, final, places)) for case in cases), key=_severity
        )
        for row in rows
    ]


def _books(
    case: _Case, every: Moments, final: Moments | None, venues: Sequence[str]
) -> Iterator[ShockRow]:
    """Yield what a case does to the worst, the largest and the final book."""
    is_held = every.gross_usd > 0.0
    gross = np.where(is_held, _share(every.gross_usd, every.equity_usd), np.nan)
    largest = _highest(gross, otherwise=int(np.argmax(every.gross_usd)))
    loss = _loss(case, every)
    taken = _share(loss, every.equity_usd)
    if case.venue is None:
        taken = np.where(is_held, taken, np.nan)
    # of bars that lose the same the one that holds most: a venue takes all wherever all lies there
    highest = taken[_highest(taken, otherwise=largest)]
    ties = np.where(np.isclose(taken, highest, rtol=0.0, atol=1e-12), gross, np.nan)
    worst = _highest(ties, otherwise=_highest(taken, otherwise=largest))
    yield _row(case, WORST, every, loss, worst, venues)
    yield _row(case, LARGEST, every, loss, largest, venues)
    if final is not None:
        yield _row(case, FINAL, final, _loss(case, final), 0, venues)


def _loss(case: _Case, held: Moments) -> Vec:
    """Return what a case takes at every moment, USD, positive for a loss."""
    btc_move, alt_move = case.moves
    if btc_move is not None and alt_move is not None:
        return -(held.btc_usd * btc_move + held.other_usd * alt_move)
    total = held.venue_usd.sum(axis=0)
    nowhere = np.full(len(total), float(case.venue == 0))
    share = np.divide(held.venue_usd[case.venue], total, out=nowhere, where=total > 0.0)
    return np.asarray(share * np.maximum(held.equity_usd, 0.0))


def _share(usd: Vec, equity_usd: Vec) -> Vec:
    return usd / np.where(equity_usd > 0.0, equity_usd, np.nan)


def _highest(values: Vec, *, otherwise: int) -> int:
    """Return where values are highest, the first of equals; ``otherwise`` where none is known."""
    return int(np.nanargmax(values)) if np.isfinite(values).any() else otherwise


def _severity(rows: list[ShockRow]) -> float:
    """Return what sorts the worst first and what is not known last."""
    worst = rows[0].loss_frac
    return -worst if np.isfinite(worst) else np.inf


def _row(
    case: _Case, book: str, held: Moments, loss: Vec, i: int, venues: Sequence[str]
) -> ShockRow:
    equity = float(held.equity_usd[i])
    return ShockRow(
        shock=case.name,
        book=book,
        at=held.at[i],
        venue="" if case.venue is None else venues[case.venue],
        btc_move=case.moves[0],
        alt_move=case.moves[1],
        equity_usd=equity,
        gross_usd=float(held.gross_usd[i]),
        net_usd=float(held.btc_usd[i] + held.other_usd[i]),
        loss_usd=float(loss[i]) + 0.0,  # no minus zero where nothing is open
        loss_frac=float(_share(loss, held.equity_usd)[i]) + 0.0,
    )
