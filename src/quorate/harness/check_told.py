"""What must hold of what a desk knows and of what it tells: its stream (I7), its alarms (I11).

In: rows of a journal, the spans in which a stream could be heard, alarms with their times. Out: an
entry on knowledge that is too old, a loss of sight or of protection that nobody was called for.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from quorate.harness.check_worked import Found, bare, held
from quorate.harness.line import NOTICED_MS
from quorate.live.controls.standing import to_text
from quorate.live.orders.events import Intended, Opened, Reconciled, Sending, Stood
from quorate.live.orders.examined import Examined

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from quorate.exchange.matching.accounts import Account
    from quorate.exchange.matching.state import State
    from quorate.harness.line import Span
    from quorate.live.controls.standing import Standing
    from quorate.live.orders.book import Book
    from quorate.live.orders.events import JournalEvent

SILENT_MS: Final = 180_000
"""After so long without a whole comparison somebody was called, where anything is held."""

BARE_MS: Final = 300_000
"""After so long under the eyes of a desk a position without its stop has been told of."""

REPEAT_MS: Final = 600_000
"""Who was called of a symbol is not called again for so long."""

_STOOD_MS: Final = 10_000
_AT_ONCE_MS: Final = 1_000
_PART: Final = "not everything was answered"


class Told(NamedTuple):
    """What a desk told, and was told.

    ``spans`` are None where the desk has no stream; ``ends_ms`` are the moments that its lives
    ended at; ``kept`` the standings that were told, the first of them before the first life.
    """

    alarms: list[tuple[int, str]]
    kept: list[Standing]
    spans: list[Span] | None
    ends_ms: list[int]

    def has_called(self, first_ms: int, last_ms: int, word: str = "") -> bool:
        """Say whether somebody was called from a moment to another, of something."""
        at = bisect_left(self.alarms, (first_ms, ""))
        while at < len(self.alarms) and self.alarms[at][0] <= last_ms:
            if word in self.alarms[at][1]:
                return True
            at += 1
        return False


def deaf(rows: Sequence[JournalEvent], told: Told) -> Iterator[Found]:
    """Hold entries that left against the stream (I7): it stood, and all was compared since.

    Parameters
    ----------
    rows : sequence of JournalEvent
        From the first.
    told : Told
        With the spans of the stream.

    Yields
    ------
    Found
        An entry that left before the first connection or long after one had ended, or before
        everything was compared since it was dialled.

    Notes
    -----
    Units: ms.  Causal: by stamps alone.  Missing: a connection that says nothing and answers pings
    stands, for all that can be known until something is owed.  RELIABILITY 2 (I7).
    """
    if told.spans is None:
        return
    starts = [each.from_ms for each in told.spans]
    whole = [e.at_ms for e in rows if isinstance(e, Reconciled) and _PART not in e.action]
    entries = {e.intent_id: e for e in rows if isinstance(e, Intended) and not e.is_reduce_only}
    for row in rows:
        if not isinstance(row, Sending) or row.intent_id not in entries:
            continue
        name, at_ms = entries[row.intent_id].client_id, row.sent_at_ms
        nth = bisect_left(starts, at_ms) - 1
        if nth < 0:
            yield Found("I7", f"{name} left before the account's stream was dialled")
            continue
        span = told.spans[nth]
        if span.until_ms is not None and at_ms > span.until_ms + NOTICED_MS:
            yield Found("I7", f"{name} left {at_ms - span.until_ms} ms after the stream had ended")
        seen = bisect_left(whole, span.from_ms)
        if seen == len(whole) or whole[seen] > at_ms:
            yield Found("I7", f"{name} left before everything was compared on a new stream")


def unheard(rows: Sequence[JournalEvent], told: Told) -> Iterator[Found]:
    """Hold losses of the stream against alarms (I11): who relied on one that ended has called.

    Yields
    ------
    Found
        A connection that had stood, was ended by an incident, and was missed by nobody.
    """
    whole = [e.at_ms for e in rows if isinstance(e, Reconciled) and _PART not in e.action]
    last_ms = rows[-1].at_ms if rows else 0
    for span in told.spans or ():
        ended_ms = span.until_ms
        if ended_ms is None or not span.is_spoilt or ended_ms - span.from_ms < _STOOD_MS:
            continue
        seen = bisect_left(whole, span.from_ms)
        was_used = seen < len(whole) and whole[seen] < ended_ms
        over_ms = ended_ms + NOTICED_MS
        is_alive = over_ms < last_ms and not any(ended_ms <= e <= over_ms for e in told.ends_ms)
        if was_used and is_alive and not told.has_called(ended_ms, over_ms, "stream"):
            yield Found("I11", f"the stream ended at {ended_ms} and nobody was called")


def stopped(rows: Sequence[JournalEvent], told: Told) -> Iterator[Found]:
    """Hold every standing that was written down, and every doubt of the key, against what was told.

    Yields
    ------
    Found
        A standing, of which a stop is one, that was not told as it was written; a key that must not
        be used, and nobody was called at once.
    """
    written = [each.standing for each in rows if isinstance(each, Stood)]
    if written != [to_text(each) for each in told.kept[1:]]:
        yield Found("I11", f"{len(written)} standings were written, {len(told.kept) - 1} told")
    for row in rows:
        if not isinstance(row, Examined) or not row.troubles:
            continue
        if not told.has_called(row.at_ms, row.at_ms + _AT_ONCE_MS):
            yield Found("I11", f"nobody was called: {row.troubles}")


class Blind:
    """Comparisons that are not whole, one after the other, of a desk that holds something (I11)."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._since_ms: int | None = None
        self._is_owed = False

    def row(self, book: Book, row: JournalEvent) -> Iterator[Found]:
        """Take the next row, and the book before it; find a silence that nobody was called for.

        A call is due once the comparison is over that made it due: at the next one at the latest.
        """
        if isinstance(row, Opened):
            self._since_ms, self._is_owed = None, False
        if not isinstance(row, Reconciled):
            return
        since_ms = row.at_ms if self._since_ms is None else self._since_ms
        if self._is_owed and not self._told.has_called(since_ms, row.at_ms):
            yield Found("I11", f"nothing was compared since {since_ms} and nobody was called")
        self._is_owed = False
        if _PART not in row.action:
            self._since_ms = None
            return
        self._since_ms = since_ms
        is_held = any(book.positions.values())
        self._is_owed = is_held and row.at_ms - since_ms >= SILENT_MS


