"""What was read of each file: its size and a digest of the very bytes that were parsed.

In: a file's bytes, where they are read. Out: a ``Prints``, from which the digest of a panel and the
certificate's are put together. A file is read once: one that is written to meanwhile cannot have
the digest of another content than the one that the panel was made of.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import polars as pl


class Print(NamedTuple):
    """One file: its bytes, the digest of what was read of it, in hex, its rows and their span."""

    n_bytes: int
    digest: str
    n_rows: int = 0
    span: tuple[int, int] | None = None  # first and last time, milliseconds


_NOTHING: Final = hashlib.sha256().hexdigest()
"""Of no rows."""

Prints: TypeAlias = "dict[Path, Print]"
"""By path; threads put in different ones."""


def of_rows(rows: pl.DataFrame) -> str:
    """Return a digest of rows: names and values of their columns, however they were stored.

    Examples
    --------
    >>> import polars as pl
    >>> rows = pl.DataFrame({"close": [1.0, 2.0]})
    >>> of_rows(rows) == of_rows(rows.clone()), of_rows(rows) == of_rows(rows[:1])
    (True, False)
    """
    digest = hashlib.sha256()
    for name in rows.columns if rows.height else ():
        digest.update(name.encode())
        digest.update(rows[name].to_physical().to_numpy().tobytes())
    return digest.hexdigest()


def together(paths: Iterable[Path], prints: Prints, head: str = "") -> str:
    """Return one digest of several files, in their order, by name and content.

    Parameters
    ----------
    paths : iterable of Path
        Files that were read.
    prints : Prints
        Of them.
    head : str
        What else is to count.

    Returns
    -------
    str
        16 bytes in hex.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a path that was not read is a ``KeyError``, a bug.

    Examples
    --------
    >>> from pathlib import Path
    >>> prints = {Path("a"): Print(1, "0f"), Path("b"): Print(1, "f0")}
    >>> one, other = (together(map(Path, names), prints) for names in ("ab", "ba"))
    >>> one == other
    False
    """
    digest = hashlib.blake2b(head.encode(), digest_size=16)
    for path in paths:
        if prints[path].digest == _NOTHING:
            continue  # a month of the lake of which nothing was known then
        digest.update(path.name.encode())
        digest.update(prints[path].digest.encode())
    return digest.hexdigest()
