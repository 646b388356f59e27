"""Bars in both databases: one after the other, chained, never changed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from quorate.errors import ChainError, StoreError
from quorate.store import cycles as module
from quorate.store.cycles import Cycle


def cycle(k, inputs=b"bar"):
    return Cycle(k, k * 300_000, inputs, f"hash of {inputs!r}", f"decided {k}")


def hashed(inputs):
    return f"hash of {inputs!r}"


def test_bars_are_kept_in_their_order_and_read_on_from_any(store, monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 4)
    kept = store.cycles("main")
    assert (kept.last(), list(kept.after(0))) == (None, [])
    rows = [cycle(k, bytes([k % 256, 0, 255])) for k in range(700, 713)]
    for row in rows:
        kept.append(row)
    store.cycles("shadow").append(cycle(3))
    assert kept.last() == 712
    assert list(kept.after(0)) == rows
    assert list(kept.after(706)) == rows[-6:]
    assert list(kept.after(701, 707)) == rows[2:8]
    assert kept.verify(hashed) != store.cycles("shadow").verify(hashed)


def test_no_bar_is_left_out_or_written_twice(store):
    kept = store.cycles("main")
    kept.append(cycle(5))
    for k in (5, 4, 7):
        with pytest.raises(StoreError, match=f"bar {k} of main does not follow bar 5"):
            kept.append(cycle(k))
    assert [row.k for row in kept.after(0)] == [5]
    with pytest.raises(ValueError, match="give its name"):
        store.cycles(" ")


def test_a_bar_that_was_changed_is_named(store):
    kept = store.cycles("main")
    for k in range(1, 6):
        kept.append(cycle(k))
    with (
        pytest.raises(sa.exc.DatabaseError, match="append-only"),
        store.engine.begin() as connection,
    ):
        connection.execute(sa.text("UPDATE cycles SET decided_hash = 'other' WHERE k = 3"))
    kept.verify(hashed)
    with pytest.raises(ChainError, match="bar 1 of main"):
        kept.verify(lambda _: "another content")