class Bare:
    """Positions without their stops at the exchange, look by look, through one life (I11).

    Parameters
    ----------
    symbols : mapping
        The exchange's symbol -> the desk's.

    Notes
    -----
    Units: ms.  Causal: as of each look.  Missing: an account of two sides is passed over, and a
    position that is another one in the book.
    """

    def __init__(self, symbols: Mapping[str, str]) -> None:
        self._symbols = symbols
        self._since: dict[str, tuple[int, int]] = {}

    def look(self, book: Book, account: Account, state: State, told: Told) -> Iterator[Found]:
        """Take how an account stands once its desk has seen to its stops."""
        known = {symbol: amount for (_, symbol, _), amount in book.positions.items() if amount}
        for symbol, name in self._symbols.items():
            is_seen = known.get(name) == held(account, state, symbol)
            if account.is_hedged or not is_seen or bare(account, state, symbol) <= 0:
                self._since.pop(symbol, None)
                continue
            since_ms, n_looks = self._since.get(symbol, (state.now_ms, 0))
            self._since[symbol] = (since_ms, n_looks + 1)
            is_long = n_looks >= 3 and state.now_ms - since_ms >= BARE_MS
            if is_long and not told.has_called(since_ms - REPEAT_MS, state.now_ms, name):
                yield Found("I11", f"{name} has no stop since {since_ms} and nobody was called")
                self._since.pop(symbol)
