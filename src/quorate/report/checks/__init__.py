"""What makes a run suspicious, a rule each: its data, its result, its trading.

In: ``Evidence``. Out: a ``Finding`` with its figure, its bound and what to do, that it
was not asked and why, or nothing.
"""
