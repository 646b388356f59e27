"""Who made the money, episode by episode and by hand; and what does not add up is refused."""

import polars as pl
import pytest
from tests.unit.report.books import Books, vote

from quorate.report.attribution import ATTRIBUTION, attribute, by, check


def of(made, *columns, **chosen):
    table = attribute(*made.tables)
    check(table, made.equity, made.fills, made.funding, made.positions)
    for name, value in chosen.items():
        table = table.filter(pl.col(name) == value)
    sums = by(table, *columns)
    return dict(
        zip(
            (row[:-1] if len(columns) > 1 else row[0] for row in sums.rows()),
            sums["amount"],
            strict=True,
        )
    )


def round_trip():
    """Ten coins bought at 100 and sold at 237: 1,370 units gross, as the votes add up to 0.137.

    The votes are 0.46 x 0.24, -0.23 x 0.10 and 0.31 x 0.16.
    """
    made = Books()
    made.enter(1, "BTC")
    made.fill(2, "BTC", 10, 100, "ENTRY", fee=4, spread=6)
    made.fill(9, "BTC", -10, 237, "EXIT_TIME", fee=5)
    return made


def test_engines_share_what_an_episode_made_and_cost():
    made = round_trip()
    gross = of(made, "engine", line="GROSS")
    assert gross == {"trend": 1_104, "carry": 496, "flow": -230}
    assert of(made, "line") == {"GROSS": 1_370, "SPREAD": -6, "FEE": -9}
    assert of(made, "regime") == {"trend": 1_355}


def test_shares_are_rounded_without_loss():
    made = Books()
    made.enter(1, "BTC")
    made.fill(2, "BTC", 1, 100, "ENTRY")
    made.fill(9, "BTC", -1, 110, "EXIT_TIME")
    assert of(made, "engine") == {"trend": 8, "carry": 4, "flow": -2}  # 8.06, 3.62, -1.68


def test_a_resizing_is_the_allocators():
    """Bought 10 at 100; 4 of them sold at 150; out at 120: selling early made 4 x 30."""
    made = Books()
    made.enter(1, "BTC")
    made.fill(2, "BTC", 10, 100, "ENTRY")
    made.fill(5, "BTC", -4, 150, "REBALANCE", fee=3)
    made.fill(9, "BTC", -6, 120, "EXIT_TIME")
    found = of(made, "engine", "line")
    assert found["allocator", "GROSS"] == 4 * 30
    assert found["allocator", "FEE"] == -3
    assert of(made, "line")["GROSS"] == 4 * 50 + 6 * 20
    engines = sum(v for (name, _), v in found.items() if name != "allocator")
    assert engines == 10 * 20


def test_a_forced_cut_is_the_risk_overlays():
    """Cut at 90 what would have come out at 130: the overlay cost 5 x 40 and its own fee."""
    made = Books()
    made.enter(1, "BTC")
    made.fill(2, "BTC", 10, 100, "ENTRY")
    made.fill(5, "BTC", -5, 90, "CUT_OPEN_RISK", fee=2)
    made.fill(9, "BTC", -5, 130, "EXIT_TIME")
    assert of(made, "engine")["risk_overlay"] == -5 * 40 - 2


def test_what_a_liquidation_cost_is_the_risk_overlays():
    made = Books()
    made.enter(1, "BTC")
    made.fill(2, "BTC", 10, 100, "ENTRY")
    made.fill(9, "BTC", -10, 60, "EXIT_LIQUIDATION", haircut=77)
    found = of(made, "engine", "line")
    assert found["risk_overlay", "HAIRCUT"] == -77
    assert ("risk_overlay", "GROSS") not in found
    assert of(made, "line")["GROSS"] == -400


def test_the_reference_is_the_mean_of_the_closing_fills():
    """Sold 4 at 110 and 6 at 120: the reference is 116, and the exits add up to nothing."""
    made = Books()
    made.enter(1, "BTC", size=10, price=1)
    made.fill(2, "BTC", 10, 100, "ENTRY")
    made.fill(4, "BTC", 5, 100, "REBALANCE")
    made.fill(5, "BTC", -5, 130, "REBALANCE")
    made.fill(8, "BTC", -4, 110, "EXIT_TIME")
    made.fill(9, "BTC", -6, 120, "EXIT_TIME")
    assert of(made, "engine")["allocator"] == 5 * 16 + 5 * 14
    assert of(made, "line")["GROSS"] == 4 * 10 + 6 * 20 + 5 * 30


