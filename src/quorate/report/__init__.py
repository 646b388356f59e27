"""The page a run leaves: what was run, what it made, what it cost and why it waited (Spec 12).

In: the folder of a finished run. Out: ``report.html`` in it, one page that needs nothing else.
"""

from quorate.report.page import render

__all__ = ["render"]
