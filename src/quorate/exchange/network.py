"""What happens between a client and a venue: delays, losses, copies, replies of somebody else.

In: each request and its moment. Out: how it is delivered. Faults are data: each has a kind, where
and when it may strike, and how often; whether it does depends on the seed and on how many requests
that endpoint has had, so that a schedule can be written down, shrunk and played again.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from quorate.exchange.matching.flow import noise, onward, share, uniform

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quorate.exchange.access import Request

Kind = Literal[
    "delay",
    "lose_request",
    "lose_reply",
    "reset_request",
    "reset_reply",
    "cut",
    "unresolved",
    "copy",
    "status",
    "garbage",
    "empty",
    "skew",
]
KINDS: Final[tuple[Kind, ...]] = (
    "delay",
    "lose_request",
    "lose_reply",
    "reset_request",
    "reset_reply",
    "cut",
    "unresolved",
    "copy",
    "status",
    "garbage",
    "empty",
    "skew",
)
_BODIES: Final = (
    "{}",
    "[]",
    "null",
    '{"code":200}',
    "<html><body>502 Bad Gateway</body></html>",
    '{"orderId":null}',
    '{"code":-1000,"msg":',
    '{"code":-1007,"msg":"Timeout waiting for response from backend server."}',
)
_STATUSES: Final = (
    (503, '{"code":-1000,"msg":"Unknown error, please check your request or try again later."}'),
    (503, '{"code":-1008,"msg":"Server is currently overloaded with other requests."}'),
    (502, "<html><body>502 Bad Gateway</body></html>"),
    (504, "<html><body>504 Gateway Time-out</body></html>"),
    (500, '{"code":-1001,"msg":"Internal error; unable to process your request."}'),
)
_OVERLOADED: Final = 1
"""The one of them by which a venue says that it has not executed the request."""


class Fault(NamedTuple):
    """Something that may happen to requests.

    Notes
    -----
    ``endpoint`` is ``"POST /fapi/v1/order"``, a part of it, or ``""`` for any. ``chance`` is of
    each request from ``first_ms`` until ``last_ms``. ``size`` is in milliseconds for ``delay``,
    ``copy`` and ``skew``, and chooses among bodies otherwise. A request that is lost and copied
    has only been held up: the copy arrives.
    """

    kind: Kind
    endpoint: str = ""
    chance: float = 1.0
    first_ms: int = 0
    last_ms: int = 1 << 62
    size: int = 0


class Delivery(NamedTuple):
    """How a request is carried; one that is turned away never reaches the engine."""

    there_ms: float
    back_ms: float
    is_lost: bool = False
    is_reply_lost: bool = False
    is_hanging: bool = False
    is_cut: bool = False
    is_unresolved: bool = False
    copies_ms: tuple[float, ...] = ()
    instead: tuple[int, str] | None = None
    is_turned_away: bool = False
    skew_ms: int = 0


class Network:
    """Delays of a seed and the faults of a schedule.

    Parameters
    ----------
    seed : int
        Of all chance.
    faults : sequence of Fault
        What may happen.
    delay_ms : float
        Mean time of one way; each is between half of it and half more.

    Notes
    -----
    Units: milliseconds.  Causal: by the number of requests before.  ``met`` counts what happened.
    Missing: none.

    Examples
    --------
    >>> from quorate.exchange.access import Request
    >>> network = Network(faults=[Fault("lose_reply", "POST")])
    >>> network.meet(Request("POST", "/fapi/v1/order"), 0).is_reply_lost, network.met["lose_reply"]
    (True, 1)
    >>> network.meet(Request("GET", "/fapi/v1/time"), 0).is_reply_lost
    False
    """

    def __init__(
        self, seed: int = 0, faults: Sequence[Fault] = (), *, delay_ms: float = 1.0
    ) -> None:
        self.seed = seed
        self.faults = tuple(faults)
        self.met: Counter[str] = Counter()
        self._delay_ms = delay_ms
        self._n_asked: Counter[str] = Counter()

    def meet(self, request: Request, at_ms: int) -> Delivery:
        """Return how a request is carried and count it."""
        name = f"{request.method} {request.path}"
        self._n_asked[name] += 1
        nth = self._n_asked[name]
        here = noise(self.seed, _number(name), nth)
        there, back = (self._delay_ms * (share(onward(here, way)) + 0.5) for way in (1, 2))
        carried = Delivery(there, back)
        for number, fault in enumerate(self.faults):
            is_due = fault.endpoint in name and fault.first_ms <= at_ms < fault.last_ms
            if is_due and uniform(self.seed, number, _number(name), nth) < fault.chance:
                self.met[fault.kind] += 1
                carried = _changed(carried, fault)
        return carried


def _changed(carried: Delivery, fault: Fault) -> Delivery:
    """Return a delivery with a fault on it."""
    size = fault.size
    changes: dict[str, dict[str, object]] = {
        "delay": {"there_ms": carried.there_ms + size},
        "lose_request": {"is_lost": True, "is_hanging": True},
        "lose_reply": {"is_reply_lost": True, "is_hanging": True},
        "reset_request": {"is_lost": True},
        "reset_reply": {"is_reply_lost": True},
        "cut": {"is_cut": True},
        "unresolved": {"is_unresolved": True},
        "copy": {"copies_ms": (*carried.copies_ms, float(size))},
        "status": {
            "instead": _STATUSES[size % len(_STATUSES)],
            "is_turned_away": size % len(_STATUSES) == _OVERLOADED,
        },
        "garbage": {"instead": (200, _BODIES[size % len(_BODIES)])},
        "empty": {"instead": (200, "")},
        "skew": {"skew_ms": size},
    }
    return carried._replace(**changes[fault.kind])  # type: ignore[arg-type]


def _number(name: str) -> int:
    """Return a number for a name, the same in every process."""
    return int.from_bytes(name.encode()[-8:], "big") ^ len(name)


def written(faults: Iterable[Fault]) -> str:
    """Return a schedule as JSON, to be kept and read again.

    Examples
    --------
    >>> read(written([Fault("delay", size=50)])) == (Fault("delay", size=50),)
    True
    """
    return json.dumps([each._asdict() for each in faults], sort_keys=True)


def read(text: str) -> tuple[Fault, ...]:
    """Return the schedule of a JSON text."""
    return tuple(Fault(**each) for each in json.loads(text))
