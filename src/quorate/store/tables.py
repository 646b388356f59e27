"""The tables as they are now, for queries; how they came about is ``migrations/versions``.

Money is TEXT or scaled integers, never ``Numeric`` (SQLite keeps that as a float); times are UTC
texts of fixed width, so that they sort; JSON is canonical text, so that it can be hashed. A test
compares these tables with what the migrations make.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

metadata: Final = sa.MetaData()

WholeNumber: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""64 bits on both databases; a STRICT table of SQLite knows no BIGINT."""

runs: Final = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("recipe", sa.Text, nullable=False),
    sa.Column("settings_json", sa.Text, nullable=False),
    sa.Column("settings_hash", sa.Text, nullable=False),
    sa.Column("data_hash", sa.Text, nullable=False),
    sa.Column("code_hash", sa.Text, nullable=False),
    sa.Column("started_at", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("finished_at", sa.Text),
    sa.Column("metrics_json", sa.Text),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("n_events", WholeNumber),
    sa.Column("events_head", sa.Text),
    sa.CheckConstraint("status IN ('running', 'finished', 'failed')", name="runs_status"),
    sqlite_strict=True,
)
"""One row a run; ``n_events`` and ``events_head`` are written when it ends."""

trials: Final = sa.Table(
    "trials",
    metadata,
    sa.Column("number", WholeNumber, primary_key=True, autoincrement=False),
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.run_id"), nullable=False, unique=True),
    sa.Column("recipe", sa.Text, nullable=False),
    sa.Column("settings_hash", sa.Text, nullable=False),
    sa.Column("data_hash", sa.Text, nullable=False),
    sa.Column("code_hash", sa.Text, nullable=False),
    sa.Column("booked_at", sa.Text, nullable=False),
    sa.Column("venues", sa.Text),
    sa.Column("first_close", sa.Text),
    sa.Column("last_close", sa.Text),
    sa.Column("is_synthetic", WholeNumber),
    sqlite_strict=True,
)
"""One row a run that was ever begun, never changed and never removed.

``spans`` says how the last four are read; they are NULL where nobody said, or an older version did.
"""

daily: Final = sa.Table(
    "daily",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.run_id"), primary_key=True),
    sa.Column("first", WholeNumber, nullable=False),
    sa.Column("step_days", WholeNumber, nullable=False),
    sa.Column("returns", sa.Text, nullable=False),
    sqlite_strict=True,
)
"""One row a run that ended with returns, never changed; ``store.daily`` says how they are kept."""

events: Final = sa.Table(
    "events",
    metadata,
    sa.Column("run_id", sa.Text, sa.ForeignKey("runs.run_id"), primary_key=True),
    sa.Column("seq", WholeNumber, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("timestamp", sa.Text, nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("decision_id", sa.Text),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.UniqueConstraint("event_id", "run_id", name="events_event_id"),
    sa.Index("events_decision", "decision_id"),
    sqlite_strict=True,
)
"""One row an event, in the order of writing; ``payload`` is the canonical JSON that is hashed."""

journal_accounts: Final = sa.Table(
    "journal_accounts",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("epoch", WholeNumber, nullable=False),
    sa.Column("claimed_at_ms", WholeNumber, nullable=False),
    sa.Column("n_rows", WholeNumber, nullable=False),
    sa.Column("head", sa.Text, nullable=False),
    sqlite_strict=True,
)
"""One row an account: who may write its journal, and how it ends; every commit moves it."""

journal: Final = sa.Table(
    "journal",
    metadata,
    sa.Column("account", sa.Text, sa.ForeignKey("journal_accounts.account"), primary_key=True),
    sa.Column("seq", WholeNumber, primary_key=True, autoincrement=False),
    sa.Column("epoch", WholeNumber, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at_ms", WholeNumber, nullable=False),
    sa.Column("intent_id", sa.Text),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Index("journal_intent", "intent_id"),
    sqlite_strict=True,
)
"""One row an event of an account's orders, in the order of writing, chained by its hash."""

journal_intents: Final = sa.Table(
    "journal_intents",
    metadata,
    sa.Column("intent_id", sa.Text, primary_key=True),
    sa.Column("account", sa.Text, nullable=False),
    sa.Column("seq", WholeNumber, nullable=False),
    sa.Column("venue", sa.Text, nullable=False),
    sa.Column("client_id", sa.Text, nullable=False),
    sa.Column("symbol", sa.Text, nullable=False),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.UniqueConstraint("venue", "client_id", name="journal_intents_client"),
    sa.UniqueConstraint("account", "seq", name="journal_intents_row"),
    sa.ForeignKeyConstraint(["account", "seq"], ["journal.account", "journal.seq"]),
    sqlite_strict=True,
)
"""One row an order that was ever meant to be sent: no intent, and no client id, twice."""

journal_fills: Final = sa.Table(
    "journal_fills",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("venue", sa.Text, primary_key=True),
    sa.Column("symbol", sa.Text, primary_key=True),
    sa.Column("trade_id", sa.Text, primary_key=True),
    sa.Column("seq", WholeNumber, nullable=False),
    sa.Column("intent_id", sa.Text),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("price", sa.Text, nullable=False),
    sa.Column("quantity", sa.Text, nullable=False),
    sa.Column("fee", sa.Text, nullable=False),
    sa.Column("fee_asset", sa.Text, nullable=False),
    sa.UniqueConstraint("account", "seq", name="journal_fills_row"),
    sa.ForeignKeyConstraint(["account", "seq"], ["journal.account", "journal.seq"]),
    sqlite_strict=True,
)
"""One row a trade of an account, by the venue's id of it: none twice, for good."""

journal_snapshots: Final = sa.Table(
    "journal_snapshots",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("seq", WholeNumber, primary_key=True, autoincrement=False),
    sa.Column("version", WholeNumber, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.ForeignKeyConstraint(["account", "seq"], ["journal.account", "journal.seq"]),
    sqlite_strict=True,
)
"""What an account's rows fold to, up to one of them: made for speed, and thrown away at will."""

words: Final = sa.Table(
    "words",
    metadata,
    sa.Column("account", sa.Text, primary_key=True),
    sa.Column("seq", WholeNumber, primary_key=True, autoincrement=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sqlite_strict=True,
)
"""One row a thing that somebody asked of an account's desk, chained by its hash."""

cycles: Final = sa.Table(
    "cycles",
    metadata,
    sa.Column("desk", sa.Text, primary_key=True),
    sa.Column("k", WholeNumber, primary_key=True, autoincrement=False),
    sa.Column("close_ms", WholeNumber, nullable=False),
    sa.Column("inputs", sa.LargeBinary, nullable=False),
    sa.Column("inputs_hash", sa.Text, nullable=False),
    sa.Column("decided_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sqlite_strict=True,
)
"""One row a bar that a desk decided on, with everything that it knew, chained by its hash."""
job_run: Final = sa.Table(
    "job_run",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("planned_ms", WholeNumber, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by_hand", WholeNumber, nullable=False),
    sa.Column("started_ms", WholeNumber),
    sa.Column("ended_ms", WholeNumber),
    sa.Column("attempt", WholeNumber, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.CheckConstraint(
        "state IN ('started', 'done', 'failed', 'skipped', 'missed', 'lost')",
        name="job_run_state",
    ),
    sa.Index("job_run_planned", "planned_ms"),
    sqlite_strict=True,
)
"""One row a planned run of a job, whether it began or not; ``detail`` is canonical JSON."""