def test_what_is_still_open_is_priced_at_its_mark():
    made = Books()
    made.enter(1, "BTC", size=10, price=1)
    made.fill(2, "BTC", -10, 100, "ENTRY")
    made.fill(3, "BTC", -5, 90, "REBALANCE")
    made.mark("BTC", -15 * 80)
    found = of(made, "engine")
    assert found["allocator"] == 5 * 10
    assert sum(found.values()) == 10 * 20 + 5 * 10


def test_a_short_that_made_money_pays_those_who_voted_for_it():
    made = Books()
    made.enter(1, "BTC", votes=[vote("bear", -1)])
    made.fill(2, "BTC", -10, 100, "ENTRY")
    made.fill(9, "BTC", 10, 80, "EXIT_TIME")
    assert of(made, "engine") == {"bear": 200}


def test_funding_goes_to_the_engines_of_the_episode_that_paid_it():
    made = Books()
    made.enter(1, "BTC", votes=[vote("first")])
    made.fill(2, "BTC", 1, 100, "ENTRY")
    made.settle(2, "BTC", 5)
    made.settle(8, "BTC", 6)
    made.fill(9, "BTC", -1, 100, "EXIT_TIME")
    made.enter(9, "BTC", votes=[vote("second")])
    made.fill(10, "BTC", 1, 100, "ENTRY", regime="panic")
    made.settle(10, "BTC", -9)
    made.mark("BTC", 100)
    assert of(made, "engine", "regime", line="FUNDING") == {
        ("second", "panic"): 9,
        ("first", "trend"): -11,
    }


def test_funding_without_an_episode_is_unknown():
    made = Books()
    made.settle(3, "BTC", 4)
    assert of(made, "engine", "regime") == {("unknown", "unknown"): -4}


def test_each_venue_keeps_its_own():
    """Bought on two venues at different prices: what each made is in its own row."""
    made = Books()
    made.enter(1, "BTC")
    made.fill(2, "BTC", 10, 100, "ENTRY")
    made.fill(3, "BTC", 3, 101, "ENTRY", venue="beta")
    made.fill(8, "BTC", -10, 110, "EXIT_TIME")
    made.fill(9, "BTC", -3, 105, "EXIT_TIME", venue="beta")
    assert of(made, "venue") == {"alpha": 100, "beta": 12}


def test_an_entry_that_was_not_kept_is_unknown_and_said():
    made = Books()
    made.fill(2, "BTC", 10, 100, "ENTRY")
    made.fill(9, "BTC", -10, 110, "EXIT_TIME")
    assert of(made, "engine") == {"unknown": 100}


def test_views_add_up_to_the_table():
    made = round_trip()
    table = attribute(*made.tables)
    for columns in ((), ("engine",), ("line", "venue"), tuple(ATTRIBUTION)[:-1]):
        assert by(table, *columns)["amount"].sum() == 1_355
    assert table.schema == ATTRIBUTION


def test_the_largest_comes_first():
    assert by(attribute(*round_trip().tables), "engine")["engine"].to_list() == [
        "trend",
        "carry",
        "flow",
    ]


def test_a_run_without_a_fill_has_nothing_to_attribute():
    made = Books()
    table = attribute(pl.DataFrame(schema={"venue": pl.Int64}), *([pl.DataFrame()] * 3))
    assert table.schema == ATTRIBUTION
    check(table, made.equity, made.fills, made.funding, made.positions)


def test_what_does_not_add_up_is_refused():
    made = round_trip()
    table = attribute(*made.tables)
    rest = (made.fills, made.funding, made.positions)
    with pytest.raises(ArithmeticError, match="adds up to 1356 and equity moved by 1355"):
        check(_added(table, 1), made.equity, *rest)
    moved = table.with_columns(
        pl.when(pl.col("line") == "FEE").then(pl.lit("ETH")).otherwise("symbol").alias("symbol")
    )
    with pytest.raises(ArithmeticError, match="attribution of BTC on alpha is off by -9"):
        check(moved, made.equity, *rest)


def test_deposits_are_no_result():
    made = round_trip()
    equity = made.equity.with_columns(
        pl.Series("equity", [made.start, made.cash + 500]), pl.Series("flow", [0, 500])
    )
    table = attribute(*made.tables)
    check(table, equity, made.fills, made.funding, made.positions)


def _added(table, amount):
    first = pl.int_range(pl.len()) == 0
    return table.with_columns(
        pl.when(first).then(pl.col("amount") + amount).otherwise("amount").alias("amount")
    )
