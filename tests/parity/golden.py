"""What the fixed runs of ``benchmarks.digest`` come to, and how near another machine must get.

To renew after a change of what is decided (it wants an entry in the changelog)::

    python -m benchmarks.digest --perp DATA/ohlcv/binance_usdm/5m_2023jul \
        DATA/funding/binance_usdm_2023jul

and copy digests and figures here; ``arithmetic`` goes to ``ARITHMETIC``.

Bytes hold where exponentials, logarithms and the like have the same last bit, which is what
``ARITHMETIC`` says of a machine. Elsewhere not even whole numbers can be held: engines vote where
a price equals the top of its channel, so that one last bit turns one vote in ten thousand, and
from there on an account that trades goes its own way. Measured with such noise in every feature
and price: votes move by up to 0.0002 of all, weights of consensus by 0.001, lots and fills by
0.003. What an account that waits leaves does not move at all, its votes apart. So any machine is
held to the figures within ``near``, three times what noise did, and a known one to every byte.
"""

from __future__ import annotations

from typing import NamedTuple

ARITHMETIC = "968528027ac8"


class Golden(NamedTuple):
    """A run's digest where the arithmetic is known, its figures, and their tolerance."""

    digest: str
    near: float
    figures: dict[str, float]

    def far(self, found: dict[str, float]) -> dict[str, tuple[float, float]]:
        """Return the figures that are not near: what was found, and what should have been."""
        assert found.keys() == self.figures.keys()
        return {
            name: (found[name], wanted)
            for name, wanted in self.figures.items()
            if abs(found[name] - wanted) > self.near * abs(wanted)
        }


GOLDEN = {
    "10 coins, lively": Golden(
        "861e56878274e1bdfc1cd05f",
        0.01,
        {
            "features": 197262000.0,
            "readings.sigma_daily": 2287.35,
            "readings.hazards": 3083.0,
            "votes.side": 316188.0,
            "votes.strength": 1160610.0,
            "consensus.prob": 1128240.0,
            "consensus.weights": 34560.0,
            "consensus.score": 579.471,
            "consensus.threshold": 569.708,
            "consensus.edge_bps": 457948.0,
            "decisions.number": 5735470000.0,
            "decisions.code": 9844360.0,
            "decisions.lots": 56248600.0,
            "decisions.equity": 8.45351e16,
            "tally.costs": 2216500000000000.0,
            "fills": 3088.0,
        },
    ),
    "50 coins, default": Golden(
        "1ed72a77862e51a3fb5d4af8",
        0.001,
        {
            "features": 142504000.0,
            "readings.sigma_daily": 1849.72,
            "readings.hazards": 216.0,
            "votes.side": 144865.0,
            "votes.strength": 1140020.0,
            "consensus.prob": 1123200.0,
            "consensus.weights": 6912.0,
            "consensus.score": 0.0,
            "consensus.threshold": 0.0,
            "consensus.edge_bps": 0.0,
            "decisions.number": 1808410000.0,
            "decisions.code": 6158040.0,
            "decisions.lots": 0.0,
            "decisions.equity": 1.728e16,
            "tally.costs": 0.0,
            "fills": 0.0,
        },
    ),
    "perpetuals, lively": Golden(
        "629507a93cbce2188ce33d65",
        0.01,
        {
            "features": 569310000000.0,
            "readings.sigma_daily": 5033.31,
            "readings.hazards": 30109.0,
            "votes.side": 703644.0,
            "votes.strength": 3078700.0,
            "consensus.prob": 3007150.0,
            "consensus.weights": 51248.0,
            "consensus.score": 1318.79,
            "consensus.threshold": 1904.53,
            "consensus.edge_bps": 823895.0,
            "decisions.number": 14889900000.0,
            "decisions.code": 27107800.0,
            "decisions.lots": 94402900.0,
            "decisions.equity": 1.2203e17,
            "tally.costs": 7755990000000000.0,
            "fills": 5146.0,
        },
    ),
}
