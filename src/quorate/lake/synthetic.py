"""A market that was made up, to try the whole system offline and to test it against a known truth.

Nothing here is estimated from anybody's data; symbols start with ``SYN-`` and ``is_synthetic`` is
True, so that no page can mistake it. Without ``planted_edge`` the prices are martingales: no
engine can earn before costs but by luck, which is what a test of honesty needs. With it, a slow
hidden drift per coin shows in taker flow and in the trend, and the coins follow SYN-BTC with a
delay, so there is something to find.

The steps: regimes, volatility (``weather``), returns (``returns``), prices within a bar, volume
and flow, spread, funding, then what goes wrong on purpose: a listing, a delisting, an outage.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quorate.core.types import Bar, Bars, Market, Venues
from quorate.lake import instruments
from quorate.lake.funding import ASSUMED_HOURS
from quorate.lake.panel import Panel, Provenance
from quorate.lake.silence import delisted, present
from quorate.lake.weather import Weather, returns, weather

if TYPE_CHECKING:
    from quorate.core.types import ByteMat, Mat, Vec
    from quorate.lake.panel import Kind

START_DAY = 19_723
"""Days from 1970-01-01 to 2024-01-01, where every synthetic market starts."""
_BTC_PRICE = 42_000.0
_CRASH = 0.4
"""What is left of the coin that dies, three hours before its last bar."""


class _Tape(NamedTuple):
    """Prices and flow before anything is left out, shape (time, coin); ``tick`` per coin."""

    open: Mat
    high: Mat
    low: Mat
    close: Mat
    volume: Mat
    taker_buy: Mat
    spread_bps: Mat
    tick: Vec


def synthetic(
    n_coins: int = 20,
    days: int = 60,
    bar_minutes: int = 5,
    seed: int = 7,
    planted_edge: float = 0.0,
    kind: Kind = "perp",
) -> Panel:
    """Make up a market.

    Parameters
    ----------
    n_coins : int
        Number of coins, at least 1; column 0 is ``SYN-BTC``.
    days : int
        Length in days from 2024-01-01 00:00 UTC, at least 1.
    bar_minutes : int
        Length of a bar, a divisor of 60.
    seed : int
        The same seed gives the same market, on the same NumPy.
    planted_edge : float
        What a perfect forecaster could know of the next 4 hours: the standard deviation of the
        hidden drift over that of the noise, in [0, 10]. 0 plants nothing; 0.1 is strong for a
        real market.
    kind : str
        ``perp`` (funding, basis, both directions) or ``spot``.

    Returns
    -------
    Panel
        One venue, ``synthetic_perp`` or ``synthetic_spot``, with quoted spreads and taker volume
        known. From 4 coins and 4 days on, the last coin but one lists after 40% of the span and
        the last one crashes and is delisted at 70%. An outage of 80 minutes at 55% leaves bars
        ABSENT, and one coin misses 15 minutes at 30% (IMPUTED where a bar is shorter).

    Notes
    -----
    An argument out of bounds is a ``ValueError``.  Units: as in ``core.types``.  Causal: funding
    is set from the 24 hours before it.
    Missing: as described; statuses say so.

    Examples
    --------
    >>> panel = synthetic(n_coins=3, days=2)
    >>> panel.symbols, panel.n_bars, panel.is_synthetic
    (('SYN-BTC', 'SYN-01', 'SYN-02'), 576, True)
    """
    _check(n_coins, days, bar_minutes, planted_edge, kind)
    generator = np.random.default_rng(seed)
    state = weather(generator, n_coins, days, bar_minutes)
    moves = returns(generator, state, planted_edge)
    if n_coins >= 4 and days >= 4:
        moves[int(0.7 * len(moves)) - 180 // bar_minutes, -1] += np.log(_CRASH)
    tape = _tape(generator, state, moves, planted_edge)
    status = _what_is_missing(tape.close.shape, bar_minutes, days)
    tape = _leave_out(tape, status)
    bars = _bars(generator, tape, status, state, kind)
    return _panel(bars, tape.tick, (seed, planted_edge, kind), bar_minutes)


def _check(n_coins: int, days: int, bar_minutes: int, planted_edge: float, kind: str) -> None:
    """Refuse arguments out of bounds."""
    if n_coins < 1 or days < 1:
        raise ValueError(f"n_coins is {n_coins} and days {days}, both must be at least 1")
    if bar_minutes < 1 or 60 % bar_minutes != 0:
        raise ValueError(f"bar_minutes is {bar_minutes}, it must divide 60: use 1, 5, 15 or 60")
    if not 0.0 <= planted_edge <= 10.0:
        raise ValueError(f"planted_edge is {planted_edge}, it must be within 0 and 10")
    if kind not in ("perp", "spot"):
        raise ValueError(f"kind is {kind!r}, it must be 'perp' or 'spot'")


def _tape(generator: np.random.Generator, state: Weather, moves: Mat, planted_edge: float) -> _Tape:
    r"""Draw the path within each bar, and the flow.

    The highest and lowest point of a Brownian bridge from 0 to r with volatility s are
    :math:`(r \pm \sqrt{r^2 - 2 s^2 \ln U}) / 2` (its exact law for one of them; they are drawn
    apart). Quotes stand half a spread off: trades bounce between them.
    """
    shape = moves.shape
    n_coins = shape[1]
    sigma = state.sigma
    start = _BTC_PRICE * np.exp(-np.linspace(0.0, 1.0, n_coins) * 10.0) if n_coins > 1 else None
    mid = np.cumsum(moves, axis=0) + np.log(_BTC_PRICE if start is None else start)
    before = mid - moves
    up, down = generator.random((2, *shape))
    reach = np.sqrt(moves**2 - 2.0 * sigma**2 * np.log1p(-up))
    drop = np.sqrt(moves**2 - 2.0 * sigma**2 * np.log1p(-down))
    calm = sigma / state.base_sigma
    liquid = np.linspace(0.0, 1.0, n_coins)
    quoted = (0.8 + 6.0 * liquid**2) * calm * np.exp(0.2 * generator.standard_normal(shape))
    half = quoted * 0.5e-4
    side = generator.integers(0, 2, (2, *shape)) * 2 - 1
    high = before + 0.5 * (moves + reach) + half
    low = before + 0.5 * (moves - drop) - half
    decimals = 5 - np.floor(np.log10(np.exp(mid[0]))).astype(np.int64) - 1
    scale = 10.0**decimals
    prices = [
        np.maximum(np.rint(np.exp(path) * scale), 1.0) / scale
        for path in (before + half * side[0], high, low, mid + half * side[1])
    ]
    push = moves / sigma
    usd = state.turnover_usd * (0.4 + 0.6 * np.abs(push))
    usd *= np.exp(0.35 * generator.standard_normal(shape))
    volume = np.rint(usd / prices[3] * 1e4) / 1e4
    # Flow leans with the move it made, and, where an edge is planted, with the hidden drift.
    lean = 0.5 * push + generator.standard_normal(shape)
    lean += min(planted_edge * 10.0, 1.0) * state.hidden
    taker = np.rint(volume * (0.5 + 0.25 * np.tanh(0.5 * lean)) * 1e4) / 1e4
    return _Tape._make((*prices, volume, np.minimum(taker, volume), quoted, 1.0 / scale))


def _what_is_missing(shape: tuple[int, ...], bar_minutes: int, days: int) -> ByteMat:
    """Return the status of each bar."""
    n_bars, n_coins = shape
    status = np.full((n_bars, n_coins), Bar.TRADED, dtype=np.int8)
    if n_coins >= 2 and bar_minutes < 15:
        gap = int(0.3 * n_bars)
        status[gap : gap + 15 // bar_minutes, 1] = Bar.IMPUTED
    outage = int(0.55 * n_bars)
    status[outage : outage - (-80 // bar_minutes)] = Bar.ABSENT
    if n_coins >= 4 and days >= 4:
        status[: int(0.4 * n_bars), -2] = Bar.ABSENT
        status[int(0.7 * n_bars) + 1 :, -1] = Bar.ABSENT
    return status


def _leave_out(tape: _Tape, status: ByteMat) -> _Tape:
    """Return the tape as a loader would give it: NaN where ABSENT, carried where IMPUTED."""
    absent, imputed = status == Bar.ABSENT, status == Bar.IMPUTED
    rows = np.arange(status.shape[0])[:, None]
    source = np.maximum.accumulate(np.where(imputed, 0, rows), axis=0)
    carried = np.take_along_axis(tape.close, source, axis=0)
    arrays = []
    for name in ("open", "high", "low", "close"):
        price = np.where(imputed, carried, getattr(tape, name))
        arrays.append(np.where(absent, np.nan, price))
    for name in ("volume", "taker_buy"):
        flow = np.where(imputed, 0.0, getattr(tape, name))
        arrays.append(np.where(absent, np.nan, flow))
    spread = np.where(absent, np.nan, tape.spread_bps)
    return _Tape._make((*arrays, spread, tape.tick))


def _bars(
    generator: np.random.Generator, tape: _Tape, status: ByteMat, state: Weather, kind: Kind
) -> Bars:
    """Add funding and basis: dear where the last 24 hours went up."""
    shape = tape.close.shape
    rate, basis = np.zeros(shape), np.full(shape, np.nan)
    if kind == "perp":
        day = 24 * 60 // state.bar_minutes
        third = day // 3
        heat = np.tanh(state.trailing_z(tape.close))
        noise = generator.standard_normal(shape)
        # Settled at 00, 08 and 16 UTC: row t closes at (t + 1) bars, and holds until the next.
        rows = np.arange(shape[0])
        settled = (rows + 1) // third * third - 1
        fixed = np.clip(1e-4 + 2.5e-4 * heat + 3e-5 * noise, -3e-3, 3e-3)
        rate = np.where((settled >= 0)[:, None], fixed[np.maximum(settled, 0)], 1e-4)
        basis = 5.0 * heat + 1.5 * generator.standard_normal(shape)
        basis[status != Bar.TRADED] = np.nan
    return Bars(
        open=tape.open,
        high=tape.high,
        low=tape.low,
        close=tape.close,
        volume=tape.volume,
        taker_buy=tape.taker_buy,
        spread_bps=tape.spread_bps,
        funding_rate=rate,
        funding_hours=np.full(shape, ASSUMED_HOURS),
        basis_bps=basis,
        status=status,
    )


def _panel(bars: Bars, tick: Vec, made: tuple[int, float, Kind], bar_minutes: int) -> Panel:
    """Put the panel together."""
    seed, planted_edge, kind = made
    n_bars, n_coins = bars.close.shape
    k0 = START_DAY * 1440 // bar_minutes + 1
    settles = ((k0 + np.arange(n_bars)) * bar_minutes % 480 == 0)[:, None]
    paid = np.where(settles, bars.funding_rate, 0.0)
    shape = (n_bars, 1, n_coins)
    market = Market(
        open=bars.open.reshape(shape),
        high=bars.high.reshape(shape),
        low=bars.low.reshape(shape),
        close=bars.close.reshape(shape),
        volume=bars.volume.reshape(shape),
        spread_bps=bars.spread_bps.copy().reshape(shape),
        mark=bars.close.copy().reshape(shape),
        funding=paid.reshape(shape),
        status=bars.status.reshape(shape),
    )
    digest = hashlib.blake2b(digest_size=16)
    for array in bars:
        digest.update(array.tobytes())
    return Panel(
        symbols=("SYN-BTC", *(f"SYN-{c:02d}" for c in range(1, n_coins))),
        bar_minutes=bar_minutes,
        k0=k0,
        bars=bars,
        market=market,
        venues=_venues(bars, tick, kind),
        venue_names=(f"synthetic_{kind}",),
        kinds=(kind,) * n_coins,
        funding=("known" if kind == "perp" else "none",) * n_coins,
        quote_usd=np.ones(n_bars),
        member=np.stack([present(each, bar_minutes) for each in bars.status.T], axis=1),
        delisted_k=delisted(bars.status, k0, bar_minutes),
        is_synthetic=True,
        source=Provenance(
            f"synthetic {kind} market: seed {seed}, planted edge {planted_edge:g}, "
            f"{n_coins} coins, {n_bars} bars of {bar_minutes} min",
            digest.hexdigest(),
            {
                "call": "synthetic",
                "n_coins": n_coins,
                "days": n_bars * bar_minutes // 1440,
                "bar_minutes": bar_minutes,
                "seed": seed,
                "planted_edge": planted_edge,
                "kind": kind,
            },
        ),
        notes=("Synthetic market: every price here was made up by a random generator.",),
        lacks=frozenset(("funding", "basis")) if kind == "spot" else frozenset(),
    )


def _venues(bars: Bars, tick: Vec, kind: Kind) -> Venues:
    """Return the numbers of the one synthetic venue."""
    n_coins = tick.size
    numbers = instruments.venue_defaults(f"synthetic_{kind}", kind)
    first = (~np.isnan(bars.close)).argmax(axis=0)
    lots = [instruments.infer_lot(float(bars.close[first[c], c])) for c in range(n_coins)]
    return Venues(
        maker_bps=np.array([numbers.maker_bps]),
        taker_bps=np.array([numbers.taker_bps]),
        latency_ms=np.array([numbers.latency_ms]),
        reliability=np.array([numbers.reliability]),
        lot=np.array([lots]),
        tick=tick.reshape(1, n_coins).copy(),
        min_notional=np.full((1, n_coins), numbers.min_notional),
        listed=np.ones((1, n_coins), dtype=np.int8),
        is_perp=np.full((1, n_coins), int(kind == "perp"), dtype=np.int8),
        maintenance=np.full((1, n_coins), numbers.maintenance),
    )
