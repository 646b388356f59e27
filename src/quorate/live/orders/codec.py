"""Events as canonical JSON and back: strict both ways, so that a text stands for one event.

A text with a field too many, one too few, a number where money should be or an unknown word is no
event: a journal that is read wrong is worse than one that is not read.
"""

from __future__ import annotations

import json
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import UnionType
from typing import TYPE_CHECKING, Any, Final, get_args

from quorate.live.orders.events import KINDS, JournalEvent
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES: Final = {kind: name for name, kind in KINDS.items()}


def to_text(event: JournalEvent) -> str:
    """Return the one text of an event.

    Examples
    --------
    >>> from quorate.live.orders.events import Sending
    >>> to_text(Sending(at_ms=1, intent_id="i", epoch=1, sent_at_ms=2, window_ms=5000))
    '{"at_ms":1,"attempt":1,"epoch":1,"intent_id":"i","kind":"sending","sent_at_ms":2,...}'
    """
    kind = type(event)
    values = {name: _plain(getattr(event, name)) for name in _READERS[kind]}
    return canonical_json(values | {"kind": _NAMES[kind]})


def from_text(text: str) -> JournalEvent:
    """Return the event that a text stands for.

    Raises
    ------
    ValueError
        The text is not what ``to_text`` writes.

    Examples
    --------
    >>> from_text('{"at_ms":1,"kind":"retired","before_ms":"0"}')
    Traceback (most recent call last):
    ValueError: no event of the journal: before_ms of retired is '0', not an int
    """
    try:
        values = json.loads(text)
        name = values.pop("kind")
        kind = KINDS[name]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no event of the journal: {error!r} in {text[:80]!r}") from error
    readers = _READERS[kind]
    if values.keys() != readers.keys():
        odd = sorted(values.keys() ^ readers.keys())
        raise ValueError(f"no event of the journal: {name} with {', '.join(odd)} amiss")
    field, value = "", None
    try:
        for field, value in values.items():
            values[field] = readers[field](value)
    except _OddError as error:
        raise ValueError(
            f"no event of the journal: {field} of {name} is {value!r}, not {error}"
        ) from error
    made: JournalEvent = kind(**values)
    return made


class _OddError(Exception):
    """A value that its field cannot hold; says what it can."""


def _plain(value: object) -> object:
    return value.value if isinstance(value, StrEnum) else value


def _text(value: object) -> str:
    if type(value) is not str:
        raise _OddError("a text")
    return value


def _whole(value: object) -> int:
    if type(value) is not int:
        raise _OddError("an int")
    return value


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise _OddError("true or false")
    return value


def _money(value: object) -> Decimal:
    if type(value) is not str:
        raise _OddError("an amount in quotes")
    try:
        return Decimal(value)
    except InvalidOperation as error:
        raise _OddError("an amount in quotes") from error


def _word(kind: type[StrEnum]) -> Callable[[object], StrEnum]:
    def read(value: object) -> StrEnum:
        try:
            return kind(_text(value))
        except ValueError as error:
            raise _OddError(f"a {kind.__name__}") from error

    return read


def _optional(read: Callable[[object], Any]) -> Callable[[object], Any]:
    return lambda value: None if value is None else read(value)


_PLAIN: Final[dict[object, Callable[[object], Any]]] = {
    str: _text,
    int: _whole,
    bool: _flag,
    Decimal: _money,
}


def _reader(kind: object) -> Callable[[object], Any]:
    if isinstance(kind, UnionType):
        (only,) = (item for item in get_args(kind) if item is not type(None))
        return _optional(_reader(only))
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _word(kind)
    return _PLAIN[kind]


_READERS: Final = {
    kind: {item.name: _reader(item.type) for item in fields(kind)} for kind in KINDS.values()
}
