"""The waterfall: it fits, hides nothing, and says where a decision stopped."""

from __future__ import annotations

import dataclasses

import pytest

import quorate
from quorate.api.waterfall import WIDTH


@pytest.fixture(scope="module")
def found(traded):
    ids = quorate.decisions(traded[0].folder, reason="ENTRY")["id"]
    return quorate.explain(traded[0].folder, ids[-1])


def lines(explanation):
    return str(explanation).splitlines()


@pytest.mark.parametrize("at", ["2024-01-01T00:05", "2024-01-03", "2024-01-07T15:00", "2024-01-12"])
@pytest.mark.parametrize("coin", ["SYN-BTC", "SYN-04"])
def test_it_fits_100_columns_and_knows_no_nan(traded, coin, at):
    text = str(quorate.explain(traded[0].folder, coin, at))
    assert max(map(len, text.splitlines())) <= WIDTH
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
        ("EDGE_BELOW_COST", "3. Edge"),
        ("KELLY_NOT_POSITIVE", "4. Size"),
        ("BREAKER_DAILY", "4. Size"),
        ("BELOW_MINIMUM", "5. Route"),
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
    for step in ("3. Edge", "4. Size", "5. Route"):
        assert next(x for x in said if x.startswith(step)).endswith("(for information)")
    assert "for information" not in str(found)


def test_every_cap_and_breaker_has_its_number(found):
    rows = {line.strip().split("  ")[0]: line for line in lines(found)}
    for name in ("cap coin", "cap participation", "cap gross", "cap open risk"):
        assert any(digit.isdigit() for digit in rows[name])
    assert "trips at" in rows["daily"]
    assert "trips at 3 losses" in rows["streak"]
    by_name = {bound.name: bound for bound in found.size.bounds}
    assert by_name["CAP_COIN"].usd == pytest.approx(0.25 * found.size.equity_usd)
    assert found.size.capped_usd <= by_name["CAP_PARTICIPATION"].usd * (1 + 1e-12)
    binding = [bound.name for bound in found.size.bounds if bound.is_binding]
    assert binding == ([found.size.cap] if found.size.cap in by_name else [])


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
