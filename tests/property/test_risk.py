"""What must hold for costs and risk whatever the numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.core.risk.paper_market import PARAMS, copied, flat, run, same_bytes, wander

from quorate.core.costs import components as cost
from quorate.core.costs import gate
from quorate.core.costs import params as cost_params
from quorate.core.costs.capacity import optimal_usd, zero_net_usd
from quorate.core.risk import breakers, limits, open_risk, paper, params, sizing

SPEC = cost_params()
RISK = params()
N = 6  # coins

usd = st.floats(0.0, 1e7)
signed_usd = st.floats(-1e7, 1e7)
positive_bps = st.floats(0.0, 100.0)
fraction = st.floats(1e-4, 0.5)
few = settings(max_examples=100, deadline=None)


def coins(values: st.SearchStrategy[float]) -> st.SearchStrategy[np.ndarray]:
    return st.lists(values, min_size=N, max_size=N).map(np.array)


@few
@given(positive_bps, st.floats(0.0, 1.0), positive_bps, st.floats(0.0, 1e4), st.floats(0.0, 1.0))
def test_every_cost_is_monotone_in_its_cause(
    spread: float, share: float, fee: float, latency: float, more: float
) -> None:
    def total(*cause: float) -> float:
        return cost.one_way_bps(cost.one_way(*cause, 0.03, 1.0, SPEC))

    cause = [spread, share, fee, latency]
    base = total(*cause)
    assert base >= fee
    for i in range(4):
        worse = list(cause)
        worse[i] += more
        assert total(*worse) >= base - 1e-9


@few
@given(st.floats(-50.0, 50.0), st.floats(0.0, 100.0), st.sampled_from([1.0, 4.0, 8.0]))
def test_funding_is_symmetric_in_the_side(rate: float, hours: float, interval: float) -> None:
    long = cost.funding_bps(1, rate, hours, interval)
    assert cost.funding_bps(-1, rate, hours, interval) == -long


@few
@given(st.floats(1.0, 100.0), st.floats(0.0, 99.0), st.floats(0.0, 10.0))
def test_size_goes_to_zero_as_cost_goes_to_the_edge(
    edge: float, cost_bps: float, margin: float
) -> None:
    nearer = cost_bps + 0.5 * max(0.0, edge - margin - cost_bps)
    here = zero_net_usd(edge, cost_bps, margin, 50.0, 1e8)
    assert zero_net_usd(edge, nearer, margin, 50.0, 1e8) <= here
    assert optimal_usd(edge, nearer, 50.0, 1e8) <= optimal_usd(edge, cost_bps, 50.0, 1e8)
    assert zero_net_usd(edge, edge - margin, margin, 50.0, 1e8) <= 1e-6
    if not gate.clears(edge, cost_bps, margin):
        assert here == 0.0


@few
@given(
    st.floats(0.0, 1.0), st.floats(0.05, 20.0), st.integers(0, 200), st.booleans(), st.floats(0, 1)
)
def test_risk_stays_within_the_preset_and_grows_with_the_win_rate(
    p: float, b: float, n: int, is_cap: bool, more: float
) -> None:
    given_ = RISK.sizing._replace(kelly=int(is_cap))
    risk = sizing.risk_fraction(p, b, n, given_.kelly, given_)
    assert 0.0 <= risk <= given_.max_risk_frac
    assert sizing.risk_fraction(p + (1.0 - p) * more, b, n, given_.kelly, given_) >= risk
    if n >= given_.min_paper_trades and sizing.kelly_fraction(p, b) <= 0.0:
        assert risk == 0.0


@few
@given(usd, coins(usd), coins(usd), st.integers(1, 12))
def test_no_cap_is_exceeded_and_each_is_monotone(
    equity: float, sized: np.ndarray, volume: np.ndarray, window: int
) -> None:
    def capped(caps: limits.Params) -> tuple[float, np.ndarray, np.ndarray]:
        out, reason = np.empty(N), np.empty(N, np.int16)
        return limits.size_caps(equity, sized, volume, window, caps, out, reason), out, reason

    budget, out, reason = capped(RISK.limits)
    assert (out >= 0.0).all()
    assert (out <= sized).all()
    assert (out <= 0.25 * equity).all()
    assert (out <= budget).all()
    assert (out <= 0.2 * volume * window).all()
    assert ((out < sized) == (reason != 0)).all()
    for field in ("coin_cap_frac", "committed_frac", "leverage", "max_participation"):
        tighter = RISK.limits._replace(**{field: 0.5 * getattr(RISK.limits, field)})
        assert (capped(tighter)[1] <= out).all()


@few
@given(coins(signed_usd), coins(signed_usd), coins(st.floats(-3.0, 3.0)), st.floats(1.0, 1e7))
def test_net_exposure_is_never_over_its_cap_and_is_symmetric(
    held: np.ndarray, added: np.ndarray, beta: np.ndarray, cap: float
) -> None:
    scale, mirrored = np.empty(N), np.empty(N)
    limits.net_scale(held, added, beta, cap, scale)
    limits.net_scale(-held, -added, beta, cap, mirrored)
    assert scale.tobytes() == mirrored.tobytes()
    assert ((scale >= 0.0) & (scale <= 1.0)).all()
    before = abs(float((beta * held).sum()))
    assert abs(float((beta * (held + scale * added)).sum())) <= max(cap, before) * (1 + 1e-9) + 1e-3


@few
@given(
    coins(st.floats(-100.0, 100.0)),
    coins(st.floats(50.0, 150.0)),
    coins(fraction),
    coins(usd),
    st.floats(-5_000.0, 5_000.0),
)
def test_open_risk_is_within_the_budget_after_the_scale_or_the_cut(
    position: np.ndarray, mark: np.ndarray, stop_frac: np.ndarray, entries: np.ndarray, pnl: float
) -> None:
    entry = np.full(N, 100.0)
    stop = entry * (1.0 - np.sign(position) * stop_frac)
    risk = open_risk.risk_usd(position, mark, stop, entry, RISK.limits)
    mirror = open_risk.risk_usd(-position, 200.0 - mark, 200.0 - stop, entry, RISK.limits)
    assert risk >= 0.0
    assert np.isclose(risk, mirror, rtol=1e-9, atol=1e-6)
    budget = open_risk.budget_usd(1e5, pnl, risk, RISK.limits)
    new = np.empty(N)
    total = open_risk.new_risk_usd(entries, stop_frac, 0.25, new)
    scale = open_risk.pro_rata(budget, new)
    assert scale * total <= max(budget, 0.0) * (1.0 + 1e-12) + 1e-9
    keep = open_risk.cut_scale(budget, risk)
    assert 0.0 <= keep <= 1.0
    left = open_risk.risk_usd(keep * position, mark, stop, entry, RISK.limits)
    allowed = max(open_risk.budget_usd(1e5, pnl, 0.0, RISK.limits), 0.0)
    assert left <= allowed * (1.0 + 1e-9) + 1e-6 or keep == 1.0
    if budget < 0.0:
        assert scale == 0.0 or total == 0.0


DAYS = breakers.Params(min_days=3, max_days=5, bars_per_day=4)


def fold(
    path: list[tuple[float, float, float]], state: breakers.State, start: int = 0
) -> list[tuple[bool, float, int]]:
    seen = []
    for i, (equity, sigma, pnl) in enumerate(path):
        values = np.array([sigma, 0.02])
        k = start + i
        breakers.step(k, equity, 0.0, values, np.ones(2), np.ones(2, np.int8), DAYS, state)
        breakers.on_trade(int(pnl), state, DAYS)
        multiplier, reasons, bits = np.empty(2), np.empty(2, np.int16), np.empty(2, np.int16)
        breakers.report(state, DAYS, multiplier, reasons, bits)
        seen.append((breakers.entries_allowed(state), multiplier[0], int(bits[0])))
    return seen


paths = st.lists(
    st.tuples(st.floats(9e4, 1.1e5), st.floats(0.001, 0.2), st.sampled_from([-1.0, 0.0, 1.0])),
    min_size=1,
    max_size=60,
)


@few
@given(paths, st.integers(0, 60))
def test_breakers_latch_and_survive_a_restart(
    path: list[tuple[float, float, float]], cut: int
) -> None:
    whole, first = breakers.init(2, DAYS), breakers.init(2, DAYS)
    seen = fold(path, whole)
    before = fold(path[:cut], first)
    second = breakers.State(*(array.copy() for array in first))
    assert before + fold(path[cut:], second, min(cut, len(path))) == seen
    assert same_bytes(second, whole)
    for k in range(1, len(seen)):
        if k % DAYS.bars_per_day and not seen[k - 1][0]:
            assert not seen[k][0]
        assert seen[k][1] in (0.0, 0.25, 0.5, 1.0)


@few
@given(paths)
def test_the_volatility_latch_has_hysteresis(path: list[tuple[float, float, float]]) -> None:
    state = breakers.init(2, DAYS)
    for k, (_, sigma, _) in enumerate(path):
        trip, release, was = state.trip[0], state.release[0], state.defense[0]
        fold([path[k]], state, k)
        if np.isnan(trip):
            assert state.defense[0] == 0
        elif release <= sigma <= trip:
            assert state.defense[0] == was
        else:
            assert state.defense[0] == (sigma > trip)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 80))
def test_the_paper_twin_survives_a_restart_and_reads_no_future(seed: int, cut: int) -> None:
    tape = wander(seed, 80, 3)
    whole = run(tape)
    early = run(tape, stop=cut)
    assert same_bytes(run(tape, copied(early), start=cut), whole)
    for row in (tape.opens, tape.highs, tape.lows, tape.closes):
        row[cut:] *= 3.0
    assert same_bytes(run(tape, stop=cut), early)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_paper_fill_is_the_open_after_the_decision(seed: int) -> None:
    tape = wander(seed, 40, 2)
    state = paper.init(2)
    for k in range(40):
        before = state.exits.side.copy(), state.pending.copy(), state.entry.copy()
        run(tape, state, k, k + 1, PARAMS._replace(missing_bars=1000))
        for c in range(2):
            if state.entry[c] != before[2][c] and not np.isnan(state.entry[c]):
                assert state.entry[c] == tape.opens[k, c]
                assert before[1][c] != 0
                assert tape.status[k, c] == 1
            if tape.status[k, c] != 1:
                assert state.exits.side[c] == before[0][c]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_paper_twin_mirrors(seed: int) -> None:
    """Additive steps around one entry price make long and short exact mirrors without costs."""
    tape, other = flat(40), flat(40)
    tape.cost_bps[:] = other.cost_bps[:] = 0.0
    steps = np.random.default_rng(seed).integers(-1, 2, (40, 1)) / 64.0
    tape.opens[1:] = 100.0 + np.cumsum(steps, axis=0)[:-1]
    for row in (tape.highs, tape.lows, tape.closes):
        row[:] = tape.opens
    for mine, theirs in zip(other[:4], tape[:4], strict=True):
        mine[:] = 200.0 - theirs
    tape.signal[0], other.signal[0] = 1, -1
    a, b = run(tape), run(other)
    assert a.n.tolist() == b.n.tolist()
    assert np.isclose(a.last_r[0], b.last_r[0], rtol=0.0, atol=1e-2)
    assert a.wins.tolist() == b.wins.tolist()


def test_a_losing_streak_is_forgiven_once_the_edge_is_there() -> None:
    """Paper trades go on while Kelly is negative, so a planted edge earns its way back."""
    n_bars, turn = 6_000, 1_500
    tape = flat(n_bars)
    tape.cost_bps[:] = 2.0
    price = np.full(n_bars + 1, 100.0)
    for t in range(n_bars):
        if t % 5 == 0:
            tape.signal[t] = 1
        wins = t >= turn and t // 5 % 4 != 0
        if t % 5 == 4:
            price[t + 1] = price[t] * (1.01 if wins else 0.99)
        else:
            price[t + 1] = price[t]
    # the move comes before the open at which the time exit fills
    tape.opens[:, 0] = price[:-1]
    for row in (tape.highs, tape.lows, tape.closes):
        row[:] = tape.opens
    priors = RISK.sizing
    state = paper.init(1)
    worst = recovered = 0.0
    for t in range(0, n_bars, 500):
        run(tape, state, t, t + 500, PARAMS)
        found = paper.statistics(0, priors, state)
        kelly = sizing.kelly_fraction(found.p, found.b)
        risk = sizing.risk_fraction(found.p, found.b, found.n, priors.kelly, priors)
        worst, recovered = min(worst, kelly), kelly
        if t + 500 == turn:
            assert kelly < 0.0
            assert risk == 0.0
    assert worst < 0.0 < recovered
    assert sizing.risk_fraction(found.p, found.b, found.n, priors.kelly, priors) > 0.0
