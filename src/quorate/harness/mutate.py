"""Messages spoilt by a seed: wrong types, unknown words, huge numbers, half a body, or nothing."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from quorate.exchange.matching.flow import noise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VALUES: Final[tuple[Any, ...]] = (
    None,
    "",
    0,
    -1,
    True,
    1.5,
    "NaN",
    "Infinity",
    "1e400",
    "-5",
    "0x10",
    "1,5",
    10**40,
    "9" * 400,
    [],
    {},
    [[]],
    {"code": 200},
    "EXPIRED_IN_MATCH",
    "SIDEWAYS",
    "null",
    "\u0000",
    "x" * 3_000,
    -(2**63),
)
_BODIES: Final = (
    "",
    " ",
    "{}",
    "[]",
    "null",
    "true",
    "0",
    '""',
    '"ok"',
    "[null]",
    "[[]]",
    "[{}]",
    '{"code":200}',
    '{"code":-1000,"msg":null}',
    '{"code":"x","msg":[]}',
    "<html>502</html>",
    "[" * 5_000,
    '{"a":' * 5_000,
    "9" * 5_000,
    "NaN",
    "\ufeff{}",
    '{"data":[],"success":true}',
)
_STATUSES: Final = (200, 200, 200, 200, 200, 200, 400, 401, 403, 404, 418, 429, 500, 503)


def mutated(text: str, seed: int) -> tuple[int, str]:
    """Return a status and what became of a body.

    Parameters
    ----------
    text : str
        JSON as a venue sends it.
    seed : int
        The same seed spoils a body the same way.

    Returns
    -------
    status, body : int, str
        Mostly 200; one to three changes.

    Examples
    --------
    >>> mutated('{"a": 1}', 5) == mutated('{"a": 1}', 5)
    True
    """
    bits = noise(seed, 60)
    status = _STATUSES[bits % len(_STATUSES)]
    kind = bits >> 8 & 15
    if kind == 0:
        return status, _BODIES[(bits >> 16) % len(_BODIES)]
    if kind == 1:
        return status, text[: (bits >> 16) % max(len(text), 1)]
    if kind == 2:
        at = (bits >> 16) % max(len(text), 1)
        return status, text[:at] + chr(32 + (bits >> 40) % 90) + text[at + 1 :]
    tree = json.loads(text)
    for turn in range(1 + (bits >> 16 & 1) + (bits >> 17 & 1)):
        tree = _changed(tree, noise(seed, 61, turn))
    return status, json.dumps(tree)


def _changed(tree: Any, bits: int) -> Any:  # noqa: ANN401  (JSON is anything)
    """Return a tree with one of its places taken out, doubled, or holding something else."""
    places = list(_places(tree, ()))
    if not places:
        return deepcopy(_VALUES[bits % len(_VALUES)])
    path = places[(bits >> 8) % len(places)]
    inner = tree
    for step in path[:-1]:
        inner = inner[step]
    last, how = path[-1], bits & 7
    if how == 0:
        del inner[last]
    elif how == 1 and isinstance(inner, list):
        inner.insert(last, deepcopy(inner[last]))
    elif how == 2:
        inner[last] = [inner[last]]
    elif how == 3:
        inner[last] = str(inner[last])
    else:
        # a copy: what is changed next may be inside it
        inner[last] = deepcopy(_VALUES[(bits >> 24) % len(_VALUES)])
    return tree


def _places(
    tree: Any,  # noqa: ANN401
    path: tuple[Any, ...],
) -> Iterator[tuple[Any, ...]]:
    if isinstance(tree, dict):
        rows: Iterable[tuple[Any, Any]] = tree.items()
    elif isinstance(tree, list):
        rows = enumerate(tree)
    else:
        return
    for name, value in rows:
        yield (*path, name)
        yield from _places(value, (*path, name))
