"""What ``panel.json`` says of a panel on disk: its facts, and every array's type and shape.

In: the file. Out: a ``Description`` whose parts agree with each other, or an error that says what
is wrong with it. The arrays are checked against it when they are opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from quorate.core.types import Bars, Market, Venues
from quorate.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

FILE = "panel.json"
_SHARED = {f"market.{name}": f"bars.{name}" for name in Market._fields if name in Bars._fields}
_BYTES = frozenset(("status", "listed", "is_perp"))
_OF_A_VENUE = frozenset(("maker_bps", "taker_bps", "latency_ms", "reliability"))

Names = tuple[str, ...]


class Form(NamedTuple):
    """An array's element type, as NumPy spells it, and its shape."""

    dtype: str
    shape: tuple[Annotated[int, Field(ge=0)], ...]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Origin(_Strict):
    """As ``lake.panel.Provenance``."""

    description: str
    digest: str
    made: dict[str, Any] | None


class Description(_Strict):
    """A panel but for its arrays, and the forms of these.

    Attributes
    ----------
    version : str
        The folder beside the file which holds the arrays.
    same : dict[str, str]
        Columns of the market that are those of the bars, and not stored twice.
    arrays : dict[str, Form]
        Of each file, by its name without ``.npy``.
    """

    version: Annotated[str, Field(pattern=r"^version-[0-9a-f]{8}$")]
    bar_minutes: Annotated[int, Field(ge=1, le=60)]
    k0: int
    is_synthetic: bool
    symbols: Names
    venue_names: Names
    kinds: tuple[Literal["spot", "perp"], ...]
    funding: tuple[Literal["known", "assumed", "mixed", "none"], ...]
    notes: Names
    lacks: Names
    source: Origin
    same: dict[str, str]
    arrays: dict[str, Form]

    @model_validator(mode="after")
    def _agrees(self) -> Description:
        n_coins = len(self.symbols)
        if not len(self.kinds) == len(self.funding) == n_coins:
            raise ValueError(
                f"{n_coins} symbols, {len(self.kinds)} kinds and {len(self.funding)} of funding"
            )
        odd = {name: other for name, other in self.same.items() if _SHARED.get(name) != other}
        if odd or (self.same and len(self.venue_names) != 1):
            raise ValueError(f"columns are said to be the same that are not: {odd or self.same}")
        close = self.arrays.get("bars.close")
        wanted = _forms(close.shape[0] if close and close.shape else 0, self)
        if self.arrays != wanted:
            names = sorted(
                name
                for name in wanted.keys() | self.arrays.keys()
                if wanted.get(name) != self.arrays.get(name)
            )
            found, should = self.arrays.get(names[0]), wanted.get(names[0])
            raise ValueError(f"{names[0]} is {_told(found)}, it should be {_told(should)}")
        return self


def read(where: Path) -> Description:
    """Return what a folder says of the panel in it.

    Parameters
    ----------
    where : Path
        The folder.

    Returns
    -------
    Description
        Its parts agree with each other; no array was opened.

    Raises
    ------
    DataError
        There is no such file, or it does not describe a panel.

    Notes
    -----
    Units, Causal, Missing: as the panel.
    """
    try:
        return Description.model_validate_json((where / FILE).read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(each) for each in first["loc"])
        raise broken(where / FILE, f"{place}: {first['msg']}".removeprefix(": ")) from error
    except OSError as error:
        raise broken(where / FILE, error.strerror or str(error)) from error


def form(dtype: np.dtype[Any], shape: tuple[int, ...]) -> Form:
    """Return the form of an array.

    Examples
    --------
    >>> form(np.dtype(np.float64), (288, 2))
    Form(dtype='<f8', shape=(288, 2))
    """
    return Form(dtype.str, tuple(shape))


def shared(name: str) -> str | None:
    """Return which column of the bars a column of the market may be a view of.

    Examples
    --------
    >>> shared("market.close"), shared("market.mark")
    ('bars.close', None)
    """
    return _SHARED.get(name)


def broken(path: Path, why: str) -> DataError:
    """Return the error about a file of a panel."""
    return DataError(
        f"{path} cannot be read as a stored panel: {why}",
        hint="it is missing, cut short or was not written by this version: keep the panel again",
    )


def _forms(n_bars: int, about: Description) -> dict[str, Form]:
    """Return the forms of all arrays of a panel, as kernels take them."""
    n_venues, n_coins = len(about.venue_names), len(about.symbols)

    def of(name: str, *shape: int) -> Form:
        return form(np.dtype(np.int8 if name in _BYTES else np.float64), shape)

    found = {f"bars.{name}": of(name, n_bars, n_coins) for name in Bars._fields}
    found |= {f"market.{name}": of(name, n_bars, n_venues, n_coins) for name in Market._fields}
    for name in Venues._fields:
        shape = (n_venues,) if name in _OF_A_VENUE else (n_venues, n_coins)
        found[f"venues.{name}"] = of(name, *shape)
    found["member"] = form(np.dtype(np.int8), (n_bars, n_coins))
    found["quote_usd"] = of("quote_usd", n_bars)
    found["delisted_k"] = form(np.dtype(np.int64), (n_coins,))
    return {name: each for name, each in found.items() if name not in about.same}


def _told(found: Form | None) -> str:
    return "absent" if found is None else f"{found.dtype} {found.shape}"
