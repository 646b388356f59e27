"""Work side by side: independent pieces over processes or a cluster, with the bytes of one process.

In: who does the work. Out: an ``Each``, which does pieces and returns what they came to in their
order. Each piece is computed by itself, on one thread, whoever does it and however many there are,
and is done again where its worker was lost, so that only the order of results could differ, and
that is kept.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from quorate.errors import ConfigError, ResearchError
from quorate.research.pieces import RETRIES, answered, settled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quorate.research.pieces import Answer, Each

    Shared = TypeVar("Shared")
    Piece = TypeVar("Piece")
    Found = TypeVar("Found")

Backend = Literal["loky", "ray", "dask"]
BACKENDS: tuple[Backend, ...] = ("loky", "ray", "dask")
LOKY = BACKENDS[0]


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the work that can be done side by side.

    Parameters
    ----------
    n : int
        Processes on this machine; with one, none is started. A cluster has as many as it has.
    backend : str
        ``loky``, processes on this machine; ``ray`` or ``dask``, a cluster.
    address : str
        Where the cluster is reached: ``host:port``, with ``tls://`` in front for Dask.

    Raises
    ------
    ConfigError
        They do not go together.

    Notes
    -----
    Units: processes.  Causal: none.  Missing: none. Results are the same bytes whoever works.

    Examples
    --------
    >>> Workers(4)
    Workers(n=4, backend='loky', address='')
    >>> Workers(backend="ray", address="10.0.0.5:6379").backend
    'ray'
    """

    n: int = 1
    backend: Backend = "loky"
    address: str = ""

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise ConfigError(
                f"backend is {self.backend!r}", hint=f"use one of: {', '.join(BACKENDS)}"
            )
        if self.n < 1:
            raise ConfigError(f"workers is {self.n}", hint="give 1 or more processes")
        if self.backend == LOKY and self.address:
            raise ConfigError(
                f"processes of this machine have no address, and {self.address!r} was given",
                hint="name the cluster's backend as well, ray or dask, or leave the address out",
            )
        if self.backend != LOKY and not self.address:
            raise ConfigError(
                f"the backend {self.backend} needs the address of a cluster",
                hint="like 10.0.0.5:6379 for Ray, tls://10.0.0.5:8786 for Dask",
            )
        if self.backend != LOKY and self.n != 1:
            raise ConfigError(
                f"workers is {self.n}, and a cluster has as many as were started there",
                hint="leave the number of workers out, or the backend",
            )


@contextmanager
def together(workers: int | Workers = 1) -> Iterator[Each]:
    """Give what does pieces of work; a cluster stays connected within.

    Parameters
    ----------
    workers : int or Workers
        A number is of processes on this machine.

    Raises
    ------
    ConfigError
        A library is not installed; the cluster is not there, public, or open to anybody.

    Notes
    -----
    Units: none.  Causal: none.  Missing: a piece whose worker is lost is done again, three times
    at most.

    Examples
    --------
    >>> with together() as each:
    ...     each(pow, 2, [1, 2, 3])
    [2, 4, 8]
    """
    asked = workers if isinstance(workers, Workers) else Workers(workers)
    if asked.backend == "ray":
        from quorate.research import on_ray

        with on_ray.connected(asked.address) as each:
            yield each
    elif asked.backend == "dask":
        from quorate.research import on_dask

        with on_dask.connected(asked.address) as each:
            yield each
    elif asked.n == 1:
        yield alone
    else:
        yield _Processes(asked.n)


def alone(
    function: Callable[[Shared, Piece], Found], shared: Shared, pieces: Sequence[Piece]
) -> list[Found]:
    """Do every piece in this process, one after the other.

    Examples
    --------
    >>> alone(pow, 3, [1, 2])
    [3, 9]
    """
    return [function(shared, piece) for piece in pieces]


@dataclass(frozen=True, slots=True)
class _Processes:
    """Processes of this machine, started by joblib."""

    n: int

    def __call__(
        self, function: Callable[[Shared, Piece], Found], shared: Shared, pieces: Sequence[Piece]
    ) -> list[Found]:
        if len(pieces) < 2:
            return alone(function, shared, pieces)
        try:
            from joblib import Parallel, delayed
            from joblib.externals.loky.process_executor import TerminatedWorkerError
        except ImportError as error:
            raise ConfigError(
                "several processes need the package joblib, which is not installed",
                hint='install it: pip install "quorate[research]", or give one worker',
            ) from error
        answers: list[Answer] = []
        do: Any = delayed(answered)
        for _ in range(1 + RETRIES):
            left = pieces[len(answers) :]
            work = (do(function, shared, piece) for piece in left)
            at_once = min(self.n, len(left))
            try:
                # as they come, so that what is done stays done where a process is lost
                side_by_side = Parallel(
                    at_once,
                    backend=LOKY,
                    return_as="generator",
                    mmap_mode="c",  # large arrays are shared, each has its copy of what it writes
                    initializer=_forget_threads,
                )
                answers.extend(side_by_side(work))
            except TerminatedWorkerError:
                continue
            return settled(answers)
        raise ResearchError(
            f"processes were killed {1 + RETRIES} times before {len(pieces)} pieces were done",
            hint="see whether memory ran out, and give fewer workers",
        )


def _forget_threads() -> None:
    """Take back a setting of Numba that compiles nothing else, or all were compiled anew."""
    os.environ.pop("NUMBA_NUM_THREADS", None)
