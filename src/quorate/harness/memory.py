"""A journal in memory: what is tried by thousands of plays is the desk, and not the disk.

It keeps the chain, the epoch and the unique keys of the real one, so that a play leaves the same
trace in both. Whether rows outlive a process is tried elsewhere, on the real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from quorate.errors import ChainError, DuplicateFillError, DuplicateIntentError, FencedError
from quorate.store.journal import Journal
from quorate.store.journal_rows import EMPTY, End, Keys, Row, batch
from quorate.store.journal_writer import Writer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quorate.store.journal_snapshots import Snapshot


class MemoryJournal(Journal):
    """The journal of one account, for as long as it is referred to.

    Parameters
    ----------
    account : str
        Whose orders these are.

    Notes
    -----
    Units: none.  Causal: rows are numbered in the order of writing.  Missing: no snapshots.

    Examples
    --------
    >>> journal = MemoryJournal("main")
    >>> first, second = journal.claim(0), journal.claim(1)
    >>> second.append(['{"at_ms":1,"before_ms":0,"kind":"retired"}']).n_rows
    1
    >>> first.append(['{"at_ms":1,"before_ms":0,"kind":"retired"}'])
    Traceback (most recent call last):
    quorate.errors.FencedError: the journal of main is no longer that of epoch 1
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.epoch = 0
        self.kept: list[Row] = []
        self.names: set[tuple[object, ...]] = set()
        self.trades: set[tuple[str, str, str]] = set()

    @override
    def claim(self, at_ms: int) -> Writer:
        self.epoch += 1
        return _MemoryWriter(self)

    @override
    def end(self) -> End:
        return End(len(self.kept), self.kept[-1].hash) if self.kept else EMPTY

    @override
    def rows(self, after: End = EMPTY) -> Iterator[Row]:
        yield from self.kept[after.n_rows :]

    @override
    def require(self, end: End, keys: Keys) -> None:
        kept = Keys(sum(name[0] == "intent" for name in self.names), len(self.trades))
        if (end, keys) != (self.end(), kept):
            raise ChainError(f"the journal of {self.account} is broken: {end}, {keys}")

    @override
    def snapshot(self, version: int) -> Snapshot | None:
        return None


class _MemoryWriter(Writer):
    """Who may write it, until it is claimed anew."""

    def __init__(self, journal: MemoryJournal) -> None:
        self._journal = journal
        self.account = journal.account
        self.epoch = journal.epoch
        self._added = Keys()

    @property
    @override
    def end(self) -> End:
        return self._journal.end()

    @override
    def append(self, texts: Sequence[str]) -> End:
        journal = self._journal
        if not self.is_held():
            raise FencedError(
                f"the journal of {self.account} is no longer that of epoch {self.epoch}"
            )
        made = batch(self.account, self.epoch, self.end, texts)
        names: set[tuple[object, ...]] = set()
        for row in made.intents:
            own = {("intent", row["intent_id"]), ("client", row["venue"], row["client_id"])}
            if own & journal.names or own & names:
                raise DuplicateIntentError(f"the intent {row['intent_id']} is there already")
            names |= own
        trades = [_key(row) for row in made.fills]
        if len(set(trades)) < len(trades) or not journal.trades.isdisjoint(trades):
            raise DuplicateFillError(f"one of the trades {trades} is there already")
        journal.names |= names
        journal.trades |= set(trades)
        self._added += Keys(len(made.intents), len(made.fills))
        for each in made.rows:
            values = {name: value for name, value in each.items() if name != "account"}
            journal.kept.append(Row(**values))  # type: ignore[arg-type]
        return self.end

    @override
    def known_trades(self, keys: Sequence[tuple[str, str, str]]) -> frozenset[tuple[str, str, str]]:
        return frozenset(keys) & self._journal.trades

    @override
    def settle(self) -> bool:
        raise ValueError("no commit of this writer is in doubt")

    @override
    def snapshot(self, version: int, payload: str, end: End, keys: Keys) -> None:
        """Keep none: what it holds follows from the rows."""

    @override
    def is_held(self) -> bool:
        return self.epoch == self._journal.epoch

    @override
    def close(self) -> None:
        """Give nothing back: there is no lease."""


def _key(row: dict[str, object]) -> tuple[str, str, str]:
    return str(row["venue"]), str(row["symbol"]), str(row["trade_id"])
