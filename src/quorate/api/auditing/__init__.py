"""The lookahead audit of a panel, its engines, labels, fits and pipelines (``quorate audit``)."""

from quorate.api.auditing.finding import Audit, Finding, Part, Test, digest_of
from quorate.api.auditing.whole import audit, engine_of

__all__ = ["Audit", "Finding", "Part", "Test", "audit", "digest_of", "engine_of"]
