"""Reading a journal back, and finding the first row that is not what was written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from quorate.errors import ChainError
from quorate.store.connection import reading
from quorate.store.journal_rows import (
    EMPTY,
    End,
    Keys,
    Row,
    columns,
    fill_of,
    intent_of,
    keys_of,
    link,
)
from quorate.store.tables import journal as rows_table
from quorate.store.tables import journal_accounts as accounts
from quorate.store.tables import journal_fills as fills
from quorate.store.tables import journal_intents as intents
from quorate.store.tables import journal_snapshots as snapshots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import sqlalchemy as sa

_PAGE: Final = 5_000


def pages(engine: sa.Engine, account: str, after: int) -> Iterator[list[Row]]:
    """Give the rows after a number in order, a page a transaction."""
    query = rows_table.select().where(rows_table.c.account == account)
    query = query.order_by(rows_table.c.seq).limit(_PAGE)
    while True:
        with reading(engine) as connection:
            found = connection.execute(query.where(rows_table.c.seq > after)).all()
        if found:
            yield [as_row(row) for row in found]
            after = found[-1].seq
        if len(found) < _PAGE:
            return


def as_row(row: sa.Row[Any]) -> Row:
    """Return a row of the table as a record."""
    return Row(row.seq, row.epoch, row.kind, row.at_ms, row.intent_id, row.payload, row.hash)


def follow(account: str, end: End, row: Row) -> End:
    """Return the end after a row, if the row follows the end before; else raise ``ChainError``."""
    if row.seq != end.n_rows + 1:
        raise _broken(account, f"row {end.n_rows + 1} is missing, the next is {row.seq}")
    head = link(end.head, account, row.seq, row.epoch, row.payload)
    if row.hash != head:
        raise _broken(account, f"row {row.seq} does not follow from the row before")
    return End(row.seq, head)


def proved(engine: sa.Engine, account: str, after: End) -> Iterator[Row]:
    """Give the rows after an end; each fits the row before, its columns and its unique key."""
    end, epoch = after, 0
    for page in pages(engine, account, after.n_rows):
        span = (page[0].seq, page[-1].seq)
        kept_intents = _kept(engine, intents, account, span)
        kept_fills = _kept(engine, fills, account, span)
        for row in page:
            end = follow(account, end, row)
            values = json.loads(row.payload)
            beside = {name: getattr(row, name) for name in columns(values)}
            if beside != columns(values):
                raise _broken(account, f"row {row.seq} is not what its text says")
            if row.epoch < epoch:
                raise _broken(account, f"row {row.seq} is of epoch {row.epoch} after {epoch}")
            epoch = row.epoch
            _require_key(account, row.seq, values, intent_of, kept_intents)
            _require_key(account, row.seq, values, fill_of, kept_fills)
            yield row
        for seq in sorted(kept_intents.keys() | kept_fills.keys()):
            raise _broken(account, f"row {seq} is no intent and no trade, and is kept as one")


def verify(engine: sa.Engine, account: str) -> End:
    """Read a journal, and its tables of unique keys, and return how it ends; or ``ChainError``."""
    end, keys = EMPTY, Keys()
    for row in proved(engine, account, EMPTY):
        end, keys = End(row.seq, row.hash), keys + keys_of(row.kind)
    require_end(engine, account, end, keys)
    return end


def _kept(
    engine: sa.Engine, table: sa.Table, account: str, span: tuple[int, int]
) -> dict[int, dict[str, object]]:
    """Return what is kept as unique of a span of rows, by row."""
    query = table.select().where(table.c.account == account, table.c.seq.between(*span))
    with reading(engine) as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    return {int(row.pop("seq")): row for row in found}


def _require_key(
    account: str,
    seq: int,
    values: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], dict[str, object] | None],
    kept: dict[int, dict[str, object]],
) -> None:
    """Refuse a row whose unique key is not kept, or is kept otherwise."""
    wanted = read(values)
    if wanted is not None and kept.pop(seq, None) != wanted | {"account": account}:
        raise _broken(account, f"the key of row {seq} is not what its text says")


def require_end(engine: sa.Engine, account: str, end: End, keys: Keys) -> None:
    """Refuse a journal that ends otherwise, lacks a row, or keeps other than the keys of its rows.

    Only what is counted by an index is asked, so that a million rows take a moment.
    """
    with reading(engine) as connection:
        row = connection.execute(accounts.select().where(accounts.c.account == account)).first()
        n_rows, n_intents, n_fills = (
            connection.scalar(
                select(func.count()).select_from(table).where(table.c.account == account)
            )
            for table in (rows_table, intents, fills)
        )
        newest = select(func.max(snapshots.c.seq)).where(snapshots.c.account == account)
        n_folded = connection.scalar(newest) or 0
    told = EMPTY if row is None else End(row.n_rows, row.head)
    if told != end:
        raise _broken(account, f"it ends at row {end.n_rows}, and should at row {told.n_rows}")
    if n_rows != end.n_rows:
        raise _broken(account, f"it has {n_rows} rows, and its last is row {end.n_rows}")
    if n_folded > end.n_rows:
        raise _broken(account, f"it ends at row {end.n_rows}, and was folded at row {n_folded}")
    for name, found, due in (
        ("intents", n_intents, keys.intents),
        ("trades", n_fills, keys.fills),
    ):
        if found != due:
            raise _broken(account, f"{found} {name} are kept, and its rows have {due}")


def _broken(account: str, problem: str) -> ChainError:
    return ChainError(
        f"the journal of {account} is broken: {problem}",
        hint="do not trade on it; restore a copy, and reconcile with the venue",
    )
