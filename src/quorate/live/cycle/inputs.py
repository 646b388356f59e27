"""The inputs of one bar as bytes: everything that the decision may know, and what was in force.

A live desk keeps them before it acts, so that a day can be decided again. Arrays keep their bytes,
NaN among them; two arrays of the same bytes are kept once, as a single venue shares its bars.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from quorate.backtest.axes import Array, Axes, leaves
from quorate.backtest.run import Slice
from quorate.core.types import Bars, Controls, Market
from quorate.errors import DataError
from quorate.records import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC: Final = b"QIN1"
_LENGTH: Final = 4
_TYPES: Final = ("<f8", "<i8", "|i1")
_MOST: Final = 1 << 28
"""Bytes that an unpacked bar may take: more is no bar."""

_TREES: Final[tuple[tuple[str, type[Any]], ...]] = (
    ("bars", Bars),
    ("market", Market),
    ("controls", Controls),
)


class InForce(NamedTuple):
    """What was in force on a bar: the names on the axes, and hashes of parameters and fits.

    Notes
    -----
    Units: none.  Causal: fixed before the bar.  Missing: ``fits`` is "" where nothing was fitted.
    """

    axes: Axes
    params: str
    fits: str = ""


class Inputs(NamedTuple):
    """One bar: the instant of its close, what was in force, and what the passes read.

    Notes
    -----
    Units: ms since 1970; arrays as ``core.types``.  Causal: known at the close.  Missing: as there.
    DESIGN 1.
    """

    close_ms: int
    force: InForce
    piece: Slice


def pack(inputs: Inputs) -> bytes:
    """Return the bytes of a bar; the same bar gives the same content.

    Parameters
    ----------
    inputs : Inputs
        Of exactly one bar.

    Returns
    -------
    bytes
        Compressed; ``content_hash`` is over what is inside.

    Raises
    ------
    ValueError
        There are more bars than one, or none, or an array is of another type than the core's.

    Notes
    -----
    Units, Causal, Missing: as ``Inputs``.  DESIGN 1.
    """
    n_bars = inputs.piece.bars.close.shape[0]
    if n_bars != 1:
        raise ValueError(f"the inputs of one bar are packed, not of {n_bars}")
    places: dict[bytes, int] = {}
    rows: list[list[object]] = []
    body: list[bytes] = []
    for path, array in _arrays(inputs.piece):
        kind = array.dtype.str
        if kind not in _TYPES:
            raise ValueError(f"{path} is of type {kind}, not of one of {', '.join(_TYPES)}")
        content = array.tobytes()
        place = places.setdefault(content, len(body))
        if place == len(body):
            body.append(content)
        rows.append([path, kind, list(array.shape), place])
    head = canonical_json(
        {
            "close_ms": inputs.close_ms,
            "k": inputs.piece.k0,
            "axes": {kind: list(names) for kind, names in inputs.force.axes._asdict().items()},
            "params": inputs.force.params,
            "fits": inputs.force.fits,
            "arrays": rows,
            "sizes": [len(each) for each in body],
        }
    ).encode()
    whole = b"".join([_MAGIC, len(head).to_bytes(_LENGTH, "little"), head, *body])
    return zlib.compress(whole, 6)


def unpack(packed: bytes) -> Inputs:
    """Return the bar that ``pack`` wrote, its arrays its own and writable.

    Raises
    ------
    DataError
        The bytes are damaged, cut, or not a bar.

    Notes
    -----
    Units, Causal, Missing: as ``Inputs``.  DESIGN 1.
    """
    try:
        return _read(_content(packed))
    except (ValueError, KeyError, TypeError, IndexError, zlib.error) as error:
        raise DataError(
            f"these are no inputs of a bar: {error}",
            hint="restore a copy of the store; quorate replay names the first bar that is damaged",
        ) from error


def content_hash(packed: bytes) -> str:
    """Return the hash of what is inside, whatever packed it.

    Raises
    ------
    DataError
        The bytes are damaged.
    """
    try:
        return hashlib.blake2b(_content(packed), digest_size=16).hexdigest()
    except (ValueError, zlib.error) as error:
        raise DataError(f"these are no inputs of a bar: {error}") from error


def digest_of(*trees: object) -> str:
    """Return one hash over the arrays of states, by path, type, shape and bytes.

    Parameters
    ----------
    trees : object
        NamedTuples of arrays, nested or not.

    Examples
    --------
    >>> from quorate.core.consensus import score
    >>> digest_of(score.init(1, 2)) == digest_of(score.init(1, 2))
    True
    >>> digest_of(score.init(1, 2)) == digest_of(score.init(2, 2))
    False
    """
    found = hashlib.blake2b(digest_size=16)
    for tree in trees:
        for path, array in leaves(tree):
            found.update(f"{path} {array.dtype.str} {array.shape};".encode())
            found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def _arrays(piece: Slice) -> Iterator[tuple[str, Array]]:
    for name, _ in _TREES:
        yield from leaves(getattr(piece, name), name)


def _content(packed: bytes) -> bytes:
    """Return what is inside, of a size that a bar can have."""
    machine = zlib.decompressobj()
    found = machine.decompress(packed, _MOST)
    if not machine.eof or machine.unused_data:
        raise ValueError("the end is missing, or there is more behind it")
    return found


def _read(whole: bytes) -> Inputs:
    begin = len(_MAGIC) + _LENGTH
    if whole[: len(_MAGIC)] != _MAGIC:
        raise ValueError(f"it begins with {whole[: len(_MAGIC)]!r}, not with {_MAGIC!r}")
    body = begin + int.from_bytes(whole[len(_MAGIC) : begin], "little")
    head = json.loads(whole[begin:body])
    if body + sum(head["sizes"]) != len(whole):
        raise ValueError(f"there are {len(whole)} bytes, {body + sum(head['sizes'])} are told of")
    starts = [body, *(body + np.cumsum(head["sizes"])).tolist()]
    arrays: dict[str, Array] = {}
    for path, kind, shape, place in head["arrays"]:
        if kind not in _TYPES:
            raise ValueError(f"{path} is of type {kind}")
        content = whole[starts[place] : starts[place + 1]]
        arrays[path] = np.frombuffer(content, kind).reshape(shape).copy()
    trees = {
        name: kind(*(arrays.pop(f"{name}.{field}") for field in kind._fields))
        for name, kind in _TREES
    }
    if arrays:
        raise ValueError(f"there are strange arrays: {sorted(arrays)}")
    axes = Axes(**{kind: tuple(names) for kind, names in head["axes"].items()})
    return Inputs(
        head["close_ms"],
        InForce(axes, head["params"], head["fits"]),
        Slice(head["k"], **trees),
    )
