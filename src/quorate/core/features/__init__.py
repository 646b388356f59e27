"""Features: what the engines and the regime see of the market (``table.FEATURES``)."""

from quorate.core.features.build import Params, State, build, init, params, step

__all__ = ["Params", "State", "build", "init", "params", "step"]
