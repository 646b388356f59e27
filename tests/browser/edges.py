"""Run folders at the edges: what a page must be able to say, each as small as it can be."""

from datetime import timedelta

from tests.unit.report.building import build

EDGES = {
    "usual": {"unclosed": 700_000_000, "is_synthetic": True},
    "no trades": {"n_trades": 0, "n_bars": 900},
    "one trade": {"n_trades": 1, "n_bars": 900},
    "all losses": {"n_trades": 60, "outcome": "lost"},
    "no losses": {"n_trades": 60, "outcome": "won"},
    "bankrupt": {"n_trades": 120, "outcome": "lost", "start_usd": 4_000},
    "one day": {"n_trades": 3, "n_bars": 24},
    "one bar": {"n_trades": 0, "n_bars": 0},
    "one coin": {"n_trades": 80, "coins": ("BTC",)},
}
"""Name -> the arguments of ``build``."""

THREE_YEARS = {
    "n_trades": 20_000,
    "n_bars": 3 * 365 * 288,
    "coins": tuple(f"COIN{i:03d}USDT" for i in range(400)),
    "step": timedelta(minutes=5),
    "start_usd": 5_000_000,
    "description": "400 coins, five minutes, three years",
}
"""400 coins over three years of five-minute bars."""


def edge(folder, name):
    """Build one of them and return its folder."""
    return build(folder, **(THREE_YEARS if name == "three years" else EDGES[name]))
