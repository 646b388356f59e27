"""The standard events of a run (Spec 10), linked by ids: decision -> order -> fill, risk, health.

In: decisions, fills and incidents of a run. Out: ``records.Event``, in order of time. A decision
names the last risk and health event of its coin or of the whole account before it.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from quorate.records import Event, stable_id

if TYPE_CHECKING:
    from datetime import datetime

_RISK = ("EXIT_STOP", "EXIT_LIQUIDATION", "EXIT_DELISTED", "CUT_OPEN_RISK", "CUT_CAP")


def events(
    run_id: str, decisions: pl.DataFrame, fills: pl.DataFrame, incidents: pl.DataFrame
) -> list[Event]:
    """Return the events of every decision that sent an order, every fill and every incident.

    Parameters
    ----------
    run_id : str
        The run.
    decisions, fills, incidents : DataFrame
        From ``backtest.record.Record``.

    Notes
    -----
    Units: as ``records.Event``.  Causal: an event carries what was known at its time; what a
    trade came to stands in the event of the fill that closed it.  Missing: a coin without a
    score has 0.  Spec 10.
    """
    noted = [_incident(run_id, i, row) for i, row in enumerate(incidents.iter_rows(named=True))]
    if "action" not in decisions.columns:
        return noted
    found: list[Event] = []
    acted = decisions.filter(pl.col("action") != "wait")
    orders: dict[str, list[tuple[datetime, str, str]]] = {}
    coming = noted[::-1]
    last: dict[tuple[str, str], Event] = {}
    for row in acted.iter_rows(named=True):
        while coming and coming[-1].timestamp <= row["timestamp"]:
            event = coming.pop()
            last[event.kind, event.symbol] = event
        decided = _decision(run_id, row, last)
        order = _order(run_id, row, decided.event_id)
        found += [decided, order]
        orders.setdefault(row["symbol"], []).append(
            (row["timestamp"], decided.event_id, order.event_id)
        )
    for i, row in enumerate(fills.iter_rows(named=True)):
        found.append(_fill(run_id, i, row, orders.get(row["symbol"], [])))
    return sorted([*noted, *found], key=lambda event: event.timestamp)


def decision_id(run_id: str, symbol: str, timestamp: datetime) -> str:
    """Return the id of what was decided for a coin at a close, as it stands in the event log.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> decision_id("run", "BTC", datetime(2026, 1, 1, tzinfo=UTC))[:8]
    '892043d8'
    """
    return stable_id(run_id, "decision", symbol, timestamp.isoformat())


def _incident(run_id: str, i: int, row: dict[str, Any]) -> Event:
    """Write what happened to the account or the data; ``features_hash`` has no use here."""
    return Event(
        event_id=stable_id(run_id, "incident", str(i)),
        kind=row["kind"],
        run_id=run_id,
        timestamp=row["ts"],
        symbol=row["symbol"],
        regime=row["regime"],
        note=row["what"],
    )


def _last(kind: str, symbol: str, last: dict[tuple[str, str], Event]) -> str | None:
    """Return the id of the last event of a kind that concerns a coin: its own, or everyone's."""
    found = [last[key] for key in ((kind, ""), (kind, symbol)) if key in last]
    return max(found, key=lambda event: event.timestamp).event_id if found else None


def _decision(run_id: str, row: dict[str, Any], last: dict[tuple[str, str], Event]) -> Event:
    return Event(
        event_id=decision_id(run_id, row["symbol"], row["timestamp"]),
        kind="decision",
        run_id=run_id,
        timestamp=row["timestamp"],
        symbol=row["symbol"],
        regime=row["regime"],
        features_hash=row["features_hash"],
        engine_votes=json.loads(row["engine_votes"]),
        consensus_score=row["consensus_score"],
        action=row["action"],
        size_usd=row["size_usd"],
        price=row["price"],
        expected_edge_bps=row["expected_edge_bps"],
        costs_bps=_known(row["costs_bps"]),
        risk_id=_last("risk", row["symbol"], last),
        health_id=_last("health", row["symbol"], last),
    )


def _order(run_id: str, row: dict[str, Any], decision_id: str) -> Event:
    return Event(
        event_id=stable_id(run_id, "order", row["symbol"], row["timestamp"].isoformat()),
        kind="order",
        run_id=run_id,
        timestamp=row["timestamp"],
        symbol=row["symbol"],
        regime=row["regime"],
        action=row["action"],
        size_usd=row["size_usd"],
        price=row["price"],
        decision_id=decision_id,
    )


def _fill(
    run_id: str, i: int, row: dict[str, Any], orders: list[tuple[datetime, str, str]]
) -> Event:
    is_risk = row["reason"] in _RISK[:3]
    # a coin's orders are in order of time: to look through all of them for each fill takes minutes
    n_before = 0 if is_risk else bisect_left(orders, row["ts"], key=itemgetter(0))
    before = orders[n_before - 1 : n_before] if n_before else []
    return Event(
        event_id=stable_id(run_id, "fill", str(i)),
        kind="risk" if is_risk else "fill",
        run_id=run_id,
        timestamp=row["ts"],
        symbol=row["symbol"],
        regime=row["regime"],
        action="buy" if row["side"] > 0 else "sell",
        size_usd=abs(row["coins"]) * row["price"],
        price=row["price"],
        realized_pnl=row["realised"] * 1e-8 if row["closed"] else None,
        decision_id=before[-1][1] if before else None,
        order_id=before[-1][2] if before else None,
    )


def _known(value: float) -> float:
    return value if value == value else 0.0  # noqa: PLR0124  (NaN is not equal to itself)
