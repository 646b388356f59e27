"""A journal of orders: rows a second written, folded from zero and verified, and a restart.

Each order is five rows (meant, sent, accepted, traded, filled), a hundred orders a transaction;
the book is retired and kept as a snapshot every 10,000 rows.
``python -m benchmarks.journal [rows]``.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

from quorate.live.orders.desk import Desk, restore
from quorate.live.orders.events import Acknowledged, Filled, Intended, Retired, Sending, Source
from quorate.live.orders.events import StatusSeen as Seen
from quorate.live.orders.ids import client_id, intent_id
from quorate.store import open_store
from quorate.venues.base import Liquidity, OrderKind, OrderStatus, Side

AT_ONCE = 100


def order(number: int, epoch: int) -> list[object]:
    """Return the five events of one order's life."""
    name = intent_id(
        account="main", cycle=str(number), strategy="core", symbol="BTC", purpose="entry", leg=0
    )
    at = {"at_ms": number, "intent_id": name}
    said = {"venue_order_id": str(number), "updated_ms": number}
    price, quantity = Decimal("50123.4"), Decimal("0.012")
    done = {"status": OrderStatus.FILLED, "raw_status": "FILLED", "filled": quantity}
    new = {"status": OrderStatus.NEW, "raw_status": "NEW", "filled": Decimal(0)}
    side = Side.BUY if number % 2 else Side.SELL
    return [
        Intended(
            **at,
            client_id=client_id(name, epoch),
            venue="sim",
            symbol="BTC",
            side=side,
            order_kind=OrderKind.LIMIT,
            quantity=quantity,
            limit_price=price,
        ),
        Sending(**at, epoch=epoch, sent_at_ms=number, window_ms=5000),
        Acknowledged(**at, **said, **new),
        Filled(
            **at,
            venue="sim",
            symbol="BTC",
            trade_id=str(number),
            venue_order_id=str(number),
            side=side,
            price=price,
            quantity=quantity,
            fee=Decimal("0.0123"),
            fee_asset="USDT",
            liquidity=Liquidity.MAKER,
            traded_at_ms=number,
        ),
        Seen(**at, **said, **done, source=Source.STREAM),
    ]


def main(n_rows: int) -> None:
    """Write, fold, verify and restart, and print how long each took."""
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "store.db") as store:
        journal = store.journal("main")
        began = time.perf_counter()
        with Desk.open(journal, 0)[0] as desk:
            for first in range(0, n_rows // 5, AT_ONCE):
                batch = [event for n in range(first, first + AT_ONCE) for event in order(n, 1)]
                desk.record(batch)
                if first % 2_000 == 0:
                    desk.record([Retired(at_ms=first, before_ms=first)])
                if first + 10 * AT_ONCE < n_rows // 5:
                    desk.snapshot()
        took = time.perf_counter() - began
        found = journal.end().n_rows
        size = (Path(folder) / "store.db").stat().st_size / 1e6
        print(f"{found} rows written in {took:.1f} s: {found / took:,.0f} a second, {size:.0f} MB")
        began, used = time.perf_counter(), time.process_time()
        desk, effects = Desk.open(journal, 1)
        took, used, kept = time.perf_counter() - began, time.process_time() - used, desk.book
        desk.close()
        print(
            f"restart: {took:.2f} s, of the processor {used:.2f} s,"
            f" {len(kept.orders)} orders in the book, {len(effects)} doubts"
        )
        began = time.perf_counter()
        whole = restore(journal, from_zero=True).book
        took = time.perf_counter() - began
        print(f"from zero: {took:.1f} s, {found / took:,.0f} rows a second, same: {whole == kept}")
        began = time.perf_counter()
        journal.verify()
        print(f"verify: {time.perf_counter() - began:.1f} s")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
