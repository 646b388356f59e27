"""A piece of work done elsewhere: what it came to, and by what code it was done.

In: a function, what all pieces share, one piece. Out: an ``Answer`` that travels back. Bytes are
those of one process only where the same code runs everywhere, so every answer says what made it,
and one that was made by anything else than what runs here is refused.
"""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from quorate.errors import ConfigError, QuorateError
from quorate.research import libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Shared = TypeVar("Shared")
Piece = TypeVar("Piece")
Found = TypeVar("Found")

RETRIES = 3
"""How often a piece is done again whose worker was lost, before it is given up."""

_PACKAGE = Path(__file__).resolve().parent.parent
_LIBRARIES = (*libraries.FITTED_BY, "xgboost", "numba")


class Each(Protocol):
    """Does every piece of some work, and returns what they came to in their order.

    ``function`` is of a module, without state, and reads ``shared`` and its piece only; arrays in
    them may be read-only. An error of ours that a piece raises is raised here, the first by order.
    """

    def __call__(
        self, function: Callable[[Shared, Piece], Found], shared: Shared, pieces: Sequence[Piece]
    ) -> list[Found]:
        """Return what the function makes of each piece."""


class Answer(NamedTuple):
    """What a piece came to: ``found``, or the ``error`` it raised; ``made_by`` what code."""

    made_by: tuple[tuple[str, str], ...]
    found: Any
    error: QuorateError | None


def answered(function: Callable[[Shared, Piece], Found], shared: Shared, piece: Piece) -> Answer:
    """Do one piece, where it was sent.

    An error of ours is part of the answer: what runs pieces wraps what they raise in errors of its
    own, and some of them try again what can only fail again.

    Examples
    --------
    >>> answered(pow, 2, 5).found
    32
    """
    try:
        return Answer(code(), function(shared, piece), None)
    except QuorateError as error:
        return Answer(code(), None, error)


def settled(answers: Iterable[Answer]) -> list[Any]:
    """Return what pieces came to, in order.

    Parameters
    ----------
    answers : iterable of Answer
        From ``answered``.

    Raises
    ------
    ConfigError
        One was made by other code than what runs here.
    QuorateError
        What a piece raised.

    Notes
    -----
    Units: those of the pieces.  Causal: none.  Missing: none.

    Examples
    --------
    >>> settled([answered(pow, 2, 5), answered(pow, 3, 2)])
    [32, 9]
    """
    found, here = [], code()
    for answer in answers:
        if answer.made_by != here:
            _refuse(dict(answer.made_by), dict(here))
        if answer.error is not None:
            raise answer.error
        found.append(answer.found)
    return found


@cache
def code() -> tuple[tuple[str, str], ...]:
    """Return what the bytes of a fit depend on: sources, versions, the kind of processor."""
    sources = hashlib.blake2b(digest_size=8)
    for path in sorted(_PACKAGE.rglob("*.py")):
        sources.update(path.relative_to(_PACKAGE).as_posix().encode())
        sources.update(path.read_bytes())
    said = {"sources": sources.hexdigest(), "python": platform.python_version()}
    said |= libraries.versions(_LIBRARIES)
    said |= {"machine": platform.machine(), "linear algebra": libraries.linear_algebra()}
    return tuple(sorted(said.items()))


def _refuse(there: dict[str, str], here: dict[str, str]) -> None:
    other = [
        f"{name} {there.get(name, 'none')} there, {here.get(name, 'none')} here"
        for name in sorted({*there, *here})
        if there.get(name) != here.get(name)
    ]
    raise ConfigError(
        f"a worker runs other code than this process: {'; '.join(other)}",
        hint="install the same version of Quorate and of its libraries on every machine, "
        "and use machines of one kind: other ones give other last bits",
    )
