"""Which vendor has which coin, under which name, in which unit.

In: each vendor's files by symbol, and which of its symbols are one coin (``renames``). Out: every
coin as the first vendor that has it spells it, and its files on the others (``multiples``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quorate.errors import DataError
from quorate.lake import multiples, renames
from quorate.lake.multiples import Found
from quorate.lake.reading import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quorate.lake.renames import Linked
    from quorate.lake.shelf import Reading

    Files = Mapping[str, tuple[Path, ...]]


class First(NamedTuple):
    """The first vendor that has a coin, and its files."""

    v: int
    paths: tuple[Path, ...]


class Vendor(NamedTuple):
    """A vendor's files by symbol, and which of its symbols are one coin."""

    stored: Files
    linked: Linked

    @property
    def files(self) -> Files:
        """Return the files of each coin."""
        return renames.merged(self.stored, self.linked)

    def found(self, name: str, there: Found) -> Found:
        """Return a coin's files with the symbols that they are of, one after the other."""
        return there._replace(legs=renames.legs(self.linked.chains.get(name), self.stored))


def everyone(vendors: Sequence[Vendor], place: Reading) -> dict[str, First]:
    """Return every coin, as the first vendor that has it spells it.

    Parameters
    ----------
    vendors : sequence of Vendor
        The most trusted first.
    place : Reading
        Where from the prices are read that bear a multiple out.

    Returns
    -------
    dict
        By name: those of the first vendor, then what only later ones have.

    Raises
    ------
    SchemaError, DataError
        As ``multiples.find``.

    Notes
    -----
    Units: none.  Causal: reads names, and all prices of multiples.  Missing: a coin that nobody has
    is not there.  Spec 13; METHODS 12.
    """
    found = [each.files for each in vendors]
    made = {symbol: First(0, paths) for symbol, paths in found[0].items()}
    for i, there in enumerate(found[1:], start=1):
        made |= {
            symbol: First(i, paths)
            for symbol, paths in there.items()
            if not any(
                multiples.find(symbol, paths, before, place, symbol).paths for before in found[:i]
            )
        }
    return made


def chosen(
    symbols: Sequence[str], coins: Mapping[str, First], vendors: Sequence[Vendor]
) -> tuple[str, ...]:
    """Return the coins that are meant, by any of their names.

    Parameters
    ----------
    symbols : sequence of str
        As ``reading.named``, or another symbol of the same asset.
    coins : mapping
        From ``everyone``.
    vendors : sequence of Vendor
        As there.

    Returns
    -------
    tuple of str
        One each, in the order in which they were asked for.

    Raises
    ------
    DataError
        No vendor has one, or a name may mean several.

    Notes
    -----
    Units: none.  Causal: reads names only.  Missing: an error.
    """
    meant: dict[str, None] = {}
    for asked in symbols:
        names = named([asked], {name: first.paths for name, first in coins.items()})
        for each in vendors:
            if names[0] not in coins:
                names = tuple(map(each.linked.name_of, named([asked], each.stored)))
        if names[0] not in coins:
            raise DataError(
                f"no vendor has {asked}", hint=f"there are {', '.join(sorted(coins)[:8])} ..."
            )
        meant |= dict.fromkeys(names)
    return tuple(meant)


def by_vendor(
    symbol: str, first: First, vendors: Sequence[Vendor], place: Reading
) -> tuple[Found, ...]:
    """Return a coin's files by vendor; none of those before the first has it.

    Parameters
    ----------
    symbol : str
        As ``everyone`` names it.
    first : First
        Who has it first.
    vendors, place
        As ``everyone``.

    Raises
    ------
    SchemaError, DataError
        As ``multiples.find``.

    Notes
    -----
    Units: as ``Found``.  Causal: as ``multiples.find``.  Missing: no files.  Spec 13; METHODS 12.
    """
    return (
        *[Found(())] * first.v,
        vendors[first.v].found(symbol, Found(first.paths)),
        *(
            each.found(symbol, multiples.find(symbol, first.paths, each.files, place, symbol))
            for each in vendors[first.v + 1 :]
        ),
    )
