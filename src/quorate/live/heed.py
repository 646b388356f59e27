"""What the desk makes of words by hand: which change how it stands, and which the decision obeys.

In: words from the store, how the desk stands, whether its books agree with the venue. Out: how it
stands now, and an answer to each word. A pause, a block and a flattening are inputs of the decision
(``quorate.hands``) and change nothing here; a kill halts, and arming is decided here and nowhere
else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.hands import LONGEST, Verb, Word
from quorate.live.controls.standing import Armed, arm, halt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quorate.live.controls.standing import Standing


class Answer(NamedTuple):
    """What became of a word: whether it was done, and else why not and what to do next.

    ``said`` is what the desk writes down beside the words: that it is armed, which ends a kill.
    """

    word: Word
    is_done: bool
    text: str = ""
    hint: str = ""
    said: Word | None = None


class Heeded(NamedTuple):
    """How the desk stands after words, and the answers to those that were for it."""

    standing: Standing
    answers: tuple[Answer, ...]


def heed(
    standing: Standing,
    words: Iterable[Word],
    *,
    n_differences: int,
    key_troubles: Sequence[str],
    now_ms: int,
) -> Heeded:
    """Return how a desk stands after words.

    Parameters
    ----------
    standing : Standing
        Of now.
    words : iterable of Word
        New ones, in the order of writing.
    n_differences : int
        Between the journal and the venue at the last comparison; orders in doubt count.
    key_troubles : sequence of str
        Why the key must not be used, as the venue said when it was asked for this arming.
    now_ms : int
        The desk's clock: the ten minutes of a single operator are counted by it, not by the words'.

    Returns
    -------
    Heeded
        The standing that is to be kept, and answers to kills and armings.

    Notes
    -----
    Units: ms.  Causal: in the order of writing.  Missing: none.
    RELIABILITY 4.

    Examples
    --------
    >>> from quorate.hands import Word
    >>> from quorate.live.controls.standing import Standing
    >>> word = Word(verb=Verb.ARM, by="ann", why="looked", at_ms=0)
    >>> fine = {"key_troubles": (), "now_ms": 5}
    >>> heed(Standing(), [word], n_differences=0, **fine).standing.trading.value
    'active'
    >>> heed(Standing(), [word], n_differences=2, **fine).answers[0].text
    '2 differences between the journal and the venue'
    """
    answers = []
    for word in words:
        if word.verb is Verb.KILL:
            standing = halt(standing, f"killed by {word.by}: {word.why}", now_ms, is_killed=True)
            answers.append(Answer(word, is_done=True))
        elif word.verb is Verb.ARM:
            found = arm(
                standing,
                operator=word.by,
                reason=word.why,
                n_differences=n_differences,
                key_troubles=key_troubles,
                now_ms=now_ms,
            )
            standing = found.standing
            if isinstance(found, Armed):
                said = Word(verb=Verb.ARMED, by="desk", why=standing.why[:LONGEST], at_ms=now_ms)
                answers.append(Answer(word, is_done=True, text=standing.why, said=said))
            else:
                answers.append(Answer(word, is_done=False, text=found.text, hint=found.hint))
    return Heeded(standing, tuple(answers))
