import math

import numpy as np
import pytest

from quorate.core.kernel import signatures
from quorate.core.portfolio import objective
from quorate.core.portfolio.solve import solve
from quorate.core.types import Reason

COIN_CAP = 0.25 / 0.7
SECTOR_CAP = 0.5 / 0.7


def run(
    mu,
    *,
    u=None,
    w0=None,
    lower=None,
    sector=None,
    cap=math.inf,
    budget=1.0,
    kappa=0.1,
    max_hhi=0.25,
    penalty=100.0,
):
    mu = np.asarray(mu, dtype=float)
    n = mu.size
    w = np.full(n, np.nan)
    code = solve(
        mu,
        np.ones(n) if u is None else np.asarray(u, dtype=float),
        np.zeros(n) if w0 is None else np.asarray(w0, dtype=float),
        np.zeros(n) if lower is None else np.asarray(lower, dtype=float),
        np.zeros(n, dtype=np.int64) if sector is None else np.asarray(sector, dtype=np.int64),
        cap, budget, kappa, max_hhi, penalty, w,
    )  # fmt: skip
    return code, w


def test_g13_portfolio():
    mu = np.array([0.4, 0.3, 0.2, 0.1, -0.05])
    code, w = run(mu)
    expected = 0.5 * np.array([3.0, 2.0, 1.0, 0.0, 0.0]) / math.sqrt(14.0)
    assert code == 0
    np.testing.assert_allclose(w, expected, atol=1e-9)
    np.testing.assert_allclose(
        w, [0.400891862869, 0.267261241912, 0.133630620956, 0.0, 0.0], atol=1e-9
    )
    assert objective.value(w, mu, np.zeros(5), 0.1) == pytest.approx(0.18708286933869708, abs=1e-9)


def test_g13_portfolio_held_with_sectors():
    mu = np.array([0.4, 0.3, 0.2, 0.1, -0.05])
    w0 = np.array([0.1, 0.4, 0.2, 0.3, 0.0])
    code, w = run(mu, u=np.full(5, COIN_CAP), w0=w0, sector=[0, 0, 1, 1, 2], cap=SECTOR_CAP)
    double_nu = 2.0 * math.sqrt(0.29 / 0.84)
    assert code == 0
    np.testing.assert_allclose(
        w, [0.3 / double_nu, 0.4 / double_nu, 0.2, 0.2 / double_nu, 0.0], atol=1e-9
    )
    np.testing.assert_allclose(w, [0.25528888, 0.34038518, 0.2, 0.17019259, 0.0], atol=1e-8)
    assert objective.value(w, mu, w0, 0.1) == pytest.approx(0.22677925358506, abs=1e-8)


def test_one_coin_is_held_back_by_concentration_alone():
    code, w = run([1.0])
    assert code == 0
    assert w[0] == pytest.approx(0.5, abs=1e-9)


def test_no_edge_over_the_cost_of_turnover_leaves_cash():
    code, w = run([0.1, 0.05, -0.2])
    assert code == 0
    assert w.tolist() == [0.0, 0.0, 0.0]


def test_a_held_coin_inside_the_band_is_not_traded():
    _, w = run([0.05, -0.05, -0.2], w0=[0.2, 0.1, 0.1])
    assert w[0] == 0.2
    assert w[1] == 0.1
    assert w[2] == 0.0


def test_a_coin_without_room_stays_out():
    _, w = run([0.5, 0.4], u=[0.0, 0.3])
    assert w[0] == 0.0
    assert w[1] == pytest.approx(0.3, abs=1e-9)


def test_ties_share_the_budget_equally():
    _, w = run(np.full(6, 0.3), u=np.full(6, 0.25))
    np.testing.assert_allclose(w, np.full(6, 1 / 6), atol=1e-11)


def test_ties_below_the_best_share_what_is_left():
    _, w = run([0.5, 0.5, 0.3, 0.3, 0.3], u=np.full(5, 0.2), budget=0.7)
    np.testing.assert_allclose(w, [0.2, 0.2, 0.1, 0.1, 0.1], atol=1e-11)


def test_ties_in_a_full_sector_share_its_cap():
    _, w = run([0.5, 0.5, 0.2], u=[0.3, 0.3, 0.3], sector=[4, 4, 9], cap=0.4)
    np.testing.assert_allclose(w, [0.2, 0.2, 0.3], atol=1e-11)


@pytest.mark.parametrize("held", [0.1, 0.1 - 1e-13, 0.1 + 1e-13])
def test_a_full_sector_held_at_its_best_stays_full(held):
    # selling the first gains what buying the third costs, and both stop 1e-13 from there
    _, w = run(
        [0.3, 0.4, 0.5], u=[0.357, 0.1, 0.1], w0=[held, 0.0, held], sector=[0, 0, 0], cap=0.2
    )
    np.testing.assert_allclose(w, [0.1, 0.0, 0.1], atol=1e-12)


def test_a_full_sector_reached_by_a_tie_of_sale_and_purchase_is_full():
    _, w = run(
        [0.3, 0.5, 0.2, 0.2], u=np.full(4, 0.1), w0=[0.18, 0.0003, 0.3, 0.07],
        sector=[0, 0, 0, 0], cap=0.2,
    )  # fmt: skip
    np.testing.assert_allclose(w, [0.1, 0.1, 0.0, 0.0], atol=1e-12)


