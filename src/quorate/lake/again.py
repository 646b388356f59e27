"""The panel of an old run once more, from what the run wrote down about where it came from.

In: ``Provenance.made`` as it stands in ``run.json``, and the digest of that time. Out: the same
panel, or an error that says why there is none.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from quorate.errors import DataError
from quorate.hands import Word
from quorate.lake import columns
from quorate.lake.by_hand import by_hand
from quorate.lake.load import load
from quorate.lake.spec import from_plain
from quorate.lake.synthetic import synthetic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quorate.lake.panel import Panel

_UNDONE = "look at what was recorded, or hand over the panel itself"


def again(made: Mapping[str, Any] | None, digest: str) -> Panel:
    """Make the panel of a run again and check that it is the same.

    Parameters
    ----------
    made : mapping or None
        ``Provenance.made``.
    digest : str
        Of the panel that the run read.

    Returns
    -------
    Panel
        Of the same digest.

    Raises
    ------
    DataError
        Nothing was written down, the files are gone, or they have changed.

    Notes
    -----
    Units: see ``core.types``.  Causal: as the panel.  Missing: an error, never another panel.
    Spec 10, 13.

    Examples
    --------
    >>> panel = synthetic(n_coins=2, days=1)
    >>> again(panel.source.made, panel.source.digest).n_bars
    288
    """
    call = None if made is None else made.get("call")
    if made is None or call not in {"load", "synthetic", "kept", "words"}:
        raise DataError("the run does not say where its data came from", hint=_UNDONE)
    try:
        if call == "load":
            panel = load(from_plain(made))
        elif call == "words":
            bare = again(made["of"], made["digest"])
            panel = by_hand(bare, [Word.of(row) for row in made["words"]])
        elif call == "kept":
            panel = columns.kept(Path(made["path"]))
        else:
            panel = synthetic(**{name: value for name, value in made.items() if name != "call"})
    except (TypeError, KeyError, ValueError) as error:
        raise DataError(
            f"what the run says about its data cannot be read: {error}", hint=_UNDONE
        ) from error
    if panel.source.digest != digest:
        raise DataError(
            f"the data have changed since the run: their digest is {panel.source.digest}, "
            f"it was {digest}",
            hint=_UNDONE,
        )
    return panel
