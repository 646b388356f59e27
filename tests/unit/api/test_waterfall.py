"""The waterfall: it fits, hides nothing, and says where a decision stopped."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import polars as pl
import pytest

import quorate
from quorate.api.waterfall import WIDTH
from quorate.report.formats import number


@pytest.fixture(scope="module")
def found(traded):
    ids = quorate.decisions(traded[0].folder, reason="ENTRY")["id"]
    return quorate.explain(traded[0].folder, ids[-1])


def lines(explanation):
    return str(explanation).splitlines()


@pytest.mark.parametrize("at", ["2024-01-01T00:05", "2024-01-03", "2024-01-07T15:00", "2024-01-12"])
@pytest.mark.parametrize("coin", ["SYN-BTC", "SYN-04"])
def test_it_fits_80_columns_and_knows_no_nan(traded, coin, at):
    text = str(quorate.explain(traded[0].folder, coin, at))
    assert max(map(len, text.splitlines())) <= WIDTH == 80
    assert "nan" not in text.lower().split()
    assert "None" not in text


def test_every_vote_and_cost_has_a_line(found):
    text = str(found)
    for vote in found.votes:
        assert vote.engine[:19] in text
    for name in ("half spread", "impact", "fee", "latency", "funding", "margin asked"):
        assert name in text
    assert f"{len(found.votes)} voted" in text
    assert found.decision_id in text
    assert found.verdict.split(",")[0] in text


def test_what_adds_ends_where_what_takes_begins(found):
    rows = {line[3:23].strip(): line for line in lines(found) if line.startswith("   ")}
    edge, spread = rows["expected edge"], rows["half spread"]
    assert edge.rstrip().endswith("+")
    assert spread.rstrip().endswith("-")
    assert abs(len(edge) - len(spread)) <= 1


@pytest.mark.parametrize(
    ("reason", "step"),
    [
        ("WARMUP", "1. What was seen"),
        ("NO_QUORUM", "2. Votes"),
        ("BELOW_THRESHOLD", "2. Votes"),
        ("COOLDOWN", "3. Gates"),
        ("BREAKER_DAILY", "3. Gates"),
        ("EDGE_BELOW_COST", "4. Edge"),
        ("KELLY_NOT_POSITIVE", "5. Size"),
        ("CAP_GROSS", "5. Size"),
        ("BELOW_MINIMUM", "6. Route"),
    ],
)
def test_the_step_at_which_it_stopped_is_marked(found, reason, step):
    outcome = dataclasses.replace(found.outcome, action="wait", reason=reason)
    marked = [x for x in lines(dataclasses.replace(found, outcome=outcome)) if "<<" in x]
    assert len(marked) == 1
    assert marked[0].startswith(step)


def test_what_stands_behind_the_stop_is_for_information(found):
    outcome = dataclasses.replace(found.outcome, action="wait", reason="NO_QUORUM")
    said = lines(dataclasses.replace(found, outcome=outcome))
    for step in ("3. Gates", "4. Edge", "5. Size", "6. Route"):
        assert next(x for x in said if x.startswith(step)).endswith("(for information)")
    assert "for information" not in str(found)


def test_every_factor_and_breaker_has_its_number(found):
    rows = {line.strip().split("  ")[0]: line for line in lines(found)}
    for step in found.size.steps:
        assert number(step.usd) in rows[step.name]
        assert ("−" in rows[step.name][36:44]) == step.is_cut
    assert number(found.size.target_usd) in rows["target"]
    assert "trips at" in rows["daily"]
    assert "trips at 3 losses" in rows["streak"]
    by_name = {step.name: step for step in found.size.steps}
    assert abs(by_name["coin cap"].usd) <= 0.25 * found.size.equity_usd * (1 + 1e-12)


def test_a_breaker_without_history_says_how_much_it_has(found):
    coin, market = found.breakers.watches[2:]
    assert (coin.level, market.level) == (None, None)
    assert "of 60 daily values" in market.note
    assert 0.0 < market.value < 1.0
    line = next(x for x in lines(found) if "market volatility" in x)
    assert market.note.removeprefix("off: ") in line
    assert "off" in line


def test_a_side_that_was_stopped_out_says_until_when_it_waits(traded):
    folder = traded[0].folder
    stop = traded[0].fills.filter(pl.col("reason") == "EXIT_STOP").row(0, named=True)
    said = quorate.explain(folder, stop["symbol"], stop["ts"])
    side = "long" if stop["coins"] < 0.0 else "short"
    gate = next(each for each in said.gates if each.name == f"{side} cooldown")
    until = stop["ts"] + timedelta(hours=1)
    assert f"{until:%Y-%m-%d %H:%M}" in gate.note
    assert f"{side} cooldown" in str(said)
    after = quorate.explain(folder, stop["symbol"], until)
    assert f"{side} cooldown" not in {each.name for each in after.gates}


def test_what_the_exchange_closed_stands_at_the_head(traded):
    stop = traded[0].fills.filter(pl.col("reason") == "EXIT_STOP").row(-1, named=True)
    said = quorate.explain(traded[0].folder, stop["symbol"], stop["ts"])
    (found,) = said.exits
    assert (found.reason, found.price) == ("EXIT_STOP", stop["price"])
    assert found.stop_price == stop["decision_price"]
    assert found.closed_usd == pytest.approx(abs(stop["coins"]) * stop["price"])
    first, second, *_ = lines(said)
    assert first.startswith("CLOSED BY THE EXCHANGE")
    text = " ".join(lines(said))
    assert f"the stop was {found.stop_price:,.8g}" in text
    assert f"{number(found.closed_usd)} USD" in text
    assert second


def test_engines_that_took_no_side_are_named_with_why(found):
    voted = {vote.engine for vote in found.votes}
    silent = {each.engine: each for each in found.silent}
    assert not voted & set(silent)
    assert voted | set(silent) == {engine.name for engine in quorate.engines()}
    text = " ".join(" ".join(lines(found)).split())
    for why in {each.why for each in found.silent}:
        n = sum(each.why == why for each in found.silent)
        assert f"{n} {why}: " in text
    assert all(each.side == 0 and each.weight >= 0.0 for each in found.silent)
    approved = {engine.name: engine.approved for engine in quorate.engines()}
    for each in found.silent:
        if each.why == "not approved in this regime":
            assert found.regime not in {r.name.lower() for r in approved[each.engine]}


def test_a_breaker_measures_the_day(traded):
    found = quorate.explain(traded[0].folder, "SYN-04", "2024-01-12T15:00")
    daily, streak, *_ = found.breakers.watches
    equity = traded[0].equity
    opened = equity.filter(equity["ts"].dt.strftime("%Y-%m-%d %H:%M") == "2024-01-12 00:00")
    assert daily.value == pytest.approx(found.size.equity_usd - opened["equity"][0] * 1e-8)
    assert daily.level == pytest.approx(-0.025 * opened["equity"][0] * 1e-8)
    assert not daily.is_on
    assert streak.value >= 0.0


def test_an_order_stopped_nowhere(found):
    assert "<<" not in str(found)
