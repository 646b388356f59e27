"""Events to write, and a way past the store to tamper with what it wrote."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from quorate.records import Event

START = datetime(2026, 1, 1, tzinfo=UTC)


def some_events(run_id, n, first=0, **changes):
    """Give n decisions, one every five minutes, in turn for two coins."""
    return [
        Event(
            **{
                "event_id": f"e{number}",
                "kind": "decision",
                "run_id": run_id,
                "timestamp": START + timedelta(minutes=5 * number),
                "symbol": ("BTC", "ETH")[number % 2],
                "regime": "trend",
                "engine_votes": {"momentum": {"side": 1, "prob": 0.55, "reliability": 0.75}},
                "consensus_score": number / 7,
                "action": "buy",
                "size_usd": 100.1,
            }
            | changes
        )
        for number in range(first, first + n)
    ]


def tamper(store, *statements):
    """Run SQL with the guards of the append-only tables taken away."""
    with store.engine.connect() as connection:
        if store.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")  # no pragma within a transaction
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            names = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).scalars()
            for name in list(names):
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            # the keys that point at rows are triggers too, of the system
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(sa.text(statement))
        connection.commit()
        connection.invalidate()  # its settings go with it
