"""Snapshots, and journals of before: what was written once is read for good, and folds the same."""

import hashlib
from pathlib import Path

import pytest
from tests.unit.live.orders.building import fold, intended, sent

from quorate.live.orders.codec import from_text, to_text
from quorate.live.orders.events import KINDS
from quorate.live.orders.reducer import init, scan
from quorate.live.orders.snapshots import VERSION, book_of, book_text

BEFORE = (Path(__file__).parent / "journal_of_before.jsonl").read_text("utf-8").splitlines()

FOLDS_TO = {
    1: "eda877b7d3dbeda805cb3de7bca63f7f",
    2: "5d1ba869a971448011b4d7c7b8de7f20",
    3: "ef68cf656e7ff7fd6fff14c095a3d3ee",
    4: "fd80b2a89c6b10d86b418a01c014a87d",
}
"""By version of the snapshot; one that is published is never changed, the next is added."""


def test_every_kind_of_event_that_was_ever_written_is_still_read():
    events = [from_text(line) for line in BEFORE]
    assert {type(event) for event in events} == set(KINDS.values())
    assert [to_text(event) for event in events] == BEFORE


def test_a_reducer_that_folds_otherwise_has_another_version():
    """If this fails, old snapshots are wrong: raise ``VERSION`` and add what it folds to now."""
    book, _ = scan(init(), map(from_text, BEFORE))
    found = hashlib.blake2b(book_text(book).encode(), digest_size=16).hexdigest()
    assert found == FOLDS_TO[VERSION]


def test_a_snapshot_at_any_row_folds_on_as_the_whole():
    events = [from_text(line) for line in BEFORE]
    whole, _ = scan(init(), events)
    for cut in range(len(events) + 1):
        kept = book_of(book_text(scan(init(), events[:cut])[0]))
        book, _ = scan(kept, events[cut:])
        assert book == whole
        assert list(book.orders) == list(whole.orders)
        assert book_text(book) == book_text(whole)


def test_an_order_without_its_intent_is_no_snapshot():
    book, _ = fold(*sent())
    text = book_text(book).replace(r"\"kind\":\"intended\"", r"\"kind\":\"retired\"")
    with pytest.raises(ValueError, match="no event of the journal"):
        book_of(text)
    assert intended().intent_id in book.orders
