"""A value that does not show itself: not when printed, logged, formatted, copied or written.

In: a text. Out: the text to who asks for it by ``reveal``, and three dots to everybody else.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK: Final = "<secret>"


class Secret:
    """A text that is only given out by name.

    Parameters
    ----------
    value : str
        The text.

    Raises
    ------
    TypeError
        When it is hashed, pickled, copied or written as JSON.

    Notes
    -----
    Units: none.  Causal: pure.  Missing: an empty text is one too. Two are compared in a time
    that does not depend on where they differ. ``wipe`` overwrites what is held here; texts that
    were revealed are the interpreter's and cannot be overwritten.
    RELIABILITY 5 (log and trace leakage).

    Examples
    --------
    >>> key = Secret("correct horse")
    >>> print(key, repr(key), f"{key:>10}")
    <secret> <secret> <secret>
    >>> key.reveal(), key == Secret("correct horse")
    ('correct horse', True)
    """

    __slots__ = ("_held",)
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __init__(self, value: str) -> None:
        self._held = bytearray(value.encode())

    def reveal(self) -> str:
        """Return the text."""
        return self._held.decode()

    def parts(self) -> Iterator[str]:
        """Return every text in it that must not be seen: itself, and the texts of a JSON object."""
        text = self.reveal()
        yield text
        try:
            row = json.loads(text)
        except ValueError:
            return
        if isinstance(row, dict):
            yield from (each for each in row.values() if isinstance(each, str))

    def wipe(self) -> None:
        """Overwrite what is held; ``reveal`` returns an empty text afterwards."""
        self._held[:] = bytes(len(self._held))
        self._held.clear()

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._held, other._held)

    @override
    def __repr__(self) -> str:
        return MASK

    @override
    def __str__(self) -> str:
        return MASK

    @override
    def __format__(self, spec: str) -> str:
        return MASK

    @override
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not copied, pickled or written")
