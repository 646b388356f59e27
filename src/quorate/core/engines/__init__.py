"""Engines: rows of features in, votes out; one file an engine, and no memory in any of them.

1. ``base``       what an engine is (``Engine``), what it is given (``Rows``), how a user makes one.
2. ``rule``       what the built-in engines share: the dead zone, the strength, the compiled loop.
3. the engines    eight families, listed in order in ``catalogue``.
4. ``poll``       asks every engine, checks what it says; one that fails abstains (ENGINE_FAILED).
5. ``checks``     the conformance checks every engine passes, a user's own included.

An engine sees one row of one coin at a time, so it cannot look ahead: shuffling the rows it is
given shuffles its votes and changes nothing else. Every engine votes in every regime; the
consensus gives weight only to those approved in the regime of the coin (Spec 2, METHODS 0b.3).
"""
