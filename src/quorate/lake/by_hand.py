"""A market in which people spoke: a panel and what they asked of the desk meanwhile.

In: a panel and words. Out: the panel that holds them, of a digest of its own: a run over it is
another run, and makes the same panel again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from quorate.errors import ConfigError
from quorate.hands import ordered
from quorate.lake.panel import Provenance
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quorate.hands import Word
    from quorate.lake.panel import Panel


def by_hand(panel: Panel, words: Iterable[Word]) -> Panel:
    """Return a panel in which people asked for something.

    Parameters
    ----------
    panel : Panel
        Without words.
    words : iterable of Word
        From ``quorate.hands.read_words`` or a store; none gives the panel back.

    Raises
    ------
    ConfigError
        The panel has words already, or one of them names a coin that is not there.

    Notes
    -----
    Units: ms since 1970.  Causal: a word is in force from the first close at or after it.
    Missing: nothing is asked for.  DESIGN 1.

    Examples
    --------
    >>> from quorate.hands import Verb, Word
    >>> from quorate.lake import synthetic
    >>> panel = synthetic(n_coins=2, days=1)
    >>> word = Word(verb=Verb.PAUSE, by="ann", why="news", at_ms=panel.close_ms(10))
    >>> by_hand(panel, [word]).source.digest == panel.source.digest
    False
    """
    said = ordered(words, panel.symbols)
    if panel.words:
        raise ConfigError(
            f"the panel holds {len(panel.words)} words already",
            hint="give them all at once, to the panel without words",
        )
    if not said:
        return panel
    rows = [word.as_dict() for word in said]
    text = f"{panel.source.digest} {canonical_json({'words': rows})}"
    made = None
    if panel.source.made is not None:
        made = {
            "call": "words",
            "words": rows,
            "of": panel.source.made,
            "digest": panel.source.digest,
        }
    plural = "" if len(rows) == 1 else "s"
    return replace(
        panel,
        words=said,
        source=Provenance(
            f"{panel.source.description}, with {len(rows)} word{plural} by hand",
            hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
            made,
        ),
    )
