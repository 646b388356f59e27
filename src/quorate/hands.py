"""What people ask of the desk by hand, as recorded inputs of the decision.

In: words, each with who, why and when. Out: what is in force at each close, and the rows of
``core.types.Controls`` that say so. A word is in force on every bar that closes at or after it, in
a backtest as at the desk; what a word does is the decision's business, and stands in its reasons.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from quorate.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LONGEST: Final = 500


def spoken(name: str) -> str:
    """Return a name as it is compared: upper or lower case, width and spaces make nobody another.

    Nothing proves a name: whoever may write into the store or the folder may give any.

    Notes
    -----
    Units: none.  Causal: none.  Missing: "" where nothing of it can be seen.
    RELIABILITY 4.

    Examples
    --------
    >>> spoken(" Ann\u200b  Lee ") == spoken("\uff21nn lee"), spoken("\u200b ")
    (True, '')
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(each for each in folded if unicodedata.category(each) != "Cf")
    return " ".join(seen.split())


class Verb(StrEnum):
    """What can be asked."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"
    BLOCK = "block"
    UNBLOCK = "unblock"
    KILL = "kill"
    ARM = "arm"
    ARMED = "armed"


OF_A_COIN: Final = frozenset({Verb.FLATTEN, Verb.BLOCK, Verb.UNBLOCK})
"""The verbs that name a coin; the others are about the whole desk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One thing that somebody asked for.

    Parameters
    ----------
    verb : Verb
        What.
    coin : str
        As the panel spells it; empty where the verb is about the whole desk.
    by : str
        Who: never empty.
    why : str
        Kept for good: never empty.
    at_ms : int
        When, by the clock of whoever wrote it down.

    Raises
    ------
    ConfigError
        If one of these is missing, too long, or a coin is named where none belongs.

    Notes
    -----
    Units: ms since 1970.  Causal: written before it is in force.  Missing: none.
    DESIGN 1, 6.

    Examples
    --------
    >>> Word(verb=Verb.BLOCK, coin="BTC", by="ann", why="a fork is due", at_ms=0).verb.value
    'block'
    """

    verb: Verb
    coin: str = ""
    by: str
    why: str
    at_ms: int

    def __post_init__(self) -> None:
        """Refuse what says too little or too much."""
        for name, text in (("by", self.by), ("why", self.why)):
            if not spoken(text) or len(text) > LONGEST:
                raise ConfigError(
                    f"{self.verb} without a usable {name!r}: {text[:40]!r}",
                    hint=f"say {'who asks' if name == 'by' else 'why'}, in 1 to {LONGEST} letters",
                )
        if bool(self.coin.strip()) is not (self.verb in OF_A_COIN):
            raise ConfigError(
                f"{self.verb} names the coin {self.coin!r}",
                hint=f"a coin belongs to {', '.join(sorted(OF_A_COIN))} and to nothing else",
            )
        if not 0 <= self.at_ms < 2**53:
            raise ConfigError(f"{self.verb} at {self.at_ms} ms", hint="give ms since 1970")

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self) | {"verb": self.verb.value}

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Word:
        """Return the word that ``as_dict`` wrote.

        Raises
        ------
        ConfigError
            If it is none.

        Examples
        --------
        >>> word = Word(verb=Verb.PAUSE, by="ann", why="news", at_ms=5)
        >>> Word.of(word.as_dict()) == word
        True
        """
        try:
            return cls(
                verb=Verb(row["verb"]),
                coin=str(row.get("coin", "")),
                by=str(row["by"]),
                why=str(row["why"]),
                at_ms=int(row["at_ms"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"this is no word by hand: {str(row)[:200]}",
                hint="verb, coin, by, why and at_ms, as `quorate words` prints them",
            ) from error


@dataclass(frozen=True, slots=True)
class Hands:
    """What is in force.

    Notes
    -----
    Units: none.  Causal: changed by ``obey`` only.  Missing: nothing is in force.
    """

    paused: Word | None = None
    killed: Word | None = None
    blocked: Mapping[str, Word] = field(default_factory=lambda: MappingProxyType({}))
    flat: Mapping[str, Word] = field(default_factory=lambda: MappingProxyType({}))

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON: the words that are in force."""
        return {
            "paused": None if self.paused is None else self.paused.as_dict(),
            "killed": None if self.killed is None else self.killed.as_dict(),
            "blocked": {coin: word.as_dict() for coin, word in sorted(self.blocked.items())},
            "flat": {coin: word.as_dict() for coin, word in sorted(self.flat.items())},
        }


