"""What a row of the journal is made of: its text, its hash, and what is looked up in it.

The text is all there is; what stands in columns and in the tables of unique keys is read off it,
here and nowhere else, when it is written and again when the journal is verified.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.records import GENESIS, canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INTENT_KINDS: Final = frozenset({"intended"})
FILL_KINDS: Final = frozenset({"filled", "external_fill"})

_INTENT: Final = ("intent_id", "venue", "client_id", "symbol", "side", "quantity")
_FILL: Final = ("venue", "symbol", "trade_id", "side", "price", "quantity", "fee", "fee_asset")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an account's journal, as it stands there."""

    seq: int
    epoch: int
    kind: str
    at_ms: int
    intent_id: str | None
    payload: str
    hash: str


class End(NamedTuple):
    """How many rows a journal has, and the hash of the last."""

    n_rows: int
    head: str


EMPTY: Final = End(0, GENESIS)
"""The end of a journal without rows."""


@dataclass(frozen=True, slots=True)
class Keys:
    """How many rows are intents, and how many are trades: so many keys are kept of them.

    Examples
    --------
    >>> Keys(2, 1) + Keys(1, 0)
    Keys(intents=3, fills=1)
    """

    intents: int = 0
    fills: int = 0

    def __add__(self, more: Keys) -> Keys:
        """Return the keys of both."""
        return Keys(self.intents + more.intents, self.fills + more.fills)


def keys_of(kind: str) -> Keys:
    """Return the keys that are kept of a row of a kind."""
    return Keys(int(kind in INTENT_KINDS), int(kind in FILL_KINDS))


class Batch(NamedTuple):
    """Rows for the three tables, and the hash of the last."""

    rows: list[dict[str, object]]
    intents: list[dict[str, object]]
    fills: list[dict[str, object]]
    head: str


def link(head: str, account: str, seq: int, epoch: int, payload: str) -> str:
    """Return the hash of a row: over the row before, whose it is, where it stands and its text.

    Examples
    --------
    >>> from quorate.records import GENESIS
    >>> link(GENESIS, "a", 1, 1, "{}") == link(GENESIS, "a", 1, 2, "{}")
    False
    """
    return digest(head, f"[{_quoted(account)},{seq},{epoch}]{payload}")


@lru_cache(maxsize=64)
def _quoted(account: str) -> str:
    return canonical_json(account)


def batch(account: str, epoch: int, end: End, texts: Sequence[str]) -> Batch:
    """Return the rows that follow an end, one a text.

    Raises
    ------
    ValueError
        A text is no event: it has no kind or no time, or a key that must be unique is missing.
    """
    head = end.head
    found = Batch([], [], [], head)
    for seq, text in enumerate(texts, end.n_rows + 1):
        values = _values(text)
        head = link(head, account, seq, epoch, text)
        place: dict[str, object] = {"account": account, "seq": seq}
        found.rows.append(place | columns(values) | {"epoch": epoch, "payload": text, "hash": head})
        if (intent := intent_of(values)) is not None:
            found.intents.append(place | intent)
        if (fill := fill_of(values)) is not None:
            found.fills.append(place | fill)
    return found._replace(head=head)


def columns(values: Mapping[str, Any]) -> dict[str, object]:
    """Return what stands beside a text, to be searched for."""
    return {"kind": values["kind"], "at_ms": values["at_ms"], "intent_id": values.get("intent_id")}


def intent_of(values: Mapping[str, Any]) -> dict[str, object] | None:
    """Return what is kept of an intent to be unique; None: the event is no intent."""
    return {name: values[name] for name in _INTENT} if values["kind"] in INTENT_KINDS else None


def fill_of(values: Mapping[str, Any]) -> dict[str, object] | None:
    """Return what is kept of a trade to be unique; None: the event is no trade."""
    if values["kind"] not in FILL_KINDS:
        return None
    return {name: values[name] for name in _FILL} | {"intent_id": values.get("intent_id")}


def _values(text: str) -> dict[str, Any]:
    """Read a text that is to be written, and refuse one that is no event."""
    try:
        values = json.loads(text)
        typed = type(values["kind"]) is str and type(values["at_ms"]) is int
        intent_of(values)
        fill_of(values)
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"no event for the journal: {error!r} in {text[:80]!r}") from error
    if not typed:
        raise ValueError(f"no event for the journal: its kind or its time in {text[:80]!r}")
    return dict(values)
