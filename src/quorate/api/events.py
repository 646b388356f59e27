"""The standard events of a run (Spec 10), linked by ids: decision -> order -> fill, risk, health.

In: decisions, fills and incidents of a run. Out: ``records.Event``, one by one in order of time. A
decision names the last risk and health event of its coin or of the whole account before it.
"""

from __future__ import annotations

import heapq
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from quorate.backtest.kept import by_engine
from quorate.records import Event, stable_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

_PART = 16_384
"""Kept decisions that are in memory at a time."""

_RISK = ("EXIT_STOP", "EXIT_LIQUIDATION", "EXIT_DELISTED", "CUT_OPEN_RISK", "CUT_CAP")


def events(
    run_id: str, kept: pl.LazyFrame, fills: pl.DataFrame, incidents: pl.DataFrame
) -> Iterator[Event]:
    """Yield the events of every decision that sent an order, every fill and every incident.

    Parameters
    ----------
    run_id : str
        The run.
    kept : LazyFrame
        The kept decisions, of a Parquet file: they are read a part at a time.
    fills, incidents : DataFrame
        From ``backtest.record.Record``.

    Notes
    -----
    Units: as ``records.Event``.  Causal: an event carries what was known at its time; what a
    trade came to stands in the event of the fill that closed it.  Missing: a coin without a
    score has 0.  Spec 10.
    """
    # at one time what happened comes before what was decided, and that before what was filled
    rows = heapq.merge(
        ((row["ts"], "incident", i, row) for i, row in enumerate(incidents.iter_rows(named=True))),
        ((row["timestamp"], "decision", 0, row) for row in _acted(kept)),
        ((row["ts"], "fill", i, row) for i, row in enumerate(fills.iter_rows(named=True))),
        key=itemgetter(0),
    )
    last: dict[tuple[str, str], Event] = {}
    orders: dict[str, list[Event]] = {}
    for at, kind, i, row in rows:
        if kind == "incident":
            noted = _incident(run_id, i, row)
            last[noted.kind, noted.symbol] = noted
            yield noted
        elif kind == "decision":
            decided = _decision(run_id, row, last)
            order = _order(run_id, row, decided.event_id)
            orders[decided.symbol] = [*orders.get(decided.symbol, [])[-1:], order]
            yield from (decided, order)
        else:
            before = [order for order in orders.get(row["symbol"], []) if order.timestamp < at]
            yield _fill(run_id, i, row, before)


def _acted(kept: pl.LazyFrame) -> Iterator[dict[str, Any]]:
    """Yield the decisions that sent an order, in order of time."""
    n_rows = kept.select(pl.len()).collect().item()
    for first in range(0, n_rows, _PART):
        part = kept.slice(first, _PART).filter(pl.col("action") != "wait").collect()
        yield from part.iter_rows(named=True)


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
        engine_votes=by_engine(row["engine_votes"]),
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


def _fill(run_id: str, i: int, row: dict[str, Any], orders: list[Event]) -> Event:
    is_risk = row["reason"] in _RISK[:3]
    order = orders[-1] if orders and not is_risk else None
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
        decision_id=None if order is None else order.decision_id,
        order_id=None if order is None else order.event_id,
    )


def _known(value: float) -> float:
    return value if value == value else 0.0  # noqa: PLR0124  (NaN is not equal to itself)