def test_negative_sectors_have_no_cap():
    _, w = run([0.5, 0.5], u=[0.3, 0.3], sector=[-1, -1], cap=0.4)
    np.testing.assert_allclose(w, [0.3, 0.3], atol=1e-11)


def test_weights_held_outside_every_limit_come_back_inside():
    code, w = run([0.3, 0.2, 0.2], u=np.full(3, COIN_CAP), w0=[0.9, 0.9, 0.9])
    assert code == 0
    assert np.all(w <= COIN_CAP)
    assert w.sum() <= 1.0
    assert objective.hhi(w) <= 0.25


def test_a_kept_position_is_kept_and_the_others_get_the_rest():
    _, w = run([0.4, 0.3], u=[0.3, 0.9], lower=[0.3, 0.0], w0=[0.3, 0.0], budget=0.5)
    assert w[0] == 0.3
    assert w[1] == pytest.approx(0.2, abs=1e-9)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ({"budget": 0.5}, [0.6, 0.0, 0.0]),
        ({"max_hhi": 0.3}, [0.6, 0.0, 0.0]),
        ({"cap": 0.5, "max_hhi": 0.5}, [0.6, 0.0, 0.3]),
    ],
)
def test_kept_positions_over_a_limit_win_and_leave_no_room(limit, expected):
    code, w = run(
        [0.1, 0.5, 0.5], u=[0.6, 0.3, 0.3], w0=[0.6, 0.1, 0.0], lower=[0.6, 0.0, 0.0],
        sector=[1, 1, 2], **limit,
    )  # fmt: skip
    assert code == 0
    np.testing.assert_allclose(w, expected, atol=1e-9)


def test_a_soft_limit_is_exceeded_where_the_edge_pays_for_it():
    # nu* = ||a|| / (2 sqrt h) = 0.9 / 1 > 0.75: the penalty is the price, w = a / (2 * 0.75)
    _, soft = run([1.0], penalty=0.75)
    _, hard = run([1.0], penalty=math.inf)
    assert soft[0] == pytest.approx(0.6, abs=1e-9)
    assert hard[0] == pytest.approx(0.5, abs=1e-9)


def test_no_penalty_means_no_limit_on_concentration():
    _, w = run([1.0, 0.5], penalty=0.0)
    np.testing.assert_allclose(w, [1.0, 0.0], atol=1e-9)


def test_the_concentration_of_kept_positions_counts():
    _, w = run([0.0, 0.5], u=[0.4, 1.0], w0=[0.4, 0.0], lower=[0.4, 0.0])
    assert w[1] == pytest.approx(0.3, abs=1e-9)


def test_missing_numbers_keep_a_coin_out_and_leave_the_others_alone():
    code, w = run([np.nan, 0.5, 0.5, 0.5], u=[0.3, np.nan, 0.3, 0.3], w0=[0.0, 0.0, np.nan, 0.0])
    assert code == 0
    np.testing.assert_allclose(w, [0.0, 0.0, 0.3, 0.3], atol=1e-9)


@pytest.mark.parametrize(
    "broken",
    [{"kappa": np.nan}, {"budget": -1.0}, {"max_hhi": 0.0}, {"penalty": np.nan}, {"cap": -0.1}],
)
def test_limits_that_make_no_sense_keep_the_old_weights(broken):
    code, w = run([0.5, 0.4], w0=[0.1, 0.2], **broken)
    assert code == Reason.PORTFOLIO_NOT_SOLVED
    assert w.tolist() == [0.1, 0.2]


def test_no_coin_at_all_is_solved():
    code, w = run([])
    assert code == 0
    assert w.size == 0


def test_inputs_are_not_written():
    mu, w0 = np.array([0.4, 0.3]), np.array([0.2, 0.1])
    run(mu, w0=w0)
    assert mu.tolist() == [0.4, 0.3]
    assert w0.tolist() == [0.2, 0.1]


def test_kkt_residual():
    """From two free coins follow both prices; every other coin must answer them (METHODS 8.3)."""
    rng = np.random.default_rng(7)
    kappa, n, checked = 0.1, 12, 0
    for _ in range(60):
        mu = 0.35 + 0.05 * rng.standard_normal(n)
        u = np.full(n, 0.6)
        w0 = np.where(rng.random(n) < 0.4, 0.3 * rng.random(n), 0.0)
        _, w = run(mu, u=u, w0=w0, kappa=kappa, max_hhi=0.12)
        bought = (w > w0 + 1e-9) & (w < u - 1e-9)
        sold = (w < w0 - 1e-9) & (w > 1e-9)
        gain = np.where(bought, mu - kappa, mu + kappa)
        free = bought | sold
        if free.sum() < 3:
            continue
        rows = np.column_stack([np.ones(free.sum()), 2.0 * w[free]])
        (price, nu), *_ = np.linalg.lstsq(rows, gain[free], rcond=None)
        assert price > -1e-8
        assert nu > -1e-8
        best = np.clip(w0, (mu - kappa - price) / (2 * nu), (mu + kappa - price) / (2 * nu))
        np.testing.assert_allclose(w, np.clip(best, 0.0, u), atol=1e-8)
        checked += 1
    assert checked > 20


def test_solve_compiles_once():
    run([0.3, 0.2])
    assert signatures(solve) == 1