def obey(before: Hands, word: Word) -> Hands:
    """Return what is in force after a word.

    A second word of the same meaning changes nothing: the first reason stays. ``flatten`` closes a
    coin and keeps it closed until ``unblock``: a desk that went back in at the next bar would have
    undone what it was told. ``arm`` only asks: what ends a kill is ``armed``, the desk's own answer
    (``live.heed``).

    Examples
    --------
    >>> word = Word(verb=Verb.FLATTEN, coin="LUNA", by="ann", why="depeg", at_ms=0)
    >>> after = obey(Hands(), word)
    >>> sorted(after.flat), sorted(after.blocked)
    (['LUNA'], [])
    """
    made, coin = before, word.coin
    match word.verb:
        case Verb.PAUSE:
            made = replace(before, paused=before.paused or word)
        case Verb.RESUME:
            made = replace(before, paused=None)
        case Verb.KILL:
            made = replace(before, killed=before.killed or word)
        case Verb.ARM:
            pass  # asked, and not yet granted
        case Verb.ARMED:
            made = replace(before, killed=None)
        case Verb.BLOCK:
            made = replace(before, blocked=_with(before.blocked, word))
        case Verb.FLATTEN:
            made = replace(before, flat=_with(before.flat, word))
        case Verb.UNBLOCK:
            blocked, flat = _without(before.blocked, coin), _without(before.flat, coin)
            made = replace(before, blocked=blocked, flat=flat)
    return made


def _with(held: Mapping[str, Word], word: Word) -> Mapping[str, Word]:
    return MappingProxyType({word.coin: word, **held})  # the first word of a coin stays


def _without(held: Mapping[str, Word], coin: str) -> Mapping[str, Word]:
    return MappingProxyType({name: word for name, word in held.items() if name != coin})


def in_force(words: Iterable[Word]) -> Hands:
    """Return what is in force after words, in the order they were written down."""
    after = Hands()
    for word in words:
        after = obey(after, word)
    return after


def ordered(words: Iterable[Word], coins: Iterable[str]) -> tuple[Word, ...]:
    """Return words in the order of time, held against the coins there are.

    Raises
    ------
    ConfigError
        A word names a coin that is not there: it would do nothing.
    """
    known = frozenset(coins)
    made = tuple(sorted(words, key=lambda word: word.at_ms))  # stable: written order within a ms
    for word in made:
        if word.coin and word.coin not in known:
            raise ConfigError(
                f"{word.verb} {word.coin}: there is no such coin",
                hint=f"the coins are {', '.join(sorted(known)[:20])}",
            )
    return made


class Asked(NamedTuple):
    """What is in force at each close: ``pause``, ``kill`` (time,), ``block``, ``flatten`` by coin.

    The four fields of ``core.types.Controls`` that people write.
    """

    pause: npt.NDArray[np.int8]
    kill: npt.NDArray[np.int8]
    block: npt.NDArray[np.int8]
    flatten: npt.NDArray[np.int8]


def asked(words: Iterable[Word], coins: Sequence[str], closes_ms: npt.NDArray[np.int64]) -> Asked:
    r"""Return the rows that words put before the decision.

    .. math:: x_t = \text{what the last word with } at \le close_t \text{ says of } x

    Parameters
    ----------
    words : iterable of Word
        In the order of time (``ordered``); those before the first close count.
    coins : sequence of str
        The coin axis.
    closes_ms : array
        Rising, shape (time,).

    Returns
    -------
    Asked
        1 where it is in force, shapes (time,) and (time, coin).

    Notes
    -----
    Units: ms since 1970.  Causal: a row depends on the words written down by its close.  Missing:
    a coin that is not on the axis is passed over.
    DESIGN 1.

    Examples
    --------
    >>> said = [Word(verb=Verb.PAUSE, by="ann", why="news", at_ms=150)]
    >>> asked(said, ["BTC"], np.array([100, 200, 300])).pause.tolist()
    [0, 1, 1]
    """
    n_bars, n_coins = len(closes_ms), len(coins)
    column = {coin: c for c, coin in enumerate(coins)}
    rows = Asked(
        np.zeros(n_bars, np.int8),
        np.zeros(n_bars, np.int8),
        np.zeros((n_bars, n_coins), np.int8),
        np.zeros((n_bars, n_coins), np.int8),
    )
    for word in words:
        first = int(np.searchsorted(closes_ms, word.at_ms))
        c = column.get(word.coin)
        match word.verb:
            case Verb.PAUSE | Verb.RESUME:
                rows.pause[first:] = word.verb is Verb.PAUSE
            case Verb.KILL | Verb.ARMED:
                rows.kill[first:] = word.verb is Verb.KILL
            case Verb.BLOCK if c is not None:
                rows.block[first:, c] = 1
            case Verb.FLATTEN if c is not None:
                rows.flatten[first:, c] = 1
            case Verb.UNBLOCK if c is not None:
                rows.block[first:, c] = rows.flatten[first:, c] = 0
    return rows


def read_words(path: str | Path) -> tuple[Word, ...]:
    """Read words from a file with one JSON object a line, as ``quorate words --json`` prints them.

    Raises
    ------
    ConfigError
        There is no such file, or a line of it is no word; names the line.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", hint="give a file of words") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(Word.of(json.loads(line)))
        except ValueError as error:
            raise ConfigError(
                f"line {number} of {path} is no JSON: {error}", hint="one object a line"
            ) from error
    return tuple(found)
