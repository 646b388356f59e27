"""How the history of a registry grows: one move after another, none before the last.

In: an ``Index`` and a move. Out: another index, in which the version stands where the move leads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from quorate.errors import RegistryError
from quorate.research.versions import Index, Move

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quorate.research.versions import How, Stage


def put(
    index: Index,
    number: int,
    to: Stage,
    at: datetime,
    how: How,
    why: str,
    evidence: tuple[Mapping[str, Any], ...] = (),
) -> Index:
    """Return an index in which a version has another stage, or the same on new evidence."""
    before = index.version(number).stage
    return appended(
        index,
        Move(
            at=at, version=number, before=before, after=to, how=how, why=said(why),
            evidence=evidence,
        ),
    )  # fmt: skip


def appended(index: Index, move: Move) -> Index:
    """Return an index after a move; ``RegistryError`` where it would stand before the last one."""
    if move.at.tzinfo is None:
        raise ValueError("the time of a move has no zone; give an aware time")
    if index.history and move.at < index.history[-1].at:
        raise RegistryError(
            f"a move at {move.at:%Y-%m-%d %H:%M} UTC would stand before the last one, of "
            f"{index.history[-1].at:%Y-%m-%d %H:%M}",
            hint="who was champion when is read from the order of moves: leave the moment out",
        )
    return Index(
        tuple(
            replace(each, stage=move.after) if each.number == move.version else each
            for each in index.versions
        ),
        (*index.history, move),
    )


def said(why: str) -> str:
    """Return a reason, or refuse one without words."""
    if not why.strip():
        raise RegistryError(
            "a move says why it is made", hint="give a reason in words: --why '...'"
        )
    return why.strip()
