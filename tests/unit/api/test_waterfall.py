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


def test_an_order_stopped_nowhere(found):
    assert "<<" not in str(found)
