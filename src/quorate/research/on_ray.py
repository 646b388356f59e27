"""Pieces of work on a Ray cluster: one task each, done again where a worker or a node is lost.

In: the address of a running cluster. Out: an ``Each``. Joblib's own way to Ray gives pieces to
actors, and a piece dies with its actor; a task is started again elsewhere. Whoever reaches a
cluster may have it run anything: it has to stand on private addresses and to ask for a token.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from quorate.errors import ConfigError, ResearchError
from quorate.research.addresses import check_listens, check_private, parsed
from quorate.research.pieces import RETRIES, answered, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quorate.research.pieces import Each

    Shared = TypeVar("Shared")
    Piece = TypeVar("Piece")
    Found = TypeVar("Found")

_REFUSED, _LET_IN = 3, 4
_TRY_WITHOUT = f"""
import sys
import traceback
import ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="CRITICAL")
except (OSError, ray.exceptions.RayError):
    # Ray tells of what its connection failed by in words alone
    raise SystemExit({_REFUSED} if "AuthenticationError" in traceback.format_exc() else 1)
raise SystemExit({_LET_IN})
"""
_PATIENCE_S = 60.0


@contextmanager
def connected(address: str) -> Iterator[Each]:
    """Give what does pieces on a Ray cluster, connected within.

    Parameters
    ----------
    address : str
        ``host:port`` of its head; this machine has to be one of its nodes.

    Raises
    ------
    ConfigError
        Ray is not installed, a node has a public address, the cluster asks for no token or is not
        reached.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a piece whose worker or node is lost is done again, three
    times at most.
    """
    head = parsed(address, "10.0.0.5:6379")
    check_private(head.host)
    if os.environ.get("RAY_AUTH_MODE", "").lower() != "token":
        raise ConfigError(
            "no token is shown to the Ray cluster, so one that is open to anybody would do",
            hint="start every node, and this command, with RAY_AUTH_MODE=token and the same "
            "RAY_AUTH_TOKEN_PATH; `ray get-auth-token --generate` makes a token",
        )
    ray = _library()
    if ray.is_initialized():
        raise ConfigError(
            "this process is connected to a Ray cluster already", hint="call ray.shutdown() first"
        )
    check_listens(head)
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        raise ConfigError(
            f"the Ray cluster at {address} does not take this process: {_first_line(error)}",
            hint="check that it runs, that this machine is one of its nodes, and the token",
        ) from error
    try:
        for node in ray.nodes():
            if node["Alive"]:
                check_private(node["NodeManagerAddress"])
        _check_closed(address)
        yield _Tasks(ray)
    finally:
        ray.shutdown()


@dataclass(frozen=True, slots=True)
class _Tasks:
    """A connected cluster."""

    ray: Any

    def __call__(
        self, function: Callable[[Shared, Piece], Found], shared: Shared, pieces: Sequence[Piece]
    ) -> list[Found]:
        task = self.ray.remote(num_cpus=1, max_retries=RETRIES)(answered)
        held = self.ray.put(shared)
        sent = [task.remote(function, held, piece) for piece in pieces]
        try:
            return settled(self.ray.get(sent))
        except self.ray.exceptions.RayTaskError:
            raise  # an error in the code of a piece, which has its own name
        except self.ray.exceptions.RayError as error:
            raise ResearchError(
                f"a piece of {len(pieces)} was lost {1 + RETRIES} times: {_first_line(error)}",
                hint="see whether memory ran out on a node, and give each fewer CPUs",
            ) from error


def _check_closed(address: str) -> None:
    """Refuse a cluster that lets a process in that shows no token."""
    # a process of its own: Ray reads once whether to show one
    without = {name: value for name, value in os.environ.items() if "RAY_AUTH" not in name}
    try:
        ended = subprocess.run(  # noqa: S603  (this interpreter)
            [sys.executable, "-c", _TRY_WITHOUT, address],
            # one try: without, Ray goes on for twenty seconds
            env=without | {"RAY_AUTH_MODE": "disabled", "RAY_NUM_REDIS_GET_RETRIES": "1"},
            capture_output=True,
            check=False,
            timeout=_PATIENCE_S,
        ).returncode
    except subprocess.TimeoutExpired:
        ended = None
    if ended == _REFUSED:
        return
    said = (
        "lets in anybody who reaches it"
        if ended == _LET_IN
        else "could not be asked whether it wants a token"
    )
    raise ConfigError(
        f"the Ray cluster at {address} {said}",
        hint="start its nodes with RAY_AUTH_MODE=token and the same RAY_AUTH_TOKEN_PATH",
    )


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _library() -> Any:  # noqa: ANN401  (typed in part)
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            "the backend ray needs the package ray, which is not installed",
            hint='install it: pip install "quorate[ray]"',
        ) from error
    return ray
