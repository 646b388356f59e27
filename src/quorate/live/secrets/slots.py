"""Setting and rotating: from entries to entries, nothing else changes.

In: entries, a name, a value, a time. Out: entries. A venue takes two keys at once, so a desk goes
over from one to the other without a gap: the next one is set and tried, then rotated in, and the
old one stays usable for a grace time.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from quorate.errors import SecretsError
from quorate.live.secrets.entry import NamedSecret, SecretKind, Slot, SlotValue
from quorate.live.secrets.scrubber import LEAST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quorate.live.secrets.secret import Secret

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_PAIR: Final = ("api_key", "secret")
_MOST: Final = 16_384


def put(
    entries: Sequence[NamedSecret], name: str, kind: SecretKind, value: Secret, now_ms: int
) -> tuple[tuple[NamedSecret, ...], Slot]:
    """Return entries with a value: current where there is none of the name, next otherwise.

    Parameters
    ----------
    entries : sequence of NamedSecret
        As they are.
    name : str
        Small letters, digits, ``_``, ``-`` and ``.``; of a venue's key the venue first.
    kind : SecretKind
        Of a venue: JSON with ``api_key`` and ``secret``. It never changes under a name.
    value : Secret
        At least eight characters, at most 16,384.
    now_ms : int
        Now.

    Returns
    -------
    entries, slot : tuple of NamedSecret, Slot
        The new ones, and where the value went. A next one that waits already is replaced.

    Raises
    ------
    SecretsError
        A name, kind or value that is none.

    Notes
    -----
    Units: ms since 1970.  Causal: pure.  Missing: none.  RELIABILITY 5 (two active slots).

    Examples
    --------
    >>> from quorate.live.secrets.secret import Secret
    >>> first, slot = put((), "hook", SecretKind.TOKEN, Secret("12345678"), 0)
    >>> slot.value, put(first, "hook", SecretKind.TOKEN, Secret("87654321"), 9)[1].value
    ('current', 'next')
    """
    _check(name, kind, value)
    found = next((each for each in entries if each.name == name), None)
    if found is not None and found.kind is not kind:
        raise SecretsError(
            f"{name} is of kind {found.kind}, not {kind}", hint="choose another name"
        )
    before = {} if found is None else dict(found.slots)
    slot = Slot.NEXT if Slot.CURRENT in before else Slot.CURRENT
    before[slot] = SlotValue(value, now_ms, None if slot is Slot.NEXT else now_ms)
    return _with(entries, NamedSecret(name, kind, before)), slot


def rotated(
    entries: Sequence[NamedSecret], name: str, now_ms: int, grace_ms: int
) -> tuple[NamedSecret, ...]:
    """Return entries in which the next value of a name is current, and the old one is previous.

    Parameters
    ----------
    entries : sequence of NamedSecret
        As they are.
    name : str
        Which.
    now_ms, grace_ms : int
        Now, and how long the old value stays usable; 0: it is gone.

    Raises
    ------
    SecretsError
        There is none of the name, or none that waits.

    Notes
    -----
    Units: ms.  Causal: pure.  Missing: none. A previous one of before is gone then.

    Examples
    --------
    >>> from quorate.live.secrets.secret import Secret
    >>> held, _ = put((), "hook", SecretKind.TOKEN, Secret("12345678"), 0)
    >>> rotated(held, "hook", 9, 0)
    Traceback (most recent call last):
    quorate.errors.SecretsError: hook has no next value
      next: set one: quorate secrets set hook
    """
    found = named(entries, name)
    waits, old = found.slots.get(Slot.NEXT), found.slots.get(Slot.CURRENT)
    if waits is None or old is None:
        raise SecretsError(f"{name} has no next value", hint=f"set one: quorate secrets set {name}")
    slots = {Slot.CURRENT: SlotValue(waits.value, waits.created_ms, now_ms)}
    if grace_ms > 0:
        slots[Slot.PREVIOUS] = SlotValue(
            old.value, old.created_ms, old.rotated_ms, now_ms + grace_ms
        )
    return _with(entries, NamedSecret(name, found.kind, slots))


def active(entry: NamedSecret, now_ms: int) -> tuple[Secret, ...]:
    """Return the values of an entry that are in use: the current one, and one in its grace."""
    current, old = entry.slots.get(Slot.CURRENT), entry.slots.get(Slot.PREVIOUS)
    found = [] if current is None else [current.value]
    if old is not None and old.until_ms is not None and now_ms < old.until_ms:
        found.append(old.value)
    return tuple(found)


def named(entries: Sequence[NamedSecret], name: str) -> NamedSecret:
    """Return the entry of a name, or raise ``SecretsError``."""
    for each in entries:
        if each.name == name:
            return each
    known = ", ".join(each.name for each in entries) or "none"
    raise SecretsError(
        f"there is no secret {name!r} here; there are: {known}",
        hint=f"set it: quorate secrets set {name} (--trade for a key that trades)",
    )


def _with(entries: Sequence[NamedSecret], one: NamedSecret) -> tuple[NamedSecret, ...]:
    return (*(each for each in entries if each.name != one.name), one)


def _check(name: str, kind: SecretKind, value: Secret) -> None:
    if not _NAME.fullmatch(name):
        raise SecretsError(
            f"{name!r} is no name of a secret",
            hint="up to 64 small letters, digits, _ - and ., a letter or digit first",
        )
    for part in value.parts():
        if not LEAST <= len(part) <= _MOST or part != part.strip():
            raise SecretsError(
                f"the value of {name} has {len(part)} characters, or blanks around it: "
                f"from {LEAST} to {_MOST} can be kept",
                hint="shorter ones cannot be told from other words in a log",
            )
    if kind is SecretKind.VENUE:
        try:
            row = json.loads(value.reveal())
        except ValueError:
            row = None
        is_pair = isinstance(row, dict) and set(row) == set(_PAIR)
        if not is_pair or not all(isinstance(each, str) and each for each in row.values()):
            raise SecretsError(
                f"the value of {name} is not a venue's key",
                hint='give JSON: {"api_key": "...", "secret": "..."}',
            ) from None
