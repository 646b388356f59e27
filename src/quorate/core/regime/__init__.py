"""Regime: which market a coin is in, and which engines may vote there (Spec 2)."""

from quorate.core.regime.classify import Params, Rows, State, init, params, scan, step
from quorate.core.regime.gates import approval, may_enter, may_vote

__all__ = [
    "Params",
    "Rows",
    "State",
    "approval",
    "init",
    "may_enter",
    "may_vote",
    "params",
    "scan",
    "step",
]
