"""Where and how a decided change is executed: venues by score, the three axes, the parent order.

In: what was decided and what is known of venues and market. Out: parent orders, each with its
reasons, or why there is none. The rules are those of ``core.routing``, the same that decide in a
backtest; here they meet money in Decimal and a clock.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.core.routing.rank import Ranking, score
from quorate.core.routing.style import n_bars, style
from quorate.core.types import Schedule as Code
from quorate.core.types import Style
from quorate.live.execution.marketable import BPS
from quorate.live.orders.book import ZERO
from quorate.live.orders.ids import parent_id
from quorate.live.orders.parents import ParentOpened, Placing, Schedule
from quorate.venues.base import Side

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.core.routing import Params
    from quorate.venues.base import Grid, PositionSide

SLICE_MS: Final = 60_000
"""Of a TWAP or POV in a live market; a bar is too coarse to hide in."""

_SCHEDULES: Final = (Schedule.IMMEDIATE, Schedule.TWAP, Schedule.POV)
_PLACINGS: Final = (Placing.MARKETABLE, Placing.LIMIT, Placing.POST_ONLY)


class Candidate(NamedTuple):
    """A venue for one order.

    Notes
    -----
    Units: bps, ms, fractions; ``room`` in coins is what it may still take, margin and limits
    considered; ``depth_ratio`` is depth within reach over the order.  Causal: as of now.
    Missing: NaN makes its term of the score 0.
    """

    name: str
    spread_bps: float
    queue_ahead_frac: float
    latency_p95_ms: float
    reliability: float
    depth_ratio: float
    fee_bps: float
    impact_bps: float
    room: Decimal
    grid: Grid
    price: Decimal


class Scored(NamedTuple):
    """A venue, its score of Spec 8 in [0, 1], and what all of it is expected to cost in bps."""

    candidate: Candidate
    score: float
    cost_bps: float


class Choice(NamedTuple):
    """The three axes, the word for them, for how many bars at most, and why."""

    schedule: Schedule
    placing: Placing
    is_iceberg: bool
    style: str
    n_bars: int
    reasons: tuple[str, ...]


class Wanted(NamedTuple):
    """A decided change of one symbol at one venue, and what is known of its market.

    Notes
    -----
    Units: coins, quote per coin, USD, ms since 1970.  ``volume_usd`` is expected in one bar.
    Causal: as of ``now_ms``.  Missing: NaN persistence is a small one.
    """

    account: str
    venue: str
    cycle: str
    strategy: str
    symbol: str
    purpose: str
    side: Side
    position_side: PositionSide
    quantity: Decimal
    is_reduce_only: bool
    is_urgent: bool
    decision_price: Decimal
    bid: Decimal
    ask: Decimal
    volume_usd: Decimal
    persistence: float
    budget_bps: Decimal | None
    expected: tuple[Decimal, Decimal, Decimal, Decimal]
    now_ms: int
    bar_ms: int


class Unplanned(NamedTuple):
    """Why a change becomes no parent order, and what would change that."""

    text: str
    hint: str


def scored(candidates: Iterable[Candidate], params: Params) -> tuple[Scored, ...]:
    r"""Return venues, the best first.

    .. math:: 0.3\,\text{spread} + 0.2\,\text{queue} + 0.2\,\text{latency}
              + 0.15\,\text{reliability} + 0.15\,\text{size}

    or, where ``params.ranking`` says so, the least expected cost: half the spread, fee, impact and
    0.01 bps a millisecond.

    Notes
    -----
    Units: dimensionless, bps.  Causal: one moment.  Missing: a venue without a number scores less;
    ties go to the first named.  Spec 8, METHODS 9.1.
    """
    found = [
        Scored(
            each,
            score(
                each.spread_bps,
                each.queue_ahead_frac,
                each.latency_p95_ms,
                each.reliability,
                each.depth_ratio,
                params,
            ),
            0.5 * each.spread_bps + each.fee_bps + each.impact_bps + 0.01 * each.latency_p95_ms,
        )
        for each in candidates
    ]
    if params.ranking == Ranking.COST:
        return tuple(sorted(found, key=lambda each: each.cost_bps))
    return tuple(sorted(found, key=lambda each: -each.score))


def divide(quantity: Decimal, venues: Iterable[Scored]) -> dict[str, Decimal]:
    """Return what each venue is asked for, the best first, each within its room.

    Parameters
    ----------
    quantity : Decimal
        Decided; the parts never sum to more.
    venues : iterable of Scored
        From ``scored``.

    Returns
    -------
    dict
        Venue -> coins on its grid; a part below what the venue takes is passed on.

    Notes
    -----
    Units: coins.  Causal: one moment.  Missing: a venue without room is passed over.  Spec 8.
    """
    found: dict[str, Decimal] = {}
    rest = quantity
    for each in venues:
        grid, price = each.candidate.grid, each.candidate.price
        part = grid.quantity(min(rest, each.candidate.room))
        least = grid.min_notional or ZERO
        if part > 0 and part >= (grid.min_quantity or ZERO) and part * price >= least:
            found[each.candidate.name] = part
            rest -= part
    return found


def chosen(wanted: Wanted, params: Params) -> Choice:
    """Choose how a change is executed, by the rules a backtest has, and say why.

    Notes
    -----
    Units: as ``Wanted``.  Causal: one moment.  Missing: an unknown persistence is a small one.
    Spec 8, METHODS 9.2; ``core.routing.style`` decides.
    """
    mid = (wanted.bid + wanted.ask) / 2
    usd, volume = float(wanted.quantity * mid), float(wanted.volume_usd)
    spread_bps = float((wanted.ask - wanted.bid) / mid * BPS)
    window = volume * params.schedule_bars
    code, placing, is_iceberg, word = style(
        usd, window, wanted.persistence, spread_bps, wanted.is_urgent, params
    )
    reasons = []
    if wanted.is_urgent:
        reasons.append("what reduces risk does not wait")
    elif code == Code.POV:
        reasons.append(
            f"{usd:.0f} USD is above {params.pov_frac:.0%} of {window:.0f} USD of volume"
        )
    elif code == Code.TWAP:
        reasons.append(
            f"persistence {wanted.persistence:.2f} is above {params.min_persistence:.2f}"
        )
    if is_iceberg:
        reasons.append(f"{usd:.0f} USD is above {params.iceberg_usd:.0f} USD")
    if _PLACINGS[placing] is Placing.POST_ONLY:
        reasons.append(f"spread {spread_bps:.1f} bps is above {params.post_only_bps:.1f} bps")
    return Choice(
        _SCHEDULES[code],
        _PLACINGS[placing],
        bool(is_iceberg),
        Style(word).name.lower(),
        int(n_bars(code, usd, volume, params)),
        tuple(reasons) or ("small, and the spread is narrow",),
    )


def plan(wanted: Wanted, grid: Grid, params: Params) -> ParentOpened | Unplanned:
    """Return the parent order of a change, or why there is none.

    Parameters
    ----------
    wanted : Wanted
        What was decided.
    grid : Grid
        Of the symbol at the venue.
    params : Params
        ``core.routing.params``.

    Returns
    -------
    ParentOpened or Unplanned
        With the quantity rounded down to the grid and a worst price inside the collar.

    Notes
    -----
    Units: as ``Wanted``.  Causal: one moment.  Missing: none.  Spec 8, METHODS 9.2, 9.3.
    """
    if not 0 < wanted.bid < wanted.ask:
        hint = "an order waits for a book that is whole"
        return Unplanned(f"bid {wanted.bid}, ask {wanted.ask}: no touch", hint)
    quantity = grid.quantity(wanted.quantity)
    mid = (wanted.bid + wanted.ask) / 2
    least = ZERO if wanted.is_reduce_only else grid.min_notional or ZERO
    if quantity <= 0 or quantity < (grid.min_quantity or ZERO) or quantity * mid < least:
        hint = f"at least {grid.min_quantity or grid.lot} coins and {least} in quote"
        return Unplanned(f"{wanted.quantity} {wanted.symbol} is below the least", hint)
    choice = chosen(wanted._replace(quantity=quantity), params)
    is_scheduled = choice.schedule is not Schedule.IMMEDIATE
    rest_ms = SLICE_MS // 2 if is_scheduled else params.timeout_bars * wanted.bar_ms
    length_ms = choice.n_bars * wanted.bar_ms + (0 if is_scheduled else rest_ms)
    collar = wanted.side.sign * Decimal(repr(params.collar_bps)) / BPS
    display = grid.quantity(quantity * Decimal(repr(params.display_frac)))
    window_usd = wanted.volume_usd * (params.schedule_bars if is_scheduled else 1)
    spread, impact, fee, delay = wanted.expected
    return ParentOpened(
        at_ms=wanted.now_ms,
        parent_id=parent_id(
            account=wanted.account,
            venue=wanted.venue,
            cycle=wanted.cycle,
            strategy=wanted.strategy,
            symbol=wanted.symbol,
            purpose=wanted.purpose,
        ),
        venue=wanted.venue,
        symbol=wanted.symbol,
        side=wanted.side,
        quantity=quantity,
        position_side=wanted.position_side,
        is_reduce_only=wanted.is_reduce_only,
        schedule=choice.schedule,
        placing=choice.placing,
        display=max(display, grid.lot) if choice.is_iceberg else ZERO,
        style=choice.style,
        worst_price=_inside(mid * (1 + collar), wanted.side, grid),
        begin_ms=wanted.now_ms,
        deadline_ms=wanted.now_ms + length_ms,
        slice_ms=SLICE_MS if is_scheduled else length_ms,
        rest_ms=rest_ms,
        participation=Decimal(repr(params.participation)),
        urgency=Decimal(repr(params.urgency)),
        budget_bps=None if wanted.is_urgent else wanted.budget_bps,
        decision_price=wanted.decision_price,
        arrival_mid=mid,
        expected_spread_bps=spread,
        expected_impact_bps=impact,
        expected_fee_bps=fee,
        expected_delay_bps=delay,
        participation_expected=_share(quantity * mid, window_usd),
        cycle=wanted.cycle,
        strategy=wanted.strategy,
        purpose=wanted.purpose,
    )


def _inside(price: Decimal, side: Side, grid: Grid) -> Decimal:
    """Return a price on the grid inside the collar: down for a buy, up for a sell."""
    rounding = ROUND_FLOOR if side is Side.BUY else ROUND_CEILING
    return (price / grid.tick).to_integral_value(rounding) * grid.tick


def _share(usd: Decimal, volume_usd: Decimal) -> Decimal:
    return (usd / volume_usd).quantize(Decimal("1e-9")) if volume_usd > 0 else ZERO
