"""Who does work that can be done side by side: options that some commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

if TYPE_CHECKING:
    from quorate.api import Workers

Processes = Annotated[int, Parameter(help="Processes.", validator=Number(gte=1))]


@dataclass(frozen=True, kw_only=True)
class Crew:
    """Processes of this machine, or a cluster; results are the same bytes."""

    workers: Annotated[
        int, Parameter(help="Processes on this machine that fit.", validator=Number(gte=1))
    ] = 1
    backend: Annotated[
        Literal["loky", "ray", "dask"],
        Parameter(help="Who fits: processes of this machine (loky), or a running cluster."),
    ] = "loky"
    address: Annotated[
        str,
        Parameter(help="Of the cluster: 10.0.0.5:6379 (ray), tls://10.0.0.5:8786 (dask)."),
    ] = ""

    def asked(self) -> Workers:
        """Return them as ``quorate.api`` takes them."""
        from quorate.api import Workers

        return Workers(self.workers, self.backend, self.address)
