"""Every rule of the linter, on both sides of its bound."""

import pytest

from quorate.report.checks import data, result, trading
from quorate.report.checks.finding import NOT_EARNED, NOT_TRADED, Finding, NotAsked, Severity
from quorate.report.evidence import Evidence

USD = 100_000_000
EARNS = {"gross": 1_000 * USD, "costs": 200 * USD, "net": 800 * USD}
LOSES = {"gross": -600 * USD, "costs": 200 * USD, "net": -800 * USD}

# rule, evidence just inside the bound, evidence just outside it, how bad it is
CLEAN_ROOM = {"room_usd": 1e9}
RULES = [
    (result.books, {"imbalance": 0}, {"imbalance": -1}, Severity.ALARM),
    (result.books, {"attribution_gap": 0}, {"attribution_gap": 5}, Severity.ALARM),
    (result.books, {"trades_gap": 0}, {"trades_gap": 5}, Severity.ALARM),
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
        result.one_coin,
        {**LOSES, "worst_coin": ("BTC", -400 * USD)},
        {**LOSES, "worst_coin": ("BTC", -400 * USD - 1)},
        Severity.NOTE,
    ),
    (
        result.one_month,
        {**LOSES, "worst_month": ("2025-01", -400 * USD)},
        {**LOSES, "worst_month": ("2025-01", -400 * USD - 1)},
        Severity.NOTE,
    ),
    (
        result.few_winners,
        {**EARNS, "best_five": 800 * USD},
        {**EARNS, "best_five": 800 * USD + 1},
        Severity.WARNING,
    ),
    (result.luck, EARNS, {**EARNS, "doubt": "It may be luck: so near zero."}, Severity.WARNING),
    (result.short_record, {"needed_days": 365.0}, {"needed_days": 365.1}, Severity.WARNING),
    (result.less_than_a_year, {"span_days": 365.0}, {"span_days": 364.9}, Severity.NOTE),
    (data.synthetic, {"is_synthetic": False}, {"is_synthetic": True}, Severity.ALARM),
    (data.in_sample, {"n_in_sample": 0}, {"n_in_sample": 1}, Severity.ALARM),
    (data.in_sample, {"n_in_sample": 0}, {"models_until": ""}, Severity.ALARM),
    (data.assumed_funding, {"n_funded": 8}, {"n_assumed": 1, "n_funded": 8}, Severity.WARNING),
    (data.imputed, {"imputed_share": 0.001}, {"imputed_share": 0.0011}, Severity.WARNING),
    (data.failed_engines, {"n_engine_failures": 0}, {"n_engine_failures": 1}, Severity.WARNING),
    (data.failed_engines, {"failed_engines": ()}, {"failed_engines": ("odd",)}, Severity.WARNING),
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
    (
        trading.small_capacity,
        CLEAN_ROOM | {"allowed_frac": 0.5},
        {"allowed_frac": 0.499},
        Severity.WARNING,
    ),
    (trading.called_back, {"got_frac": 0.75}, {"got_frac": 0.7499}, Severity.WARNING),
    (trading.stop_gaps, {"n_stops": 9}, {"n_stops": 9, "n_exceedances": 1}, Severity.WARNING),
    (trading.liquidations, {"n_liquidations": 0}, {"n_liquidations": 1}, Severity.ALARM),
    (trading.open_positions, {"n_open": 0}, {"n_open": 1, "open_net": 7}, Severity.NOTE),
]


@pytest.mark.parametrize(
    ("rule", "inside", "outside", "severity"),
    RULES,
    ids=[f"{i}-{rule[0].__name__}-{rule[3].name}" for i, rule in enumerate(RULES)],
)
def test_a_rule_speaks_just_outside_its_bound_only(rule, inside, outside, severity):
    assert rule(Evidence(**inside)) is None
    found = rule(Evidence(**outside))
    assert found.severity is severity
    assert all(found[1:])
    assert found.action[-1] in ".?"
    assert not any(bad in " ".join(found[1:]).lower() for bad in ("nan", "none", "inf "))


def test_a_ratio_of_two_months_is_too_good_only_where_all_of_its_interval_is():
    """9 over 60 days is at least 4.0 where the days are normal: sqrt((365 + 81 / 2) / 60) = 2.6."""
    assert result.too_good(Evidence(sharpe=9.0, sharpe_low=3.0, n_days=60)) is None
    found = result.too_good(Evidence(sharpe=9.0, sharpe_low=3.01, n_days=60))
    assert found.figure == "Net Sharpe ratio 9.00 over 60 days, its 95% interval above 3.01"
    unknown = result.too_good(Evidence(sharpe=9.0, n_days=60))
    assert "above 3.90" in unknown.figure
    assert result.too_good(Evidence(sharpe=7.0, n_days=60)) is None
    assert result.too_good(Evidence(sharpe=3.01, sharpe_low=-1.0, n_days=61)) is not None
    assert isinstance(result.too_good(Evidence(sharpe=25.0, n_days=60, n_trades=500)), Finding)


