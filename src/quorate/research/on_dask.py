"""Pieces of work on a Dask cluster: one task each, done again where a worker is lost.

In: the address of a running scheduler. Out: an ``Each``. Joblib's own way to Dask lays what pieces
share on one worker, and it is gone with it; here it is the result of a task, which the scheduler
makes again. A scheduler runs what anybody sends who reaches it, so beyond this machine it has to
speak TLS, which asks both sides for a certificate, and to stand on private addresses.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from quorate.errors import ConfigError, ResearchError
from quorate.research.addresses import check_listens, check_private, parsed
from quorate.research.pieces import Answer, answered, code, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quorate.research.pieces import Each

    Shared = TypeVar("Shared")
    Piece = TypeVar("Piece")
    Found = TypeVar("Found")

_PATIENCE_S = 20.0
_EXAMPLE = "tls://10.0.0.5:8786"


@contextmanager
def connected(address: str) -> Iterator[Each]:
    """Give what does pieces on a Dask cluster, connected within.

    Parameters
    ----------
    address : str
        Of the scheduler: ``tls://host:port``; ``tcp://`` is taken on this machine's loopback.

    Raises
    ------
    ConfigError
        Dask is not installed, an address is public or without TLS, or nothing answers there.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a piece whose worker is lost is done again, as often as
    the scheduler's ``allowed-failures`` says.
    """
    _check(address)
    distributed = _library()
    check_listens(parsed(address, _EXAMPLE))
    try:
        client = distributed.Client(
            address, timeout=_PATIENCE_S, set_as_default=False, name="quorate"
        )
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise ConfigError(
            f"no Dask scheduler takes this process at {address}: {error}",
            hint="check that it runs, and the certificates that DASK_DISTRIBUTED__COMM__TLS__... "
            "name",
        ) from error
    try:
        for worker in client.scheduler_info(n_workers=-1)["workers"]:
            _check(worker)
        yield _Tasks(distributed, client)
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class _Tasks:
    """A connected cluster."""

    distributed: Any
    client: Any

    def __call__(
        self, function: Callable[[Shared, Piece], Found], shared: Shared, pieces: Sequence[Piece]
    ) -> list[Found]:
        import dask

        # what is shared goes through the scheduler, once, so that it can be made again
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "10GB"}):
            held = self.client.submit(_itself, _Sealed(shared), pure=False)
        sent = [
            self.client.submit(_on_one_thread, function, held, _Sealed(piece), pure=False)
            for piece in pieces
        ]
        try:
            return settled(self.client.gather(sent))
        except self.distributed.KilledWorker as error:
            raise ResearchError(
                f"a piece of {len(pieces)} was lost with its worker again and again: {error}",
                hint="see whether memory ran out, and start fewer workers on a machine",
            ) from error


class _Sealed:
    """What is sent as it is: Dask looks into tuples and lists for tasks of its own."""

    __slots__ = ("inside",)

    def __init__(self, inside: object) -> None:
        self.inside: Any = inside


def _itself(shared: _Sealed) -> _Sealed:
    return shared


def _on_one_thread(
    function: Callable[[Any, Any], object], shared: _Sealed, piece: _Sealed
) -> Answer:
    """Do a piece, in a worker that does one at a time."""
    from distributed import get_worker

    n_threads = get_worker().state.nthreads
    if n_threads != 1:
        # the number of threads of linear algebra is a process's: neighbours would change it
        error = ConfigError(
            f"a Dask worker has {n_threads} threads, which share what a fit needs for itself",
            hint="start workers with --nthreads 1, more of them with --nworkers",
        )
        return Answer(code(), None, error)
    return answered(function, shared.inside, piece.inside)


def _check(address: str) -> None:
    """Refuse an address that is public, or without TLS beyond this machine."""
    found = parsed(address, _EXAMPLE)
    is_here = check_private(found.host)
    if found.scheme != "tls" and not (is_here and found.scheme in ("", "tcp")):
        raise ConfigError(
            f"{address} is reached without TLS: whoever reaches it has it run anything",
            hint=f"start scheduler and workers with certificates, and give {_EXAMPLE}",
        )


def _library() -> Any:  # noqa: ANN401  (typed in part)
    try:
        import distributed
    except ImportError as error:
        raise ConfigError(
            "the backend dask needs the package distributed, which is not installed",
            hint='install it: pip install "quorate[dask]"',
        ) from error
    return distributed
