"""What is known of the key, since when, and when it is asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quorate.live.controls.keys import troubles
from quorate.venues.base import Unanswered

if TYPE_CHECKING:
    from quorate.venues.rights import Rights

EXAMINE_MS: Final = 3_600_000
AGAIN_MS: Final = 60_000
BELIEVED_MS: Final = 7_200_000
"""How often it is asked what the key may do, how soon again where nobody answered, and for how long
the last answer counts."""


class Examination:
    """Why the key must not be used, by what the venue said last; before it was asked, it must not.

    Attributes
    ----------
    troubles : tuple of str
        In words; none: it may be used.
    due_ms : int
        When it is to be asked for again.
    """

    def __init__(self) -> None:
        self.troubles: tuple[str, ...] = ("nobody has asked yet what the key may do",)
        self.due_ms = 0
        self._believed_ms = 0

    def take(self, rights: Rights | Unanswered, now_ms: int) -> str | None:
        """Take an answer, or that there was none; return what is known now where that is new."""
        is_silent = isinstance(rights, Unanswered)
        self.due_ms = now_ms + (AGAIN_MS if is_silent else EXAMINE_MS)
        if is_silent and now_ms < self._believed_ms:
            return None
        self._believed_ms = self._believed_ms if is_silent else now_ms + BELIEVED_MS
        found = troubles(rights, now_ms)
        if found == self.troubles:
            return None
        self.troubles = found
        return "; ".join(found)