def test_a_loss_is_carried_by_the_worst_and_not_by_the_best():
    loss = {**LOSES, "best_coin": ("BTC", 900 * USD), "worst_coin": ("ETH", -500 * USD)}
    found = result.one_coin(Evidence(**loss))
    assert found.title == "One coin carries the loss"
    assert found.figure == "ETH made \N{MINUS SIGN}500.00 USD, 62% of the loss"


def test_nobody_carries_nothing():
    assert result.one_coin(Evidence(net=0, best_coin=("A", 9), worst_coin=("B", -9))) is None


def test_the_only_coin_and_a_handful_of_months_are_not_asked():
    seen = Evidence(**EARNS, n_coins=1, n_months=5, best_coin=("A", 9 * USD), best_month=("B", 9))
    assert result.one_coin(seen) == NotAsked("there is one coin only")
    assert result.one_month(seen) == NotAsked("fewer than 6 months")


def test_all_that_is_off_in_the_books_is_told():
    found = result.books(Evidence(imbalance=1, trades_gap=-2))
    assert found.figure == (
        "The equity moved 0.00000001 USD more than the books explain; "
        "with nothing open the closed trades made \N{MINUS SIGN}0.00000002 USD "
        "more than the books say"
    )


def test_no_trade_is_another_matter_than_few():
    assert result.few_trades(Evidence(n_trades=0)).title == "It did not trade"
    assert result.few_trades(Evidence(n_trades=1)).title == "Too few trades"
    assert result.edge_below_cost(Evidence(is_traded=False, gross=0)) == NOT_TRADED


def test_a_loss_before_costs_is_no_matter_of_costs():
    assert result.edge_below_cost(Evidence(gross=-1)).title == "There is no edge before costs"
    assert "signals" in result.edge_below_cost(Evidence(gross=-1)).action


@pytest.mark.parametrize(
    ("rule", "unknown", "why"),
    [
        (result.too_good, {"sharpe": None}, "no Sharpe ratio"),
        (result.too_good, {"sharpe": 9.0, "n_trades": 29}, "too few trades"),
        (result.luck, {"net": -1, "doubt": "It may be luck."}, NOT_EARNED.reason),
        (result.luck, {**EARNS, "unjudged": "too few days"}, "too few days"),
        (result.few_winners, {"net": -1, "best_five": 9}, NOT_EARNED.reason),
        (result.few_winners, {**EARNS, "n_trades": 29}, "too few trades"),
        (result.short_record, {"needed_days": None}, "no Sharpe ratio"),
        (result.short_record, {"needed_days": None, "sharpe": -1.0}, "no record is long enough"),
        (result.short_record, {"needed_days": 900.0, "n_trades": 29}, "too few trades"),
        (trading.small_capacity, {"room_usd": None}, "not known"),
        (trading.small_capacity, {**LOSES, "room_usd": 1.0}, NOT_EARNED.reason),
        (trading.minimum_orders, {"n_orders": 0, "n_below_minimum": 0}, "no order was wanted"),
        (trading.cut_fills, {"n_fills": 0}, "no order was sent"),
        (trading.called_back, {"got_frac": None}, "no entry of a closed trade was kept"),
        (trading.cut_fills, {"n_fills": None, "n_clipped": 9, "n_collared": 9}, "not kept"),
        (trading.stop_gaps, {"n_stops": 0}, "no stop was hit"),
        (data.assumed_funding, {"n_funded": 0}, "no market pays funding"),
        (data.imputed, {"imputed_share": None}, "does not say"),
        (data.in_sample, {"has_models": False, "n_in_sample": 9}, "no model set"),
    ],
)
def test_what_cannot_be_known_is_neither_suspected_nor_clean(rule, unknown, why):
    found = rule(Evidence(**unknown))
    assert isinstance(found, NotAsked)
    assert why in found.reason


@pytest.mark.parametrize(
    "rule",
    [
        *(result.too_good, result.edge_below_cost, result.luck, result.short_record),
        *(result.one_coin, result.one_month, result.few_winners, trading.small_capacity),
        *(
            trading.cut_fills,
            trading.called_back,
            trading.stop_gaps,
            trading.liquidations,
            trading.delistings,
        ),
        trading.open_positions,
    ],
)
def test_what_needs_trades_is_not_asked_without_them(rule):
    assert rule(Evidence(is_traded=False, n_trades=0, sharpe=9.0, needed_days=9e9)) == NOT_TRADED
