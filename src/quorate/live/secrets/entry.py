"""What a vault holds: named secrets in slots, with when they came and how long they go on.

In: the JSON text of a vault. Out: entries; and rows without values, to show.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from quorate.errors import SecretsError
from quorate.live.secrets.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FORMAT: Final = 1


class Scope(StrEnum):
    """What keys are for; each has a file, or a path, of its own."""

    READ_ONLY = "read-only"
    TRADE = "trade"


class SecretKind(StrEnum):
    """What a value is: a venue's key and secret as JSON, a signing key as PEM, or any text."""

    VENUE = "venue"
    SIGNING = "signing"
    TOKEN = "token"  # noqa: S105  (a kind, not a value)


class Slot(StrEnum):
    """Where a value stands: in use, waiting to be, or going out of use."""

    CURRENT = "current"
    NEXT = "next"
    PREVIOUS = "previous"


@dataclass(frozen=True, slots=True)
class SlotValue:
    """A value in a slot.

    Parameters
    ----------
    value : Secret
        The value.
    created_ms : int
        When it was set.
    rotated_ms : int or None
        When it came into use; None: not yet.
    until_ms : int or None
        When it goes out of use; None: not said.
    """

    value: Secret
    created_ms: int
    rotated_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class NamedSecret:
    """A named secret and its slots."""

    name: str
    kind: SecretKind
    slots: Mapping[Slot, SlotValue]


class SlotRow(NamedTuple):
    """A slot as it is shown: no value.

    Notes
    -----
    Units: ms since 1970.  Causal: as of the listing.  Missing: None.
    """

    name: str
    kind: SecretKind
    scope: Scope
    slot: Slot
    created_ms: int
    rotated_ms: int | None
    until_ms: int | None


def listed(entries: Iterable[NamedSecret], scope: Scope) -> tuple[SlotRow, ...]:
    """Return the rows of entries, by name and slot."""
    return tuple(
        SlotRow(each.name, each.kind, scope, slot, held.created_ms, held.rotated_ms, held.until_ms)
        for each in sorted(entries, key=lambda one: one.name)
        for slot in Slot
        if (held := each.slots.get(slot)) is not None
    )


def written(entries: Iterable[NamedSecret]) -> str:
    """Return the text of a vault, values and all: it is for encryption and for nothing else.

    Examples
    --------
    >>> held = SlotValue(Secret("12345678"), 0, 0)
    >>> entry = NamedSecret("hook", SecretKind.TOKEN, {Slot.CURRENT: held})
    >>> listed(read(written([entry])), Scope.TRADE)[0][:4]
    ('hook', <SecretKind.TOKEN: 'token'>, <Scope.TRADE: 'trade'>, <Slot.CURRENT: 'current'>)
    """
    rows = [
        {
            "name": each.name,
            "kind": each.kind.value,
            "slots": {
                slot.value: {
                    "value": held.value.reveal(),
                    "created_ms": held.created_ms,
                    "rotated_ms": held.rotated_ms,
                    "until_ms": held.until_ms,
                }
                for slot, held in each.slots.items()
            },
        }
        for each in entries
    ]
    return json.dumps({"format": _FORMAT, "entries": rows}, sort_keys=True)


def read(text: str) -> tuple[NamedSecret, ...]:
    """Return the entries of a text; an empty one has none.

    Raises
    ------
    SecretsError
        It is not the text of a vault, or of a later version. The text is not in the message.
    """
    if not text:
        return ()
    try:
        row = json.loads(text)
        if row["format"] == _FORMAT:
            return tuple(_entry(each) for each in row["entries"])
        said = f"has the format {row['format']!r}, this version reads {_FORMAT}"
    except (ValueError, KeyError, TypeError, AttributeError):
        said = "holds something else than secrets"
    raise SecretsError(f"the vault {said}", hint="restore it from a backup") from None


def _entry(row: Mapping[str, Any]) -> NamedSecret:
    slots = {
        Slot(name): SlotValue(
            Secret(held["value"]), held["created_ms"], held["rotated_ms"], held["until_ms"]
        )
        for name, held in row["slots"].items()
    }
    return NamedSecret(row["name"], SecretKind(row["kind"]), slots)
