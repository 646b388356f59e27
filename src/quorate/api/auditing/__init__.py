"""The lookahead audit of a panel, its engines, labels, fits and pipelines (``quorate audit``)."""

from quorate.api.auditing.finding import Audit, Finding, Part, Test
from quorate.api.auditing.whole import audit, engine_of

__all__ = ["Audit", "Finding", "Part", "Test", "audit", "engine_of"]
