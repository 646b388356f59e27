"""Every rule of the linter, on both sides of its bound."""

import pytest

from quorate.report.checks import data, result, trading
from quorate.report.checks.finding import Severity
from quorate.report.evidence import Evidence

USD = 100_000_000
EARNS = {"gross": 1_000 * USD, "costs": 200 * USD, "net": 800 * USD}

# rule, evidence just inside the bound, evidence just outside it, how bad it is
RULES = [
    (result.books, {"imbalance": 0}, {"imbalance": -1}, Severity.ALARM),
    (result.lost, {"lost_at": ""}, {"lost_at": "2025-01-02 00:00 UTC"}, Severity.ALARM),
    (result.too_good, {"sharpe": 3.0}, {"sharpe": 3.01}, Severity.ALARM),
    (result.few_trades, {"n_trades": 30}, {"n_trades": 29}, Severity.WARNING),
    (
        result.edge_below_cost,
        {"gross": 201, "costs": 200},
        {"gross": 200, "costs": 200},
        Severity.WARNING,
    ),
    (
        result.one_coin,
        {**EARNS, "best_coin": ("BTC", 400 * USD)},
        {**EARNS, "best_coin": ("BTC", 400 * USD + 1)},
        Severity.WARNING,
    ),
    (
        result.one_month,
        {**EARNS, "best_month": ("2025-01", 400 * USD)},
        {**EARNS, "best_month": ("2025-01", 400 * USD + 1)},
        Severity.WARNING,
    ),
    (
        result.few_winners,
        {**EARNS, "best_five": 800 * USD},
        {**EARNS, "best_five": 800 * USD + 1},
        Severity.WARNING,
    ),
    (result.luck, EARNS, {**EARNS, "doubt": "It may be luck: so near zero."}, Severity.WARNING),
    (result.short_record, {"needed_days": 365.0}, {"needed_days": 365.1}, Severity.WARNING),
    (result.less_than_a_year, {"n_days": 365}, {"n_days": 364}, Severity.NOTE),
    (data.synthetic, {"is_synthetic": False}, {"is_synthetic": True}, Severity.ALARM),
    (data.assumed_funding, {"n_assumed": 0}, {"n_assumed": 1, "n_markets": 8}, Severity.WARNING),
    (data.imputed, {"imputed_share": 0.001}, {"imputed_share": 0.0011}, Severity.WARNING),
    (data.failed_engines, {"n_engine_failures": 0}, {"n_engine_failures": 1}, Severity.WARNING),
    (
        trading.small_capacity,
        {"room_usd": 100_000.0},
        {"room_usd": 99_999.0},
        Severity.WARNING,
    ),
    (
        trading.minimum_orders,
        {"n_orders": 90, "n_below_minimum": 10},
        {"n_orders": 89, "n_below_minimum": 10},
        Severity.WARNING,
    ),
    (
        trading.cut_fills,
        {"n_fills": 95, "n_collared": 5},
        {"n_fills": 95, "n_collared": 5, "n_clipped": 1},
        Severity.WARNING,
    ),
    (trading.stop_gaps, {"n_stops": 9}, {"n_stops": 9, "n_exceedances": 1}, Severity.WARNING),
    (trading.liquidations, {"n_liquidations": 0}, {"n_liquidations": 1}, Severity.ALARM),
    (trading.open_positions, {"n_open": 0}, {"n_open": 1, "open_net": 7}, Severity.NOTE),
]


@pytest.mark.parametrize(
    ("rule", "inside", "outside", "severity"), RULES, ids=[rule[0].__name__ for rule in RULES]
)
def test_a_rule_speaks_just_outside_its_bound_only(rule, inside, outside, severity):
    assert rule(Evidence(**inside)) is None
    found = rule(Evidence(**outside))
    assert found.severity is severity
    assert all(found[1:])
    assert found.action[-1] in ".?"
    assert not any(bad in " ".join(found[1:]).lower() for bad in ("nan", "none", "inf "))


def test_a_good_ratio_of_two_months_is_not_yet_too_good():
    assert result.too_good(Evidence(sharpe=9.0, n_days=60)) is None
    assert result.too_good(Evidence(sharpe=9.0, n_days=61)) is not None


def test_without_a_profit_nobody_carries_it():
    loss = {"net": -1, "best_coin": ("BTC", 9), "best_month": ("2025-01", 9), "best_five": 9}
    for rule in (result.one_coin, result.one_month, result.few_winners):
        assert rule(Evidence(**loss)) is None


def test_the_only_coin_or_month_is_not_called_out():
    seen = Evidence(**EARNS, n_coins=1, n_months=1, best_coin=("A", 9 * USD), best_month=("B", 9))
    assert result.one_coin(seen) is None
    assert result.one_month(seen) is None


def test_no_trade_is_another_matter_than_few():
    assert result.few_trades(Evidence(n_trades=0)).title == "It did not trade"
    assert result.few_trades(Evidence(n_trades=1)).title == "Too few trades"
    assert result.edge_below_cost(Evidence(is_traded=False, gross=0)) is None


def test_a_loss_before_costs_is_no_matter_of_costs():
    assert result.edge_below_cost(Evidence(gross=-1)).title == "There is no edge before costs"
    assert "signals" in result.edge_below_cost(Evidence(gross=-1)).action


@pytest.mark.parametrize(
    ("rule", "unknown"),
    [
        (result.too_good, {"sharpe": None}),
        (result.luck, {"net": -1, "doubt": "It may be luck: so near zero."}),
        (result.short_record, {"needed_days": None}),
        (trading.small_capacity, {"room_usd": None}),
        (trading.minimum_orders, {"n_orders": 0, "n_below_minimum": 0}),
        (trading.cut_fills, {"n_fills": 0}),
        (trading.cut_fills, {"n_fills": None, "n_clipped": 9, "n_collared": 9}),
    ],
)
def test_what_is_not_known_is_not_suspected(rule, unknown):
    assert rule(Evidence(**unknown)) is None
